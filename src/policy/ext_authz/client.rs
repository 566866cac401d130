//! The servers of policies, over gRPC.
//!
//! A server that is gone costs one connection attempt at a time, and each call no more than its timeout.
//! Whatever it sends ends as a fault: also where the client library panics over it, as it does over
//! details of an error that are no base64.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tonic::transport::{Channel, Endpoint};

use super::Check;
use crate::call::Code;
use crate::policy::failure::Fault;
use crate::policy::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use crate::policy::pb::envoy::service::auth::v3::{CheckRequest, CheckResponse};

/// How long a connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of an answer at most.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Seconds between pings on a connection, so that a dead one is noticed.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// How long the answer to a ping may take.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);

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
        let mut client = self.0.clone();
        Box::pin(guarded(async move { client.check(request).await }))
    }
}

/// A channel to a server, which connects when it is first asked. Must be made in a runtime.
///
/// # Errors
/// The address is none: expected is `http://host:port`.
pub fn channel(address: &str) -> Result<Channel, tonic::transport::Error> {
    Ok(Endpoint::from_shared(address.to_owned())?
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .connect_lazy())
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
