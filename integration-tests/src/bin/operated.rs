//! A daemon with options of its services, run as systemd runs one; prints what happens, one line each, and
//! waits for lines on its standard input where the tests are to decide when it goes on.

use std::io::{Write as _, stdin};
use std::net::SocketAddr;
use std::process::ExitCode;

use spumoni::cli::Cli;
use spumoni::prelude::*;
use spumoni::systemd::{self, Sockets};
use spumoni::{Launch, Spec};

#[derive(clap::Args)]
struct StoreOptions {
    /// Where it is
    #[arg(long)]
    path: String,
}

struct Store(StoreOptions);

impl Service for Store {
    const SPEC: Spec = Spec::new("store", file!(), line!());
    fn launch(self) -> Launch {
        Launch::new(Thread, move || self.serve(&Context::current()))
    }
}

impl Store {
    fn serve(&self, cx: &Context) {
        println!("store at {}", self.0.path);
        cx.stopped_blocking();
    }
}

#[derive(clap::Args)]
struct HttpOptions {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

/// Is ready when it is told so, and holds its lane while it is told to.
struct Http(HttpOptions);

impl Service for Http {
    const SPEC: Spec = Spec::new("http", file!(), line!()).after(&["store"]).notify();
    fn launch(self) -> Launch {
        Launch::new(Tokio, async move || self.serve(&Context::current()).await)
    }
}

impl Http {
    async fn serve(&self, cx: &Context) {
        println!("http on {}", self.0.listen);
        loop {
            let line = Handle::current().spawn(Thread, told).expect("taken");
            let line = tokio::select! {
                _ = cx.stopped() => return,
                line = line => line,
            };
            // A stop may end who listens before it is heard here.
            let Ok(line) = line else { return };
            match line.as_str() {
                "ready" => cx.ready(),
                "hang" => {
                    println!("hangs");
                    assert_eq!(told(), "go on");
                    println!("goes on");
                }
                _ => return,
            }
        }
    }
}

/// The next line of the test; nothing when it tells nothing any more.
fn told() -> String {
    let mut line = String::new();
    let _ = stdin().read_line(&mut line);
    line.trim().to_owned()
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("activated") {
        return activated();
    }
    Cli::new("operated")
        .version("1.2.3")
        .about("Is operated by tests")
        .service(Store)
        .service(Http)
        .setup(|runner: &ServiceRunner, _| runner.on_reload(|| println!("loaded anew")))
        .run_with(systemd::run)
}

/// Takes its sockets and says hello to the first who comes.
fn activated() -> ExitCode {
    let mut sockets = Sockets::take().expect("sockets");
    println!("names: {}", sockets.names().collect::<Vec<_>>().join(", "));
    println!("udp: {}", sockets.udp_socket("http").expect_err("it is a listener"));
    let listener = sockets.tcp_listener("http").expect("a listener").expect("it is there");
    println!("again: {}", sockets.tcp_listener("http").expect("taken").is_some());
    println!("second: {}", Sockets::take().expect("none").names().count());
    let (mut guest, _) = listener.accept().expect("a guest");
    guest.write_all(b"hello").expect("heard");
    ExitCode::SUCCESS
}
