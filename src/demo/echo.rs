//! The backend that does what it is told: echoes, streams, fails, dawdles, shows metadata.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tonic::metadata::{
    AsciiMetadataKey, BinaryMetadataKey, BinaryMetadataValue, KeyAndValueRef, MetadataMap,
};
use tonic::{Code, Request, Response, Status, Streaming};

use super::failure::{DOMAIN, Failure, bad_field, clip};
use super::pb::demo::echo::v1::echo_service_server::{EchoService, EchoServiceServer};
use super::pb::demo::echo::v1::metadata_response::Values;
use super::pb::demo::echo::v1::{
    Collected, DownloadRequest, FailRequest, GetRequest, Item, Kinds, MetadataRequest,
    MetadataResponse, Order, OrderState, SlowRequest, Small, StreamRequest, Uploaded,
};
use super::pb::google::api::HttpBody;
use super::pb::google::rpc;
use super::telemetry::rest;
use trailers::{Trailers, WithTrailers};

mod trailers;

/// Most items of one stream.
const ITEMS_MAX: i32 = 1_000_000;
/// Most bytes of text in an item.
const ITEM_MAX: i32 = 1024 * 1024;
/// Most bytes of a download.
const DOWNLOAD_MAX: i64 = 1 << 40;
/// Bytes of each of its messages.
const PIECE: i64 = 64 << 10;
/// Longest wait of a slow answer.
const DELAY_MAX: Duration = Duration::from_secs(300);
/// Most metadata entries an answer can be asked to carry, headers and trailers each.
const ENTRIES_MAX: usize = 32;

pub(super) fn service(message_max: usize) -> WithTrailers<EchoServiceServer<Echo>> {
    let server = EchoServiceServer::new(Echo).max_decoding_message_size(message_max);
    WithTrailers::new(server.max_encoding_message_size(message_max))
}

/// Has no state.
pub(super) struct Echo;

#[tonic::async_trait]
impl EchoService for Echo {
    type StreamStream = BoxStream<'static, Result<Item, Status>>;
    type ConverseStream = BoxStream<'static, Result<Item, Status>>;
    type DownloadStream = BoxStream<'static, Result<HttpBody, Status>>;

    async fn echo(&self, request: Request<Order>) -> Result<Response<Order>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<Small>, Status> {
        Ok(Response::new(small(request.into_inner().id)))
    }

    async fn echo_kinds(&self, request: Request<Kinds>) -> Result<Response<Kinds>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn stream(
        &self,
        request: Request<StreamRequest>,
    ) -> Result<Response<Self::StreamStream>, Status> {
        let request = request.into_inner();
        if !(0..=ITEMS_MAX).contains(&request.count) {
            return Err(bad_field("count", format!("it is not 0 to {ITEMS_MAX}")));
        }
        if !(0..=ITEM_MAX).contains(&request.size) {
            return Err(bad_field("size", format!("it is not 0 to {ITEM_MAX}")));
        }
        let interval = request
            .interval
            .map_or(Ok(Duration::ZERO), |i| rest("interval", i))?;
        let end = match code("fail_code", request.fail_code)? {
            Code::Ok => None,
            code => Some(Err(Status::new(code, request.fail_message))),
        };
        let text = "x".repeat(usize::try_from(request.size).unwrap_or_default());
        let items = stream::iter(0..i64::from(request.count))
            .map(move |index| {
                Ok(Item {
                    index,
                    text: text.clone(),
                })
            })
            .chain(stream::iter(end));
        if interval.is_zero() {
            return Ok(Response::new(items.boxed()));
        }
        let paced = items.enumerate().then(move |(place, item)| async move {
            if place > 0 {
                tokio::time::sleep(interval).await;
            }
            item
        });
        Ok(Response::new(paced.boxed()))
    }

    async fn collect(
        &self,
        request: Request<Streaming<Item>>,
    ) -> Result<Response<Collected>, Status> {
        let mut items = request.into_inner();
        let mut collected = Collected::default();
        while let Some(item) = items.message().await? {
            collected.count += 1;
            collected.size += i64::try_from(item.text.len()).unwrap_or_default();
        }
        Ok(Response::new(collected))
    }

    async fn converse(
        &self,
        request: Request<Streaming<Item>>,
    ) -> Result<Response<Self::ConverseStream>, Status> {
        Ok(Response::new(request.into_inner().boxed()))
    }

    async fn upload(
        &self,
        request: Request<Streaming<HttpBody>>,
    ) -> Result<Response<Uploaded>, Status> {
        let mut pieces = request.into_inner();
        let mut uploaded = Uploaded::default();
        while let Some(piece) = pieces.message().await? {
            if uploaded.messages == 0 {
                uploaded.content_type = piece.content_type;
            }
            uploaded.messages += 1;
            uploaded.size += i64::try_from(piece.data.len()).unwrap_or_default();
        }
        Ok(Response::new(uploaded))
    }

    async fn download(
        &self,
        request: Request<DownloadRequest>,
    ) -> Result<Response<Self::DownloadStream>, Status> {
        let DownloadRequest { size, fail_code } = request.into_inner();
        if !(0..=DOWNLOAD_MAX).contains(&size) {
            return Err(bad_field("size", format!("it is not 0 to {DOWNLOAD_MAX}")));
        }
        let end = match code("fail_code", fail_code)? {
            Code::Ok => None,
            code => Some(Err(Status::new(code, "as asked for"))),
        };
        let piece = Bytes::from(vec![b'.'; usize::try_from(PIECE).unwrap_or_default()]);
        let mut left = size;
        let pieces = std::iter::from_fn(move || {
            let length = left.min(PIECE);
            left -= length;
            let length = usize::try_from(length).ok().filter(|length| *length > 0)?;
            Some(Ok(HttpBody {
                content_type: "text/plain".to_owned(),
                data: piece.slice(..length),
                extensions: Vec::new(),
            }))
        });
        Ok(Response::new(stream::iter(pieces.chain(end)).boxed()))
    }

    async fn fail(&self, request: Request<FailRequest>) -> Result<Response<()>, Status> {
        let request = request.into_inner();
        if let Some(delay) = request.delay {
            tokio::time::sleep(rest("delay", delay)?).await;
        }
        let code = code("code", request.code)?;
        if code == Code::Ok {
            return Ok(Response::new(()));
        }
        let mut failure = Failure::new(code, request.message);
        if request.standard_details {
            failure = standard(failure);
        }
        Err(request
            .details
            .into_iter()
            .fold(failure, Failure::with_any)
            .into_status())
    }

    async fn slow(&self, request: Request<SlowRequest>) -> Result<Response<Small>, Status> {
        let SlowRequest { delay, id } = request.into_inner();
        match Duration::try_from(delay.unwrap_or_default()) {
            Ok(delay) if delay <= DELAY_MAX => tokio::time::sleep(delay).await,
            _ => {
                let bound = DELAY_MAX.as_secs();
                return Err(bad_field("delay", format!("it is not 0s to {bound}s")));
            }
        }
        Ok(Response::new(small(id)))
    }

    async fn metadata(
        &self,
        request: Request<MetadataRequest>,
    ) -> Result<Response<MetadataResponse>, Status> {
        let mut received: BTreeMap<String, Values> = BTreeMap::new();
        for entry in request.metadata().iter() {
            let (name, value) = match entry {
                KeyAndValueRef::Ascii(name, value) => (
                    name.as_str(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                ),
                KeyAndValueRef::Binary(name, value) => {
                    let bytes = value.to_bytes().unwrap_or_default();
                    (
                        name.as_str(),
                        base64_simd::STANDARD.encode_to_string(&bytes),
                    )
                }
            };
            received
                .entry(name.to_owned())
                .or_default()
                .values
                .push(value);
        }
        let request = request.into_inner();
        let mut response = Response::new(MetadataResponse { metadata: received });
        *response.metadata_mut() = metadata("headers", &request.headers)?;
        if request.http_code != 0 {
            response
                .metadata_mut()
                .insert("x-http-code", request.http_code.into());
        }
        let trailers = metadata("trailers", &request.trailers)?;
        response
            .extensions_mut()
            .insert(Trailers(trailers.into_headers()));
        Ok(response)
    }
}

/// The small answer that belongs to a number.
fn small(id: i64) -> Small {
    let state = match id.rem_euclid(4) {
        1 => OrderState::Open,
        2 => OrderState::Shipped,
        3 => OrderState::Closed,
        _ => OrderState::Unspecified,
    };
    #[allow(clippy::cast_precision_loss)]
    let half = id as f64 / 2.0;
    Small {
        id,
        name: format!("small-{id}"),
        even: id % 2 == 0,
        half,
        state: state.into(),
    }
}

fn code(field: &str, number: i32) -> Result<Code, Status> {
    match number {
        0..=16 => Ok(Code::from_i32(number)),
        _ => Err(bad_field(
            field,
            format!("{number} is not a gRPC code, 0 to 16"),
        )),
    }
}

/// Metadata as asked for; a name or a value that gRPC does not allow is the client's mistake.
fn metadata(field: &str, entries: &BTreeMap<String, String>) -> Result<MetadataMap, Status> {
    if entries.len() > ENTRIES_MAX {
        let found = entries.len();
        return Err(bad_field(
            field,
            format!("{found} entries are more than {ENTRIES_MAX}"),
        ));
    }
    let mut map = MetadataMap::new();
    for (name, value) in entries {
        let bad = |what: &str| bad_field(field, format!("{what} of {:?}", clip(name)));
        if name.ends_with("-bin") {
            let key =
                BinaryMetadataKey::from_bytes(name.as_bytes()).map_err(|_| bad("bad name"))?;
            let value = base64_simd::STANDARD
                .decode_to_vec(value)
                .map_err(|_| bad("value is not base64"))?;
            map.append_bin(key, BinaryMetadataValue::from_bytes(&value));
        } else {
            let key = AsciiMetadataKey::from_bytes(name.as_bytes()).map_err(|_| bad("bad name"))?;
            map.append(key, value.parse().map_err(|_| bad("bad value"))?);
        }
    }
    Ok(map)
}

/// One of each standard detail.
fn standard(failure: Failure) -> Failure {
    failure
        .with(&rpc::ErrorInfo {
            reason: "ASKED_FOR".to_owned(),
            domain: DOMAIN.to_owned(),
            metadata: BTreeMap::from([("service".to_owned(), "echo".to_owned())]),
        })
        .with(&rpc::RetryInfo {
            retry_delay: Some(prost_types::Duration {
                seconds: 1,
                nanos: 500_000_000,
            }),
        })
        .with(&rpc::DebugInfo {
            stack_entries: vec!["fail".to_owned(), "main".to_owned()],
            detail: "nothing is wrong".to_owned(),
        })
        .with(&rpc::QuotaFailure {
            violations: vec![rpc::quota_failure::Violation {
                subject: "client:demo".to_owned(),
                description: "no more for today".to_owned(),
                ..Default::default()
            }],
        })
        .with(&rpc::PreconditionFailure {
            violations: vec![rpc::precondition_failure::Violation {
                r#type: "WEATHER".to_owned(),
                subject: "sky".to_owned(),
                description: "it must not rain".to_owned(),
            }],
        })
        .with(&rpc::BadRequest {
            field_violations: vec![rpc::bad_request::FieldViolation {
                field: "code".to_owned(),
                description: "asks for an error".to_owned(),
                ..Default::default()
            }],
        })
        .with(&rpc::RequestInfo {
            request_id: "request-1".to_owned(),
            serving_data: String::new(),
        })
        .with(&rpc::ResourceInfo {
            resource_type: "demo.transom/Echo".to_owned(),
            resource_name: "echoes/1".to_owned(),
            owner: String::new(),
            description: "it has faded".to_owned(),
        })
        .with(&rpc::Help {
            links: vec![rpc::help::Link {
                description: "what codes mean".to_owned(),
                url: "https://grpc.io/docs/guides/status-codes/".to_owned(),
            }],
        })
        .with(&rpc::LocalizedMessage {
            locale: "de".to_owned(),
            message: "wie gewünscht".to_owned(),
        })
}
