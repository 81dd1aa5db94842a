use spumoni::prelude::*;
use std::rc::Rc;
use std::time::Duration;

#[test]
fn smoke() {
    let runner = ServiceRunner::builder().signals(false).build().unwrap();
    let v = runner
        .execute(Tokio, async || {
            let r = Rc::new(1);
            tokio::time::sleep(Duration::from_millis(5)).await;
            *r + 1
        })
        .unwrap();
    assert_eq!(v, 2);
    let v = runner
        .execute(Smol, async || {
            smol::Timer::after(Duration::from_millis(5)).await;
            3
        })
        .unwrap();
    assert_eq!(v, 3);
    let v = runner
        .execute(AsyncStd, async || {
            async_std::task::sleep(Duration::from_millis(5)).await;
            4
        })
        .unwrap();
    assert_eq!(v, 4);
    let v = runner.execute(Thread, || 5).unwrap();
    assert_eq!(v, 5);
    let h = runner.spawn(Thread, || 6).unwrap();
    assert_eq!(h.join().unwrap(), 6);
    let h = runner.handle();
    let h2 = h.clone();
    let e = runner
        .execute(Tokio, async move || h2.execute(Tokio, async || 1).unwrap_err().to_string())
        .unwrap();
    println!("{e}");
    println!("{}", runner.tree());
    runner.adopt(Smol, async || anyhow::bail!("oh no")).unwrap();
    let report = runner.run();
    println!("{report}");
    println!("{report:?}");
    assert_eq!(report.exit_code(), 1);
}
