//! Reflection against tonic servers: both versions, missing files, no reflection, nobody there.

#![allow(clippy::unwrap_used)]

use hyper_util::rt::TokioIo;
use prost::Message as _;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, FileOptions, MethodDescriptorProto,
    ServiceDescriptorProto, UninterpretedOption,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_reflection::server::Builder;

use super::*;

/// `shop.proto` with a service, which imports `money.proto`, which imports `base.proto`.
fn schema() -> FileDescriptorSet {
    let file = |name: &str, import: &[&str]| FileDescriptorProto {
        name: Some(name.into()),
        package: Some("shop".into()),
        dependency: import.iter().map(|&import| import.into()).collect(),
        syntax: Some("proto3".into()),
        ..FileDescriptorProto::default()
    };
    let mut shop = file("shop.proto", &["money.proto"]);
    shop.message_type.push(prost_types::DescriptorProto {
        name: Some("Item".into()),
        ..Default::default()
    });
    shop.service.push(ServiceDescriptorProto {
        name: Some("Shop".into()),
        method: vec![MethodDescriptorProto {
            name: Some("Get".into()),
            input_type: Some(".shop.Item".into()),
            output_type: Some(".shop.Item".into()),
            ..Default::default()
        }],
        options: None,
    });
    shop.options = Some(FileOptions {
        uninterpreted_option: vec![UninterpretedOption {
            identifier_value: Some("kept".into()),
            ..Default::default()
        }],
        ..Default::default()
    });
    FileDescriptorSet {
        file: vec![
            shop,
            file("money.proto", &["base.proto"]),
            file("base.proto", &[]),
        ],
    }
}

/// Asks the backend at `http://host:port`.
async fn descriptors(url: &str) -> Result<Vec<u8>, ReflectionError> {
    let connect = |uri: Uri| async move {
        let stream = TcpStream::connect(uri.authority().unwrap().as_str()).await;
        stream.map(TokioIo::new)
    };
    super::descriptors(url.parse().unwrap(), None, tower::service_fn(connect)).await
}

async fn serve(routes: Routes) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let incoming = TcpListenerStream::new(listener);
    tokio::spawn(
        Server::builder()
            .add_routes(routes)
            .serve_with_incoming(incoming),
    );
    url
}

fn builder(schema: FileDescriptorSet) -> Builder<'static> {
    Builder::configure().register_file_descriptor_set(schema)
}

fn check(set: &[u8]) {
    let mut found = FileDescriptorSet::decode(set).unwrap().file;
    found.retain(|file| !file.name().starts_with("grpc"));
    let mut expected = schema().file;
    expected.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_schema_comes_with_its_imports_by_v1() {
    let url = serve(Routes::new(builder(schema()).build_v1().unwrap())).await;
    check(&descriptors(&url).await.unwrap());
}

#[tokio::test]
async fn a_backend_with_v1alpha_alone_is_asked_by_that() {
    let url = serve(Routes::new(builder(schema()).build_v1alpha().unwrap())).await;
    check(&descriptors(&url).await.unwrap());
}

#[tokio::test]
async fn an_import_that_the_backend_lacks_is_left_out() {
    let mut schema = schema();
    schema.file.retain(|file| file.name() != "base.proto");
    let url = serve(Routes::new(builder(schema).build_v1().unwrap())).await;
    let set = FileDescriptorSet::decode(&*descriptors(&url).await.unwrap()).unwrap();
    let names: Vec<_> = set.file.iter().map(FileDescriptorProto::name).collect();
    assert_eq!(names, ["money.proto", "shop.proto"]);
}

#[tokio::test]
async fn a_backend_without_reflection_is_told_from_one_that_is_down() {
    let (_, health) = tonic_health::server::health_reporter();
    let url = serve(Routes::new(health)).await;
    assert_eq!(descriptors(&url).await, Err(ReflectionError::NoReflection));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let expected = ReflectionError::NotUp("the connection was refused".into());
    assert_eq!(descriptors(&url).await, Err(expected));
}

#[test]
fn the_set_holds_the_bytes_that_came() {
    let mut files = Files::default();
    // Field 99, which this descriptor type does not know.
    let mut odd = schema().file.remove(2).encode_to_vec();
    odd.extend_from_slice(&[0x9a, 0x06, 0x01, 0x2a]);
    files.add(vec![odd.clone(), odd.clone()]).unwrap();
    let set = files.into_set();
    assert_eq!(set[0], 0x0a);
    assert_eq!(usize::from(set[1]), odd.len());
    assert_eq!(&set[2..], odd);
}

#[test]
fn malformed_descriptors_and_too_many_files_are_errors() {
    let mut files = Files::default();
    assert!(matches!(
        files.add(vec![vec![0xff]]),
        Err(ReflectionError::Failed(_))
    ));
    let file = FileDescriptorProto {
        name: Some("many.proto".into()),
        dependency: (0..=FILES_MAX).map(|n| n.to_string()).collect(),
        ..FileDescriptorProto::default()
    };
    assert!(matches!(
        files.add(vec![file.encode_to_vec()]),
        Err(ReflectionError::Failed(_))
    ));
}

#[test]
fn of_a_file_only_its_name_and_imports_are_opened() {
    // Ten million empty messages: 20 MB on the wire, gigabytes if they were decoded.
    let mut file = schema().file.remove(0).encode_to_vec();
    file.extend([0x22, 0].repeat(10_000_000));
    let head = Head::read(&file).unwrap();
    assert_eq!(head.name, "shop.proto");
    assert_eq!(head.imports, BTreeSet::from(["money.proto".to_owned()]));
    for broken in [
        &[0x0a, 5, b'a'][..],
        &[0x1a, 1, 0xff],
        &[0x0a, 0xff],
        &[0x07],
    ] {
        assert_eq!(Head::read(broken), None, "{broken:?}");
    }
}

#[tokio::test]
async fn a_status_with_broken_details_is_an_error_like_any_other() {
    for trailers_only in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(stream).await.unwrap();
            let mut status = http::HeaderMap::new();
            status.insert("grpc-status", http::HeaderValue::from_static("9"));
            status.insert(DETAILS, http::HeaderValue::from_static("***"));
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let mut head = http::Response::new(());
                if trailers_only {
                    *head.headers_mut() = status.clone();
                }
                let mut stream = respond.send_response(head, trailers_only).unwrap();
                if !trailers_only {
                    stream.send_trailers(status.clone()).unwrap();
                }
            }
        });
        let error = descriptors(&url).await.unwrap_err();
        assert!(matches!(error, ReflectionError::Failed(_)), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_takes_connections_and_is_silent_is_not_up() {
    let (ours, _theirs) = tokio::io::duplex(1 << 16);
    let mut ours = Some(ours);
    let connect = tower::service_fn(move |_: Uri| {
        let ours = ours.take().ok_or(io::ErrorKind::ConnectionRefused);
        async move { ours.map(TokioIo::new).map_err(io::Error::from) }
    });
    let asked = super::descriptors(Uri::from_static("http://silent"), None, connect).await;
    let Err(ReflectionError::NotUp(cause)) = asked else {
        panic!("{asked:?}");
    };
    assert_eq!(cause, "asked for its services, it took longer than 10s");
}
