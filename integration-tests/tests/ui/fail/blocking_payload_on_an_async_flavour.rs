use spumoni::prelude::*;

fn main() {
    let runner = ServiceRunner::new();
    let _ = runner.adopt(Tokio, || println!("blocks"));
}
