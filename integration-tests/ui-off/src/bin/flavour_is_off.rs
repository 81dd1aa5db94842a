//! A flavour whose feature is off: does not compile, and says which feature to turn on.

use ice::{Context, service};

#[service(flavour = "smol", crate = ice)]
async fn idle(cx: Context) {
    cx.stopped().await;
}

fn main() {}
