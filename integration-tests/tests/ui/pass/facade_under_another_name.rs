//! The façade may be reached by any path: `crate = …` says by which.

mod vendored {
    pub mod ice {
        pub use spumoni::*;
    }
}

use vendored::ice::{Context, ServiceRunner, service};

struct Counter(u32);

#[service(flavour = "thread", crate = crate::vendored::ice)]
impl Counter {
    fn run(&self, cx: &Context) {
        assert_eq!((self.0, cx.name()), (7, "counter"));
    }
}

#[service(flavour = "tokio", crate = vendored::ice)]
async fn idle(cx: Context) {
    cx.stopped().await;
}

fn main() {
    let runner = ServiceRunner::discover();
    runner.add(Counter(7)).unwrap();
    assert!(runner.run().is_clean());
}
