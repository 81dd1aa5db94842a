use spumoni::prelude::*;

struct HttpOptions;

#[service(flavour = "tokio", options = HttpOptions)]
async fn http(options: &HttpOptions) {}

fn main() {}
