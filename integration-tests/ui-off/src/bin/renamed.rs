//! The façade under another name, with the one flavour that is on: compiles, and runs.

use ice::{Context, ServiceRunner, Tokio, service};

struct Greeter(&'static str);

#[service(flavour = "tokio", crate = ice)]
impl Greeter {
    async fn run(&self, cx: &Context) {
        println!("{}, I am {}", self.0, cx.name());
    }
}

#[service(flavour = "tokio", crate = ice)]
async fn idle(cx: Context) {
    cx.stopped().await;
}

fn main() {
    let runner = ServiceRunner::discover();
    assert_eq!(runner.execute(Tokio, async || 6 * 7).unwrap(), 42);
    runner.add(Greeter("good day")).unwrap();
    assert!(runner.run().is_clean());
}
