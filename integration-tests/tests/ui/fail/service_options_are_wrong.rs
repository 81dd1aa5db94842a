use spumoni::prelude::*;

#[derive(clap::Args)]
struct Options {}

struct NoArgs;

#[service(flavour = "tokio", options = Options)]
async fn by_value(options: Options) {}

#[service(flavour = "tokio", options = "Options")]
async fn no_type(options: &Options) {}

#[service(flavour = "tokio")]
async fn undeclared(cx: Context, options: &Options) {}

fn main() {}
