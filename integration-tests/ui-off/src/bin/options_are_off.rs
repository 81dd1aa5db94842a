//! Says `options = …` while the feature `cli` is off.

use ice::prelude::*;

struct HttpOptions;

#[service(flavour = "tokio", options = HttpOptions, crate = ice)]
async fn http(_options: &HttpOptions) {}

fn main() {}
