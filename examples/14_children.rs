//! A device as a tree: a task whose children belong to it, whatever their flavours.
//!
//! It prints
//! ```text
//! device/collector has 3 lines
//! device/flush keeps its parent from being finished
//! finished, with 3 lines
//! the heart has stopped
//! ```
//! Exit code: 0

use std::cell::RefCell;
use std::rc::Rc;

use spumoni::Refused;
use spumoni::prelude::*;
use tokio::sync::mpsc::unbounded_channel;

async fn device() -> anyhow::Result<usize> {
    let cx = Context::current();
    let (send, mut lines) = unbounded_channel();
    // A child on a thread, since it blocks. Should it fail, the device has failed.
    cx.task("reader").adopt(Thread, move || {
        ["on", "37 °C", "off"].into_iter().try_for_each(|line| send.send(line))
    })?;
    // One on this very lane: it shares an `Rc`, and needs no lock.
    let log = Rc::new(RefCell::new(Vec::new()));
    let sink = Rc::clone(&log);
    let collector = cx.task("collector").spawn_local(async move {
        while let Some(line) = lines.recv().await {
            sink.borrow_mut().push(line);
        }
        Context::current().label().path()
    });
    let path = collector.map_err(Refused::into_reason)?.await?;
    println!("{path} has {} lines", log.borrow().len());
    // One that keeps nobody waiting: it is asked when nothing else is left.
    cx.task("heart").transient().adopt(Tokio, async || {
        Context::current().stopped().await;
        println!("the heart has stopped");
    })?;
    // And one that goes on when this function has returned.
    cx.task("flush").adopt(Smol, async || {
        println!("{} keeps its parent from being finished", Context::current().label().path());
    })?;
    Ok(log.take().len())
}

fn main() -> anyhow::Result<StopReport> {
    let runner = ServiceRunner::new();
    let mut device = runner.task("device").spawn(Tokio, device)?;
    device.finished_blocking()?;
    println!("finished, with {} lines", device.join()??);
    Ok(runner.run())
}
