use spumoni::prelude::*;

struct Once;

#[service(flavour = "thread", restart = "always", workers = 2, init = Self::open)]
impl Once {
    fn open(&self) {}
    fn run(self) {}
}

#[service(flavour = "smol", oneshot, every = "1s", notify, backoff = "1s")]
async fn tidy() {}

#[service(flavour = "tokio", workers = 0, grace = "five", after = ["api"])]
async fn api() {}

fn main() {}
