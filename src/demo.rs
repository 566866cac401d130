//! A sample backend: a library, chat rooms, sensors and an echo, for `transom demo`, tests and
//! measurements.
//!
//! It is an ordinary tonic server and knows nothing of the gateway; it answers reflection (v1 and
//! v1alpha), health checks, and gRPC-Web by itself. Everything lives in memory, and every store
//! has a bound. Restarting it gives the same shelves, rooms and sensors again.

use std::future::Future;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Error, Server};
use tonic_web::GrpcWebLayer;

mod chat;
mod echo;
mod examples;
mod failure;
mod library;
mod telemetry;

pub use examples::{EXAMPLES, Example, PAGES};

/// The generated messages, clients and servers of the demo's protos and of what they import.
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    rustdoc::all,
    clippy::all,
    clippy::use_self
)]
pub mod pb {
    include!(concat!(env!("OUT_DIR"), "/demo.rs"));
}

/// The demo's `FileDescriptorSet` in wire form: imports, comments and annotations included.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/demo.binpb"));

/// How long calls may go on after the shutdown signal: a stream without an end has none of its own.
const GRACE: Duration = Duration::from_secs(2);

/// Largest request message, so that an 8 MiB message can show the gateway's limits, not ours.
const MESSAGE_MAX: usize = 16 * 1024 * 1024;

/// Serves the demo on `listener` until `shutdown` is done, then lets calls finish for two seconds.
///
/// # Errors
/// When the server cannot start or its listener fails.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), Error> {
    let shelves = library::Library::seeded();
    let (_reporter, health) = tonic_health::server::health_reporter();
    let router = Server::builder()
        .accept_http1(true)
        .layer(GrpcWebLayer::new())
        .add_service(shelves.v1().max_decoding_message_size(MESSAGE_MAX))
        .add_service(shelves.v2().max_decoding_message_size(MESSAGE_MAX))
        .add_service(chat::service().max_decoding_message_size(MESSAGE_MAX))
        .add_service(telemetry::service().max_decoding_message_size(MESSAGE_MAX))
        .add_service(echo::service(MESSAGE_MAX))
        .add_service(health)
        .add_optional_service(reflection().build_v1().ok())
        .add_optional_service(reflection().build_v1alpha().ok());

    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let (closing, closed) = oneshot::channel();
    let serving = router.serve_with_incoming_shutdown(incoming, async move {
        shutdown.await;
        let _ = closing.send(());
    });
    let overdue = async move {
        match closed.await {
            Ok(()) => tokio::time::sleep(GRACE).await,
            // The server ended by itself; its own result is the answer.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        result = serving => result,
        () = overdue => Ok(()),
    }
}

/// Reflection over everything the demo serves, itself and the health service included.
fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}
