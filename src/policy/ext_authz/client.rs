//! The servers of policies, over gRPC.
//!
//! Whatever it sends ends as a fault: also where the client library panics over it, as it does over
//! details of an error that are no base64.

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
