//! A server's tree: a group for the server, a task for each connection, a scope for each request.
//!
//! It prints
//! ```text
//! connection-1
//! coffee: 6 letters
//! the listener has closed
//! ```
//! Exit code: 0

use std::io::{BufRead as _, BufReader};

use spumoni::prelude::*;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

async fn listen(server: Group, listener: TcpListener) -> anyhow::Result<()> {
    let cx = Context::current();
    for number in 1.. {
        let Ok(accepted) = cx.run_until_stopped(listener.accept()).await else { break };
        let (stream, _) = accepted?;
        let connection = server.task(format!("connection-{number}"));
        connection.adopt(Tokio, async || serve(stream).await).await?;
    }
    server.join_all().await?; // The stop has come down to them too.
    println!("the listener has closed");
    Ok(())
}

async fn serve(stream: TcpStream) -> anyhow::Result<()> {
    let cx = Context::current();
    println!("{}", cx.name());
    let (from, mut to) = stream.into_split();
    let mut requests = tokio::io::BufReader::new(from).lines();
    while let Ok(request) = cx.run_until_stopped(requests.next_line()).await {
        let Some(word) = request? else { break };
        // The answer takes a thread; if that fails, so does the request.
        let answer = cx.handle().scope("request", async |group| {
            let counted = group.spawn(Thread, move || format!("{word}: {} letters\n", word.len()));
            anyhow::Ok(counted.await?.await?)
        });
        to.write_all(answer.await?.as_bytes()).await?;
    }
    Ok(())
}

fn main() -> anyhow::Result<StopReport> {
    let runner = ServiceRunner::new();
    let server = runner.group("server").open()?;
    let listener = runner.execute(Tokio, async || TcpListener::bind("127.0.0.1:0").await)??;
    let address = listener.local_addr()?;
    runner.adopt(Tokio, async || listen(server, listener).await)?;

    let client = std::net::TcpStream::connect(address)?;
    std::io::Write::write_all(&mut &client, b"coffee\n")?;
    println!("{}", BufReader::new(client).lines().next().transpose()?.unwrap_or_default());
    runner.stop();
    Ok(runner.run())
}
