//! The demo backend by itself: every service through tonic's own clients, reflection with its
//! annotations, health, and gRPC-Web without a gateway.

use std::time::Duration;

use futures_util::stream;
use prost::Message as _;
use prost_reflect::DescriptorPool;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::Status;
use tonic::transport::Channel;
use transom::demo::pb::demo::chat::v1::SubscribeRequest;
use transom::demo::pb::demo::chat::v1::chat_service_client::ChatServiceClient;
use transom::demo::pb::demo::echo::v1::GetRequest;
use transom::demo::pb::demo::echo::v1::echo_service_client::EchoServiceClient;
use transom::demo::pb::google::rpc;

mod chat;
mod echo;
mod library;

/// A running demo, stopped when it is dropped.
struct Demo {
    base: String,
    channel: Channel,
    _stop: oneshot::Sender<()>,
}

async fn demo() -> Demo {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(transom::demo::serve(listener, async {
        let _ = stopped.await;
    }));
    let channel = Channel::from_shared(base.clone())
        .unwrap()
        .connect()
        .await
        .unwrap();
    Demo {
        base,
        channel,
        _stop: stop,
    }
}

/// The first detail of this type.
fn detail<M: prost::Message + prost::Name + Default>(status: &Status) -> M {
    let packed = rpc::Status::decode(status.details()).unwrap();
    assert_eq!(packed.code, i32::from(status.code()));
    packed
        .details
        .iter()
        .find_map(|any| any.to_msg().ok())
        .expect("the detail is there")
}

#[tokio::test]
async fn reflection_in_both_versions_keeps_annotations_and_comments() {
    use tonic_reflection::pb::{v1, v1alpha};
    let demo = demo().await;
    let channel = demo.channel.clone();
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let ask = |message| v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(message),
    };
    let symbol = "demo.library.v1.LibraryService".to_owned();
    let requests = [
        ask(v1::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
        ask(v1::server_reflection_request::MessageRequest::FileContainingSymbol(symbol)),
    ];
    let mut answers = client
        .server_reflection_info(stream::iter(requests))
        .await
        .unwrap()
        .into_inner();
    let Some(v1::server_reflection_response::MessageResponse::ListServicesResponse(list)) =
        answers.message().await.unwrap().unwrap().message_response
    else {
        panic!("a list of services was asked for");
    };
    let services: Vec<_> = list
        .service
        .iter()
        .map(|service| service.name.as_str())
        .collect();
    for expected in [
        "demo.echo.v1.EchoService",
        "demo.chat.v1.ChatService",
        "grpc.health.v1.Health",
    ] {
        assert!(
            services.contains(&expected),
            "{expected} is in {services:?}"
        );
    }
    let Some(v1::server_reflection_response::MessageResponse::FileDescriptorResponse(file)) =
        answers.message().await.unwrap().unwrap().message_response
    else {
        panic!("a file was asked for");
    };
    let bytes = &file.file_descriptor_proto[0];
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(
        holds("/v1/{name=shelves/*/books/*}:move"),
        "the annotation is there"
    );
    assert!(
        holds("Moves a book to another shelf"),
        "the comment is there"
    );

    let mut older = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(
            v1alpha::server_reflection_request::MessageRequest::ListServices(String::new()),
        ),
    };
    let mut answers = older
        .server_reflection_info(stream::iter([request]))
        .await
        .unwrap()
        .into_inner();
    assert!(answers.message().await.unwrap().is_some());
}

#[test]
fn the_descriptors_load_and_hold_every_service() {
    let pool = DescriptorPool::decode(transom::demo::DESCRIPTORS).unwrap();
    let http = pool.get_extension_by_name("google.api.http").unwrap();
    let annotated = pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .filter(|method| method.options().has_extension(&http))
        .count();
    let all = pool
        .services()
        .map(|service| service.methods().len())
        .sum::<usize>();
    assert_eq!(
        (annotated, all),
        (all - 1, all),
        "CountBooks alone has no annotation"
    );
    assert!(pool.services().len() >= 5);
}

#[tokio::test]
async fn health_is_serving_and_grpc_web_needs_no_gateway() {
    let demo = demo().await;
    let mut health = tonic_health::pb::health_client::HealthClient::new(demo.channel);
    let request = tonic_health::pb::HealthCheckRequest {
        service: String::new(),
    };
    assert_eq!(health.check(request).await.unwrap().into_inner().status, 1);

    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
        .build_http();
    let web = tower::Layer::layer(&tonic_web::GrpcWebClientLayer::new(), client);
    let mut echo = EchoServiceClient::with_origin(web, demo.base.parse().unwrap());
    assert_eq!(
        echo.get(GetRequest { id: 4 })
            .await
            .unwrap()
            .into_inner()
            .name,
        "small-4"
    );
}

#[tokio::test]
async fn the_server_ends_after_its_signal_even_with_a_listener_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(transom::demo::serve(listener, async {
        let _ = stopped.await;
    }));
    let channel = Channel::from_shared(base).unwrap().connect().await.unwrap();
    let mut chat = ChatServiceClient::new(channel);
    let request = SubscribeRequest {
        room: "lobby".into(),
        ..Default::default()
    };
    let _heard = chat.subscribe(request).await.unwrap();
    stop.send(()).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(10), server).await;
    ended.expect("it ends").unwrap().unwrap();
}

#[test]
fn every_example_is_a_complete_command() {
    for example in transom::demo::EXAMPLES {
        let command = example.command("http://127.0.0.1:8080");
        assert!(command.contains("http://127.0.0.1:8080/"), "{command}");
        assert!(
            !command.contains("{base}") && !example.expect.is_empty(),
            "{command}"
        );
    }
}
