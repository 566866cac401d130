//! The servers of policies, over gRPC.
//!
//! One that ends a connection, for its age or because it restarts, costs nothing: what it has not read is
//! asked again. Whatever it sends ends as a fault: also where the client library panics over it, as it does
//! over details of an error that are no base64.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tonic::transport::Channel;

use super::Check;
use crate::call::Code;
use crate::policy::failure::Fault;
use crate::policy::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use crate::policy::pb::envoy::service::auth::v3::{CheckRequest, CheckResponse};

/// Bytes of an answer at most.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// How often a server is asked again at most, where it has not read the question.
const AGAIN_MAX: usize = 2;

/// An authorization server.
#[derive(Clone, Debug)]
pub struct Server(AuthorizationClient<Channel>);

impl Server {
    /// The one behind a channel.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self(AuthorizationClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX))
    }
}

impl Check for Server {
    fn check(&self, request: CheckRequest) -> BoxFuture<'static, Result<CheckResponse, Fault>> {
        let client = self.0.clone();
        Box::pin(guarded(again(move || {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.check(request).await }
        })))
    }
}

/// An answer, or why there is none; what the server says of its failure is not passed on.
pub(in crate::policy) async fn guarded<T>(
    asking: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
) -> Result<T, Fault> {
    match AssertUnwindSafe(asking).catch_unwind().await {
        Ok(Ok(answer)) => Ok(answer.into_inner()),
        Ok(Err(status)) => Err(Fault::Failed {
            code: Code::from_number(status.code() as i32),
        }),
        Err(_) => Err(Fault::Garbage("an answer that cannot be read".to_owned())),
    }
}

/// Asks, and again where the server has not read the question: nothing is asked, or counted, twice.
pub(in crate::policy) async fn again<T, A>(ask: impl Fn() -> A) -> Result<T, tonic::Status>
where
    A: Future<Output = Result<T, tonic::Status>>,
{
    for _ in 0..AGAIN_MAX {
        match ask().await {
            Err(status) if is_unread(&status) => {}
            known => return known,
        }
    }
    ask().await
}

/// True if the question never left, or the server says that it has not looked at it.
fn is_unread(status: &tonic::Status) -> bool {
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>()
            && error.is_canceled()
        {
            return true;
        }
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            let reason = error.reason();
            let is_above = error.is_go_away() && reason == Some(h2::Reason::NO_ERROR);
            let is_refused = error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM);
            return error.is_remote() && (is_above || is_refused);
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;
    use h2::Reason;
    use http::{HeaderMap, HeaderValue, Response};
    use tokio::net::TcpListener;
    use tonic::transport::Endpoint;

    use super::*;

    /// A server that resets its first questions, and answers those behind; and how many it had.
    async fn resetting(first: usize, reason: Reason) -> (Server, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(socket).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                if count.fetch_add(1, Ordering::SeqCst) < first {
                    respond.send_reset(reason);
                    continue;
                }
                let mut stream = respond.send_response(Response::new(()), false).unwrap();
                stream
                    .send_data(Bytes::from_static(&[0; 5]), false)
                    .unwrap();
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", HeaderValue::from_static("0"));
                stream.send_trailers(trailers).unwrap();
            }
        });
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        (Server::new(endpoint.connect_lazy()), asked)
    }

    #[tokio::test]
    async fn what_a_server_has_not_read_is_asked_again_and_nothing_else() {
        for (first, reason, is_answered, times) in [
            (0, Reason::NO_ERROR, true, 1),
            (2, Reason::REFUSED_STREAM, true, 3),
            (9, Reason::REFUSED_STREAM, false, 3),
            (1, Reason::INTERNAL_ERROR, false, 1),
            (1, Reason::CANCEL, false, 1),
        ] {
            let (server, asked) = resetting(first, reason).await;
            let answer = server.check(CheckRequest::default()).await;
            assert_eq!(answer.is_ok(), is_answered, "{first} {reason:?}");
            assert_eq!(asked.load(Ordering::SeqCst), times, "{first} {reason:?}");
        }
    }
}
