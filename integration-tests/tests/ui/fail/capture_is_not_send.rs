use spumoni::prelude::*;
use std::rc::Rc;

fn main() {
    let runner = ServiceRunner::new();
    let shared = Rc::new(1);
    let _ = runner.adopt(Smol, async move || println!("{shared}"));
}
