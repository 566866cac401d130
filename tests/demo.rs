//! The demo backend by itself: every service through tonic's own clients, reflection with its
//! annotations, health, and gRPC-Web without a gateway.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use prost::Message as _;
use prost_reflect::DescriptorPool;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::transport::Channel;
use tonic::{Code, Status};
use transom::demo::pb::demo::chat::v1::chat_service_client::ChatServiceClient;
use transom::demo::pb::demo::chat::v1::{
    ConverseRequest, DownloadFileRequest, ListMessagesRequest, Message, SendRequest,
    SubscribeRequest, UploadFileRequest, UploadRequest,
};
use transom::demo::pb::demo::echo::v1::echo_service_client::EchoServiceClient;
use transom::demo::pb::demo::echo::v1::{
    FailRequest, GetRequest, Item, Kinds, MetadataRequest, Order, SlowRequest, StreamRequest,
};
use transom::demo::pb::demo::library::v1::library_service_client::LibraryServiceClient;
use transom::demo::pb::demo::library::v1::search_books_request::{Amount, Filter, filter::Years};
use transom::demo::pb::demo::library::v1::{self, Genre};
use transom::demo::pb::demo::library::v2;
use transom::demo::pb::demo::library::v2::library_service_client::LibraryServiceClient as LibraryV2Client;
use transom::demo::pb::demo::telemetry::v1::telemetry_service_client::TelemetryServiceClient;
use transom::demo::pb::demo::telemetry::v1::{ListSensorsRequest, Reading, WatchRequest};
use transom::demo::pb::google::api::HttpBody;
use transom::demo::pb::google::rpc;

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

fn name(name: &str) -> v1::GetBookRequest {
    v1::GetBookRequest {
        name: name.into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn the_library_lists_pages_of_shelves_and_books() {
    let demo = demo().await;
    let mut library = LibraryServiceClient::new(demo.channel.clone());
    let request = v1::ListShelvesRequest {
        page_size: 3,
        page_token: String::new(),
    };
    let first = library.list_shelves(request).await.unwrap().into_inner();
    assert_eq!(first.shelves.len(), 3);
    let request = v1::ListShelvesRequest {
        page_size: 3,
        page_token: first.next_page_token,
    };
    let second = library.list_shelves(request).await.unwrap().into_inner();
    assert_eq!(
        (second.shelves.len(), second.next_page_token.as_str()),
        (1, "")
    );
    assert_eq!(second.shelves[0].book_count, 2);

    let request = v1::ListBooksRequest {
        parent: "shelves/-".into(),
        genres: vec![Genre::Novel.into(), Genre::Poetry.into()],
        min_loan_period: Some(prost_types::Duration {
            seconds: 14 * 86_400,
            nanos: 0,
        }),
        min_rating: Some(4.0),
        read_mask: Some(prost_types::FieldMask {
            paths: vec!["title".into()],
        }),
        order: v1::list_books_request::Order::ByTitle.into(),
        ..Default::default()
    };
    let books = library.list_books(request).await.unwrap().into_inner();
    let titles: Vec<_> = books.books.iter().map(|book| book.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Goblin Market",
            "Great Expectations",
            "Middlemarch",
            "Sonnets from the Portuguese",
            "Vanity Fair"
        ]
    );
    assert_eq!(books.total_size, 5);
    assert_eq!(
        books.books[0].isbn, "",
        "the mask leaves everything else out"
    );

    let request = v1::SearchBooksRequest {
        query: "darwin".into(),
        filter: Some(Filter {
            genre: 0,
            published: Some(Years { from: 1850, to: 0 }),
        }),
        amount: Some(Amount::Limit(5)),
    };
    let found = library
        .search_books(request)
        .await
        .unwrap()
        .into_inner()
        .books;
    assert_eq!(found.len(), 1);
    let count = library
        .count_books(v1::CountBooksRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(count.count, 9);
}

#[tokio::test]
async fn a_book_is_made_changed_moved_and_removed() {
    let demo = demo().await;
    let mut library = LibraryServiceClient::new(demo.channel.clone());
    let shelf = v1::Shelf {
        theme: "Far Travels".into(),
        ..Default::default()
    };
    let request = v1::CreateShelfRequest { shelf: Some(shelf) };
    let shelf = library.create_shelf(request).await.unwrap().into_inner();
    assert_eq!(shelf.name, "shelves/far-travels");

    let book = v1::Book {
        title: "Walden".into(),
        pages: Some(0),
        ..Default::default()
    };
    let request = v1::CreateBookRequest {
        parent: shelf.name.clone(),
        book: Some(book),
        book_id: "walden".into(),
    };
    let mut book = library.create_book(request).await.unwrap().into_inner();
    assert_eq!(book.name, "shelves/far-travels/books/walden");
    assert_eq!(book.pages, Some(0));

    book.title = "Walden; or, Life in the Woods".into();
    book.isbn = "1".into();
    let request = v1::UpdateBookRequest {
        book: Some(book.clone()),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["title".into()],
        }),
    };
    let changed = library.update_book(request).await.unwrap().into_inner();
    assert_eq!(
        (changed.title.as_str(), changed.isbn.as_str()),
        (book.title.as_str(), "")
    );

    let request = v1::MoveBookRequest {
        name: book.name.clone(),
        other_shelf: "shelves/empty".into(),
    };
    let moved = library.move_book(request).await.unwrap().into_inner();
    assert_eq!(moved.name, "shelves/empty/books/1");
    let gone = library.get_book(name(&book.name)).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
    assert_eq!(detail::<rpc::ResourceInfo>(&gone).resource_name, book.name);

    let request = v1::LookUpRequest {
        path: moved.name.clone(),
    };
    let entry = library.look_up(request).await.unwrap().into_inner();
    let target: v1::Book = entry.target.unwrap().to_msg().unwrap();
    assert_eq!(target.title, book.title);

    library
        .delete_book(v1::DeleteBookRequest { name: moved.name })
        .await
        .unwrap();
    library
        .delete_shelf(v1::DeleteShelfRequest { name: shelf.name })
        .await
        .unwrap();
    let request = v1::DeleteShelfRequest {
        name: "shelves/fiction".into(),
    };
    let refused = library.delete_shelf(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_cover_is_drawn_until_one_is_uploaded() {
    let demo = demo().await;
    let mut library = LibraryServiceClient::new(demo.channel.clone());
    let name = "shelves/fiction/books/1".to_owned();
    let drawn = library
        .get_cover(v1::GetCoverRequest { name: name.clone() })
        .await
        .unwrap();
    assert_eq!(drawn.get_ref().content_type, "image/svg+xml");
    assert!(drawn.get_ref().data.starts_with(b"<svg"));

    let cover = HttpBody {
        content_type: "image/png".into(),
        data: vec![0x89, 0, 0xff].into(),
        ..Default::default()
    };
    let request = v1::UploadCoverRequest {
        name: name.clone(),
        cover: Some(cover.clone()),
    };
    let info = library.upload_cover(request).await.unwrap().into_inner();
    assert_eq!((info.size, info.content_type.as_str()), (3, "image/png"));
    let kept = library
        .get_cover(v1::GetCoverRequest { name })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(kept, cover);
}

#[tokio::test]
async fn lending_fails_with_the_details_of_each_reason() {
    let demo = demo().await;
    let mut library = LibraryServiceClient::new(demo.channel.clone());
    let borrow = |book: &str, days| v1::BorrowBookRequest {
        name: format!("shelves/{book}"),
        reader: "ada".into(),
        days,
    };
    let status = library
        .borrow_book(borrow("fiction/books/1", 61))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(
        detail::<rpc::BadRequest>(&status).field_violations[0].field,
        "days"
    );

    let status = library
        .borrow_book(borrow("poetry/books/1", 14))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(
        detail::<rpc::PreconditionFailure>(&status).violations[0].r#type,
        "ON_LOAN"
    );

    let status = library
        .borrow_book(borrow("fiction/books/99", 14))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::NotFound);

    for book in ["fiction/books/1", "fiction/books/2", "fiction/books/3"] {
        library.borrow_book(borrow(book, 14)).await.unwrap();
    }
    let status = library
        .borrow_book(borrow("fiction/books/4", 14))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(
        detail::<rpc::RetryInfo>(&status)
            .retry_delay
            .unwrap()
            .seconds,
        60
    );

    let mut next = LibraryV2Client::new(demo.channel);
    let request = v2::GetBookRequest {
        name: "shelves/fiction/books/1".into(),
    };
    assert!(
        !next
            .get_book(request.clone())
            .await
            .unwrap()
            .into_inner()
            .available
    );
    let back = v1::ReturnBookRequest {
        name: request.name.clone(),
    };
    library.return_book(back).await.unwrap();
    assert!(next.get_book(request).await.unwrap().into_inner().available);

    let request = v2::StreamBooksRequest {
        parent: "shelves/-".into(),
    };
    let books = next.stream_books(request).await.unwrap().into_inner();
    assert_eq!(books.count().await, 9);
}

#[tokio::test]
async fn a_listener_hears_what_was_said_and_what_is_said() {
    let demo = demo().await;
    let mut chat = ChatServiceClient::new(demo.channel.clone());
    let request = SubscribeRequest {
        room: "lobby".into(),
        after: 1,
        count: 3,
    };
    let heard = chat.subscribe(request).await.unwrap().into_inner();
    let message = Message {
        author: "mary".into(),
        text: "Hello".into(),
        ..Default::default()
    };
    let request = SendRequest {
        room: "lobby".into(),
        message: Some(message.clone()),
    };
    assert_eq!(chat.send(request).await.unwrap().into_inner().id, 4);
    let ids: Vec<_> = heard.map(|message| message.unwrap().id).collect().await;
    assert_eq!(ids, [2, 3, 4]);

    let many = (0..5).map({
        let message = message.clone();
        move |_| UploadRequest {
            room: "attic".into(),
            message: Some(message.clone()),
        }
    });
    let taken = chat.upload(stream::iter(many)).await.unwrap().into_inner();
    assert_eq!((taken.count, taken.last_id), (5, 5));
    let request = ListMessagesRequest {
        room: "attic".into(),
        limit: 2,
    };
    let last = chat
        .list_messages(request)
        .await
        .unwrap()
        .into_inner()
        .messages;
    assert_eq!(
        last.iter().map(|message| message.id).collect::<Vec<_>>(),
        [4, 5]
    );
}

#[tokio::test]
async fn the_parrot_answers_before_the_conversation_is_over() {
    let demo = demo().await;
    let mut chat = ChatServiceClient::new(demo.channel.clone());
    let (said, heard) = tokio::sync::mpsc::channel(1);
    let requests = tokio_stream::wrappers::ReceiverStream::new(heard);
    let mut answers = chat.converse(requests).await.unwrap().into_inner();
    for text in ["one", "two"] {
        said.send(ConverseRequest {
            room: "lobby".into(),
            text: text.into(),
        })
        .await
        .unwrap();
        let answer = answers.message().await.unwrap().unwrap();
        assert_eq!(answer.text, format!("{text}! {text}!"));
    }
    drop(said);
    assert!(answers.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_file_goes_up_and_comes_down_in_pieces() {
    let demo = demo().await;
    let mut chat = ChatServiceClient::new(demo.channel.clone());
    let pieces = (0..3_u8).map(|piece| UploadFileRequest {
        room: "lobby".into(),
        file: "notes.txt".into(),
        content: Some(HttpBody {
            content_type: "text/plain".into(),
            data: vec![b'0' + piece; 50_000].into(),
            ..Default::default()
        }),
    });
    let info = chat
        .upload_file(stream::iter(pieces))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((info.size, info.pieces), (150_000, 3));
    let request = DownloadFileRequest {
        room: "lobby".into(),
        file: "notes.txt".into(),
    };
    let pieces: Vec<_> = chat
        .download_file(request)
        .await
        .unwrap()
        .into_inner()
        .collect()
        .await;
    let pieces: Vec<HttpBody> = pieces.into_iter().map(Result::unwrap).collect();
    assert_eq!(pieces[0].content_type, "text/plain");
    assert_eq!(
        pieces.iter().map(|piece| piece.data.len()).sum::<usize>(),
        150_000
    );
}

#[tokio::test]
async fn sensors_are_watched_at_the_pace_asked_for() {
    let demo = demo().await;
    let mut telemetry = TelemetryServiceClient::new(demo.channel.clone());
    let sensors = telemetry
        .list_sensors(ListSensorsRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(sensors.sensors.len(), 3);
    let interval = Some(prost_types::Duration {
        seconds: 0,
        nanos: 50_000_000,
    });
    let request = WatchRequest {
        sensor: "lab-1".into(),
        count: 3,
        interval,
    };
    let began = Instant::now();
    let readings: Vec<_> = telemetry
        .watch(request)
        .await
        .unwrap()
        .into_inner()
        .collect()
        .await;
    assert!(
        began.elapsed() >= Duration::from_millis(100),
        "two rests of 50 ms"
    );
    let last = readings.into_iter().next_back().unwrap().unwrap();
    assert_eq!(last.sequence, 2);

    let readings = [1.0, 5.0, 3.0].map(|value| Reading {
        value,
        ..Default::default()
    });
    let summary = telemetry
        .report(stream::iter(readings))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (summary.count, summary.min, summary.max, summary.mean),
        (3, 1.0, 5.0, 3.0)
    );
    let request = WatchRequest {
        sensor: "nowhere".into(),
        ..Default::default()
    };
    assert_eq!(
        telemetry.watch(request).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn the_echo_echoes_streams_and_collects() {
    let demo = demo().await;
    let mut echo = EchoServiceClient::new(demo.channel.clone());
    let order = Order {
        id: "a".into(),
        customer: i64::MAX,
        ..Default::default()
    };
    assert_eq!(echo.echo(order.clone()).await.unwrap().into_inner(), order);
    assert_eq!(
        echo.get(GetRequest { id: 7 })
            .await
            .unwrap()
            .into_inner()
            .half,
        3.5
    );
    let kinds = Kinds {
        nested: Some(Box::new(Kinds {
            int32_value: 1,
            ..Default::default()
        })),
        any: prost_types::Any::from_msg(&order).ok(),
        ..Default::default()
    };
    assert_eq!(
        echo.echo_kinds(kinds.clone()).await.unwrap().into_inner(),
        kinds
    );

    let request = StreamRequest {
        count: 1_000,
        size: 10,
        ..Default::default()
    };
    let items: Vec<_> = echo
        .stream(request)
        .await
        .unwrap()
        .into_inner()
        .collect()
        .await;
    assert_eq!(items.len(), 1_000);
    let items = items.into_iter().map(Result::unwrap);
    let collected = echo
        .collect(stream::iter(items))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((collected.count, collected.size), (1_000, 10_000));

    let items = (0..3).map(|index| Item {
        index,
        text: "x".into(),
    });
    let back: Vec<_> = echo
        .converse(stream::iter(items))
        .await
        .unwrap()
        .into_inner()
        .collect()
        .await;
    assert_eq!(back.len(), 3);
    let delay = Some(prost_types::Duration {
        seconds: 0,
        nanos: 30_000_000,
    });
    let began = Instant::now();
    echo.slow(SlowRequest { delay, id: 1 }).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn the_echo_fails_as_told() {
    let demo = demo().await;
    let mut echo = EchoServiceClient::new(demo.channel.clone());
    let request = FailRequest {
        code: 9,
        message: "no".into(),
        standard_details: true,
        ..Default::default()
    };
    let status = echo.fail(request).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::FailedPrecondition, "no")
    );
    assert_eq!(
        rpc::Status::decode(status.details()).unwrap().details.len(),
        10
    );
    assert_eq!(detail::<rpc::LocalizedMessage>(&status).locale, "de");

    let request = StreamRequest {
        count: 2,
        fail_code: 15,
        ..Default::default()
    };
    let items: Vec<_> = echo
        .stream(request)
        .await
        .unwrap()
        .into_inner()
        .collect()
        .await;
    assert_eq!(items.len(), 3);
    assert_eq!(items[2].as_ref().unwrap_err().code(), Code::DataLoss);
    let request = FailRequest {
        code: 17,
        ..Default::default()
    };
    assert_eq!(
        echo.fail(request).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}

#[tokio::test]
async fn metadata_is_shown_and_sent_as_headers_and_trailers() {
    let demo = demo().await;
    let mut echo = EchoServiceClient::new(demo.channel);
    let mut request = tonic::Request::new(MetadataRequest {
        http_code: 202,
        headers: BTreeMap::from([("x-demo-bin".into(), "AAE=".into())]),
        trailers: BTreeMap::from([("x-checksum".into(), "42".into())]),
    });
    request
        .metadata_mut()
        .append("x-twice", "a".parse().unwrap());
    request
        .metadata_mut()
        .append("x-twice", "b".parse().unwrap());
    let response = echo.metadata(request).await.unwrap();
    let metadata = response.metadata();
    assert_eq!(metadata.get("x-http-code").unwrap(), "202");
    assert_eq!(
        metadata
            .get_bin("x-demo-bin")
            .unwrap()
            .to_bytes()
            .unwrap()
            .as_ref(),
        [0, 1]
    );
    // tonic's client merges the trailers of a unary call into its metadata.
    assert_eq!(metadata.get("x-checksum").unwrap(), "42");
    assert_eq!(response.get_ref().metadata["x-twice"].values, ["a", "b"]);
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
