//! What may be handed over: closures, items, borrowed nothing; and what they may give.

use std::rc::Rc;

use spumoni::prelude::*;

async fn item() {}
fn blocking() -> Result<(), std::io::Error> {
    Ok(())
}

fn main() {
    let runner = ServiceRunner::new();
    let text = String::from("moved");
    runner.adopt(Tokio, item).unwrap();
    runner.adopt(Thread, blocking).unwrap();
    runner.adopt(Smol, async move || drop(text)).unwrap();
    runner.adopt(Smol, || async { Ok::<(), anyhow::Error>(()) }).unwrap();
    // `Send` is asked of the closure alone: not of the future.
    let kept = runner.spawn(Tokio, async || {
        let rc = Rc::new(1);
        item().await;
        *rc
    });
    drop(kept);
}
