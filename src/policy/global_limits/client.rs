//! A rate-limit server, over gRPC.

use futures_util::future::BoxFuture;
use tonic::transport::Channel;

use super::ShouldLimit;
use crate::policy::ext_authz::client::{ANSWER_BYTES_MAX, again, guarded};
use crate::policy::failure::Fault;
use crate::policy::pb::envoy::service::ratelimit::v3::rate_limit_service_client::RateLimitServiceClient;
use crate::policy::pb::envoy::service::ratelimit::v3::{RateLimitRequest, RateLimitResponse};

/// A rate-limit server.
#[derive(Clone, Debug)]
pub struct Server(RateLimitServiceClient<Channel>);

impl Server {
    /// The one behind a channel.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self(RateLimitServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX))
    }
}

impl ShouldLimit for Server {
    fn should_limit(
        &self,
        request: RateLimitRequest,
    ) -> BoxFuture<'static, Result<RateLimitResponse, Fault>> {
        let client = self.0.clone();
        Box::pin(guarded(again(move || {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.should_rate_limit(request).await }
        })))
    }
}
