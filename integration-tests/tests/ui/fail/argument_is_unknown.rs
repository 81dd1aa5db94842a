use spumoni::prelude::*;

#[service(flavr = "smol", nmae = "tidy")]
async fn tidy() {}

fn main() {}
