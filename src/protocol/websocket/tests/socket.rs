//! A server and a client on the two ends of a pipe, so that a paused clock says when all is quiet.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::StreamExt as _;
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::call::Taken;
use crate::protocol::Router;

/// Bytes in the pipe.
pub(super) const PIPE: usize = 64 << 10;

pub(super) const WRITE_STALL: Duration = Duration::from_secs(60);

/// What a listener does for a connection.
pub(super) struct Held {
    /// Ends its tenures.
    pub(super) over: watch::Sender<()>,
    /// Counts what the client takes.
    pub(super) taken: Taken,
}

/// A connection to a router.
pub(super) fn connection(router: Router<Scripted>) -> (DuplexStream, Held) {
    let (client, server) = tokio::io::duplex(PIPE);
    let (over, tenures) = watch::channel(());
    let taken = Taken::default();
    let counted = taken.clone();
    let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
        let router = router.clone();
        let mut request = request.map(Body::new);
        let tenure = Tenure::new((), tenures.clone(), WRITE_STALL, counted.clone());
        request.extensions_mut().insert(tenure);
        async move { Ok::<_, Infallible>(router.handle(request).await) }
    });
    tokio::spawn(
        hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(server), service)
            .with_upgrades(),
    );
    (client, Held { over, taken })
}

/// The same, after the handshake.
pub(super) async fn open(
    router: Router<Scripted>,
    path: &str,
) -> (WebSocketStream<DuplexStream>, Held) {
    let (client, held) = connection(router);
    let url = format!("ws://a{path}");
    let (socket, _) = tokio_tungstenite::client_async(url, client).await.unwrap();
    (socket, held)
}

/// Everything until the server closes: texts, then the status' code and the close code.
pub(super) async fn rest(
    socket: &mut WebSocketStream<DuplexStream>,
) -> (Vec<String>, Option<(i64, u16)>) {
    let mut texts = Vec::new();
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Text(text) => texts.push(text.as_str().to_owned()),
            Message::Close(close) => {
                let last = texts.pop().unwrap();
                let last: serde_json::Value = serde_json::from_str(&last).unwrap();
                let code = last["@status"]["code"].as_i64().unwrap();
                return (texts, Some((code, close.unwrap().code.into())));
            }
            _ => {}
        }
    }
    (texts, None)
}
