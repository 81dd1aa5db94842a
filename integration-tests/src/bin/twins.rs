//! Registers two services of one name: what the report says of that.

use spumoni::{Context, ServiceRunner, StopReport, service};

#[service(flavour = "thread", name = "twin")]
fn first(cx: &Context) {
    cx.stopped_blocking();
}

#[service(flavour = "tokio", name = "twin")]
async fn second(cx: Context) {
    cx.stopped().await;
}

fn main() -> StopReport {
    ServiceRunner::discover().run()
}
