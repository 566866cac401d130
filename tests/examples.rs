//! Every example runs and finds what it expects. They are included rather than started, so that
//! they link into the one test binary.

use std::process::Command;

use tokio::net::TcpListener;
use transom::gateway::{Config, Gateway};

use crate::support::has_curl;

#[allow(unreachable_pub)]
#[path = "../examples/embed.rs"]
mod embed;
#[allow(unreachable_pub)]
#[path = "../examples/interceptor.rs"]
mod interceptor;
#[allow(unreachable_pub)]
#[path = "../examples/shapes.rs"]
mod shapes;
#[allow(unreachable_pub)]
#[path = "../examples/upstream.rs"]
mod upstream;

#[tokio::test]
async fn a_backend_of_ones_own() {
    upstream::check().await.unwrap();
}

#[tokio::test]
async fn the_gateway_as_a_library() {
    embed::check().await.unwrap();
}

#[tokio::test]
async fn a_step_of_ones_own_before_every_call() {
    interceptor::check().await.unwrap();
}

#[tokio::test]
async fn each_call_shape() {
    shapes::check().await.unwrap();
}

/// The commands that `transom demo` prints, run by a shell with curl as a reader would.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_of_the_demo_answers_what_it_promises() {
    if !has_curl() {
        return;
    }
    let backend = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", backend.local_addr().unwrap());
    let backend = tokio::spawn(transom::demo::serve(backend, std::future::pending()));
    let config = Config::for_upstream(&url).unwrap();
    let gateway = Gateway::start(config, |_| {}).await.unwrap();
    let base = format!("http://{}", gateway.address());

    // Twice, because a reader may try a command again.
    for example in transom::demo::EXAMPLES
        .iter()
        .chain(transom::demo::EXAMPLES)
    {
        let command = example.command(&base);
        let output =
            tokio::task::spawn_blocking(move || Command::new("sh").args(["-c", &command]).output())
                .await
                .unwrap()
                .unwrap();
        let answer = String::from_utf8_lossy(&output.stdout);
        let title = example.title;
        assert!(
            answer.contains(example.expect),
            "{title}: {} was expected in {answer}",
            example.expect
        );
    }
    gateway.drain().await;
    backend.abort();
}
