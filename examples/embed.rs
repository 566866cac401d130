//! The gateway as a library: a program that brings its own REST front for a gRPC backend.
//!
//! ```text
//! cargo run --example embed
//! ```
//!
//! Starts the demo backend and a gateway before it, each on a free port, asks by REST, and ends.

use std::error::Error;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use transom::gateway::{Config, Gateway};

/// Longest answer the example reads.
const ANSWER_MAX: u64 = 64 * 1024;

/// Runs the example and checks what it got.
pub async fn check() -> Result<(), Box<dyn Error>> {
    let backend = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", backend.local_addr()?);
    let backend = tokio::spawn(transom::demo::serve(backend, std::future::pending()));

    // The schema comes from the backend's reflection: no generated code, no files.
    let gateway = Gateway::start(Config::for_upstream(&url)?, |_| {}).await?;
    println!("REST for {url} on http://{}", gateway.address());

    let mut stream = TcpStream::connect(gateway.address()).await?;
    let request = "GET /v1/shelves/fiction/books/1?readMask=name,title HTTP/1.1\r\n\
                   host: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(ANSWER_MAX).read_to_string(&mut answer).await?;
    println!("{answer}");

    gateway.drain().await;
    backend.abort();
    if answer.starts_with("HTTP/1.1 200") && answer.contains(r#""title":"Great Expectations""#) {
        Ok(())
    } else {
        Err("the book was expected as JSON".into())
    }
}

#[tokio::main]
#[allow(
    dead_code,
    reason = "the tests include this file and call its functions"
)]
async fn main() -> Result<(), Box<dyn Error>> {
    check().await
}
