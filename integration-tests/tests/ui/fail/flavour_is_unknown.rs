use spumoni::prelude::*;

#[service(flavour = "tokyo")]
async fn api() {}

fn main() {}
