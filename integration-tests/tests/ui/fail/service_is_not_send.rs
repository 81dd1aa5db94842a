use spumoni::prelude::*;

struct Cache {
    entries: std::rc::Rc<str>,
}

#[service(flavour = "smol")]
impl Cache {
    async fn run(&self) {
        println!("{}", self.entries);
    }
}

fn main() {}
