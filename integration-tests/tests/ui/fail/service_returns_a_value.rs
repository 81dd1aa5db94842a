use spumoni::prelude::*;

struct Sum;

#[service(flavour = "thread")]
impl Sum {
    fn run(&self) -> u32 {
        42
    }
}

fn main() {}
