use spumoni::prelude::*;

struct Writer;

#[service(flavour = "thread")]
impl Writer {
    async fn run(&self) {}
}

#[service(flavour = "smol")]
fn reader() {}

fn main() {}
