//! The four call shapes through the gateway, by tonic's own client: native gRPC passes through.
//!
//! ```text
//! cargo run --example shapes                            # brings its own gateway and backend
//! cargo run --example shapes -- http://127.0.0.1:8080   # calls a running `transom demo`
//! ```

use std::error::Error;

use futures_util::{StreamExt as _, stream};
use tokio::net::TcpListener;
use transom::demo::pb::demo::echo::v1::echo_service_client::EchoServiceClient;
use transom::demo::pb::demo::echo::v1::{GetRequest, Item, StreamRequest};
use transom::gateway::{Config, Gateway};

/// Starts a backend and a gateway on free ports and makes the four calls.
pub async fn check() -> Result<(), Box<dyn Error>> {
    let backend = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", backend.local_addr()?);
    let backend = tokio::spawn(transom::demo::serve(backend, std::future::pending()));
    let gateway = Gateway::start(Config::for_upstream(&url)?, |_| {}).await?;

    let called = call(format!("http://{}", gateway.address())).await;
    gateway.drain().await;
    backend.abort();
    called
}

/// Makes one call of each shape.
pub async fn call(base: String) -> Result<(), Box<dyn Error>> {
    let mut echo = EchoServiceClient::connect(base).await?;

    let small = echo.get(GetRequest { id: 7 }).await?.into_inner();
    expect("unary", &small.name, &"small-7".to_owned())?;

    let request = StreamRequest {
        count: 5,
        size: 10,
        ..StreamRequest::default()
    };
    let items = echo.stream(request).await?.into_inner().count().await;
    expect("server stream", &items, &5)?;

    let items = (0..4).map(item);
    let collected = echo.collect(stream::iter(items)).await?.into_inner();
    expect("client stream", &collected.count, &4)?;

    // Each answer is awaited before the next question is asked: both ways are open at once.
    let (say, said) = tokio::sync::mpsc::channel(1);
    let questions = stream::unfold(said, |mut said| async { Some((said.recv().await?, said)) });
    let mut answers = echo.converse(questions).await?.into_inner();
    for index in 0..3 {
        say.send(item(index)).await?;
        let answer = answers.message().await?.map(|item| item.index);
        expect("bidirectional stream", &answer, &Some(index))?;
    }
    drop(say);
    expect("its end", &answers.message().await?, &None)
}

fn item(index: i64) -> Item {
    Item {
        index,
        text: "hello".to_owned(),
    }
}

fn expect<T: PartialEq + std::fmt::Debug>(
    shape: &str,
    found: &T,
    expected: &T,
) -> Result<(), Box<dyn Error>> {
    println!("{shape}: {found:?}");
    if found == expected {
        Ok(())
    } else {
        Err(format!("{shape}: {expected:?} was expected").into())
    }
}

#[tokio::main]
#[allow(
    dead_code,
    reason = "the tests include this file and call its functions"
)]
async fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1) {
        Some(base) => call(base).await,
        None => check().await,
    }
}
