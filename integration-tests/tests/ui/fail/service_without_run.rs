use spumoni::prelude::*;

struct Api;

#[service(flavour = "tokio")]
impl Api {
    async fn rum(&self) {}
}

fn main() {
    let _ = ServiceRunner::new().add(Api);
}
