use spumoni::prelude::*;

#[service(flavour = "thread", restart = "on-failur", strategy = "two", on_exit = "go")]
fn tidy() {}

fn main() {}
