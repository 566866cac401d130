//! The admin port on real sockets: what it tells, what it changes, and who is kept from it.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Method, StatusCode};
use prost::Message as _;
use serde_json::Value;
use transom::admin::health::pb::health_check_response::ServingStatus;
use transom::admin::health::pb::health_client::HealthClient;
use transom::admin::health::pb::{HealthCheckRequest, HealthListRequest, HealthListResponse};
use transom::config::{self, Flags};
use transom::gateway::Gateway;

use crate::support::{Answer, Backend, Version, send};

const ECHO: &str = "demo.echo.v1.EchoService";

/// A gateway with an admin port, before a backend whose schema is in files.
struct Panel {
    gateway: Gateway,
    file: std::path::PathBuf,
    url: String,
}

impl Panel {
    async fn start(url: &str, keys: &str) -> Self {
        static FILES: AtomicUsize = AtomicUsize::new(0);
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("panel-{number}.yaml"));
        write(&file, url, keys);
        let settings =
            config::load(Some(&file), &Flags::default()).unwrap_or_else(|error| panic!("{error}"));
        let gateway = Gateway::start(settings.gateway, |_| {}).await.unwrap();
        let url = url.to_owned();
        Self { gateway, file, url }
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let admin = self.gateway.admin_address().unwrap();
        send(admin, Version::Http1, method, path, headers, "").await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }

    /// On the public port.
    async fn call(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let address = self.gateway.address();
        send(address, Version::Http1, Method::GET, path, headers, "").await
    }

    async fn health(&self) -> HealthClient<tonic::transport::Channel> {
        let admin = self.gateway.admin_address().unwrap();
        HealthClient::connect(format!("http://{admin}"))
            .await
            .unwrap()
    }

    /// A call by gRPC-Web as a browser's: its first message, or its status.
    async fn web(
        &self,
        path: &str,
        message: &[u8],
        headers: &[(&str, &str)],
    ) -> Result<Vec<u8>, String> {
        let admin = self.gateway.admin_address().unwrap();
        let mut body = vec![0];
        body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        body.extend(message);
        let mut all = vec![
            ("content-type", "application/grpc-web+proto"),
            ("x-grpc-web", "1"),
        ];
        all.extend(headers);
        let answer = send(admin, Version::Http1, Method::POST, path, &all, body).await;
        if answer.status != StatusCode::OK {
            return Err(answer.status.to_string());
        }
        if let Some(status) = answer.header("grpc-status") {
            return Err(status.to_owned());
        }
        let bytes = &answer.body;
        if bytes[0] != 0 {
            return Err(String::from_utf8_lossy(&bytes[5..]).into_owned());
        }
        let size = u32::from_be_bytes(bytes[1..5].try_into().unwrap()) as usize;
        Ok(bytes[5..5 + size].to_vec())
    }
}

fn write(file: &Path, url: &str, keys: &str) {
    let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    let admin = if keys.contains("admin:") {
        ""
    } else {
        "admin: { listen: 127.0.0.1:0 }\n"
    };
    let text = format!(
        "listen: 127.0.0.1:0\n{admin}workers: 2\nupstreams: {{ backend: {{ url: '{url}' }} }}\n\
         schema: [{{ protos: '{protos}' }}]\n{keys}"
    );
    std::fs::write(file, text).unwrap();
}

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

/// Row 142.
#[tokio::test]
async fn nothing_of_it_is_on_the_public_port() {
    let backend = Backend::start().await;
    let panel = Panel::start(&backend.url, "").await;
    let paths = [
        "/",
        "/status.json",
        "/livez",
        "/readyz",
        "/config",
        "/schema",
        "/schema.binpb",
        "/routes",
        "/clusters",
        "/log/level",
        "/metrics",
    ];
    for path in paths {
        assert_eq!(
            panel.get(path).await.status,
            if path == "/log/level" { 501 } else { 200 },
            "{path}"
        );
        assert_eq!(panel.call(path, &[]).await.status, 404, "{path}");
    }
    let public = panel.gateway.address();
    for path in ["/drain", "/reload", "/log/level"] {
        let answer = send(public, Version::Http1, Method::POST, path, &[], "").await;
        assert_eq!(answer.status, 404, "{path}");
    }
    for path in [
        "/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ] {
        let headers = [("content-type", "application/grpc")];
        let body = vec![0_u8; 5];
        let answer = send(public, Version::Http2, Method::POST, path, &headers, body).await;
        let status = answer
            .headers
            .get("grpc-status")
            .or(answer.trailers.get("grpc-status"));
        assert_eq!(status.unwrap(), "12", "{path}");
    }
}

/// Row 143.
#[tokio::test]
async fn what_a_page_posts_is_refused() {
    let backend = Backend::start().await;
    let panel = Panel::start(&backend.url, "").await;
    let _heard = panel.gateway.drain_wished();
    let admin = panel.gateway.admin_address().unwrap();
    let own = format!("http://{admin}");
    for origin in ["https://evil.example", "null", &own] {
        for (method, path) in [
            (Method::POST, "/drain"),
            (Method::POST, "/reload"),
            (Method::PUT, "/log/level"),
            (Method::POST, "/log/level"),
            (Method::POST, "/nowhere"),
            (Method::OPTIONS, "/drain"),
            (Method::POST, "/grpc.health.v1.Health/Check"),
        ] {
            let answer = panel.ask(method.clone(), path, &[("origin", origin)]).await;
            assert_eq!(answer.status, 403, "{method} {path} from {origin}");
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
        for path in ["/", "/config", "/status.json", "/schema"] {
            let answer = panel.ask(Method::GET, path, &[("origin", origin)]).await;
            assert_eq!(answer.status, 200);
            assert!(
                answer
                    .headers
                    .keys()
                    .all(|name| !name.as_str().starts_with("access-control"))
            );
        }
    }
    assert!(panel.get("/readyz").await.text().starts_with("ok\n"));
}

#[tokio::test]
async fn a_page_of_this_port_calls_health_by_grpc_web_if_it_was_asked_for_by_an_address() {
    let backend = Backend::start().await;
    let panel = Panel::start(&backend.url, "").await;
    let check = "/grpc.health.v1.Health/Check";
    let admin = panel.gateway.admin_address().unwrap();
    let own = format!("http://{admin}");
    let serving = Ok(vec![8, 1]);
    assert_eq!(panel.web(check, &[], &[]).await, serving);
    assert_eq!(panel.web(check, &[], &[("origin", &own)]).await, serving);
    // The last is a name that was made to lead here.
    for origin in ["http://evil.example", "https://127.0.0.1", "null"] {
        let refused = panel.web(check, &[], &[("origin", origin)]).await;
        assert_eq!(refused, Err("403 Forbidden".to_owned()), "{origin}");
    }
    // A page asked for by a name that was made to lead here has that name as its host, too.
    let call = "content-type: application/grpc-web\r\ncontent-length: 5\r\n\
                origin: http://evil.example:9901\r\n\r\n\0\0\0\0\0";
    for (line, rest, status) in [
        (&*format!("POST {check}"), call, 403),
        ("GET /config", "\r\n", 403),
        ("GET /docs", "\r\n", 403),
        ("GET /livez", "\r\n", 200),
        ("GET /readyz", "\r\n", 200),
    ] {
        let mut stream = tokio::net::TcpStream::connect(admin).await.unwrap();
        let request =
            format!("{line} HTTP/1.1\r\nhost: evil.example:9901\r\nconnection: close\r\n{rest}");
        tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer)
            .await
            .unwrap();
        let expected = format!("HTTP/1.1 {status}");
        assert!(answer.starts_with(&expected), "{line}: {answer}");
        assert!(!answer.contains("configuration 1"), "{line}: {answer}");
    }

    let listed = panel
        .web("/grpc.health.v1.Health/List", &[], &[("origin", &own)])
        .await;
    let listed = HealthListResponse::decode(&*listed.unwrap()).unwrap();
    assert_eq!(listed.statuses[ECHO].status(), ServingStatus::Serving);
}

#[tokio::test]
async fn the_configuration_in_force_is_told_with_every_key_and_no_secret() {
    let keys = "docs: { description: 'see https://me:s3cret@wiki.example/?t=s3cret' }\n\
                policy:\n- ext_authz: { server: 'http://127.0.0.1:1', context: { key: s3cret } }\n";
    let panel = Panel::start("http://127.0.0.1:1", keys).await;
    let answer = panel.get("/config").await;
    assert!(!answer.text().contains("s3cret"), "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let told = answer.json();
    assert_eq!(told["generation"], 1);
    let config = &told["config"];
    assert_eq!(config["upstreams"]["backend"]["url"], "http://127.0.0.1:1");
    assert_eq!(config["upstreams"]["backend"]["connect_timeout"], "5s");
    assert_eq!(config["timeouts"]["unary"], "15s");
    assert_eq!(
        config["policy"][0]["ext_authz"]["server"],
        "http://127.0.0.1:1"
    );
    let metrics = panel.get("/metrics").await;
    let hash = told["hash"].as_u64().unwrap();
    let line = metrics
        .text()
        .lines()
        .find(|line| line.starts_with("gateway_config_hash "));
    let gauge: f64 = line.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!((gauge - hash as f64).abs() < 0.5);

    write(
        &panel.file,
        &panel.url,
        "timeouts: { unary: 3s, preface: 4s }\n",
    );
    let settings = config::load(Some(&panel.file), &Flags::default()).unwrap();
    panel.gateway.reload(settings.gateway).await.unwrap();
    let again = panel.get("/config").await.json();
    assert_eq!(again["generation"], 2);
    assert_ne!(again["hash"], told["hash"]);
    assert_eq!(again["config"]["timeouts"]["unary"], "3s");
    // That one needs a restart.
    assert_eq!(
        again["config"]["timeouts"]["preface"],
        config["timeouts"]["preface"]
    );
    assert_eq!(again["config"]["policy"], Value::Null);
}

#[tokio::test]
async fn the_schema_is_told_in_words_and_in_descriptors() {
    let panel = Panel::start("http://127.0.0.1:1", "").await;
    let told = panel.get("/schema").await.json();
    assert_eq!(told["generation"], 1);
    let services = told["services"].as_array().unwrap();
    let echo = services.iter().find(|one| one["name"] == ECHO).unwrap();
    let methods = echo["methods"].as_array().unwrap();
    let get = methods.iter().find(|one| one["name"] == "Get").unwrap();
    assert_eq!(get["input"], "demo.echo.v1.GetRequest");
    assert_eq!(
        (&get["shape"], &get["upstream"]),
        (&"unary".into(), &"backend".into())
    );

    let accept = [("accept", "application/x-protobuf")];
    let one = panel.ask(Method::GET, "/schema", &accept).await;
    let other = panel.get("/schema.binpb").await;
    for answer in [one, other] {
        assert_eq!(
            answer.header("content-type"),
            Some("application/x-protobuf")
        );
        let pool = prost_reflect::DescriptorPool::decode(&*answer.body).unwrap();
        let service = pool.get_service_by_name(ECHO).unwrap();
        assert_eq!(service.methods().count(), methods.len());
    }
}

#[tokio::test]
async fn each_service_has_a_health_of_its_own() {
    let backend = Backend::start().await;
    let panel = Panel::start(&backend.url, "").await;
    let mut health = panel.health().await;
    for service in ["", ECHO] {
        let status = health
            .check(of(service))
            .await
            .unwrap()
            .into_inner()
            .status();
        assert_eq!(status, ServingStatus::Serving);
    }
    let unknown = health.check(of("no.Such")).await.unwrap_err();
    assert_eq!(unknown.code(), tonic::Code::NotFound);
    let mut watch = health.watch(of("no.Such")).await.unwrap().into_inner();
    let status = watch.message().await.unwrap().unwrap().status();
    assert_eq!(status, ServingStatus::ServiceUnknown);
    let all = health
        .list(HealthListRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(all.statuses[""].status(), ServingStatus::Serving);
    assert_eq!(all.statuses[ECHO].status(), ServingStatus::Serving);

    let mut watch = health.watch(of(ECHO)).await.unwrap().into_inner();
    let mut next = async || watch.message().await.unwrap().unwrap().status();
    assert_eq!(next().await, ServingStatus::Serving);
    let drained = tokio::spawn(panel.gateway.drain());
    assert_eq!(next().await, ServingStatus::NotServing);
    drained.await.unwrap();
}

#[tokio::test]
async fn a_service_whose_upstream_cannot_be_reached_does_not_serve_and_the_gateway_does() {
    let panel = Panel::start("http://127.0.0.1:1", "").await;
    let mut health = panel.health().await;
    // Each call finds out again that nobody is there.
    loop {
        assert_eq!(panel.call("/v1/echo/7", &[]).await.status, 503);
        let answer = health.check(of(ECHO)).await.unwrap().into_inner();
        if answer.status() == ServingStatus::NotServing {
            break;
        }
        assert_eq!(answer.status(), ServingStatus::Serving);
    }
    let status = health.check(of("")).await.unwrap().into_inner().status();
    assert_eq!(status, ServingStatus::Serving);
}

#[tokio::test]
async fn reflection_of_the_ports_own_services_is_an_option() {
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let ask = |what| {
        let request = ServerReflectionRequest {
            message_request: Some(what),
            ..ServerReflectionRequest::default()
        };
        request.encode_to_vec()
    };
    let list = ask(MessageRequest::ListServices(String::new()));
    let off = Panel::start("http://127.0.0.1:1", "").await;
    assert_eq!(
        off.web(path, &list, &[]).await,
        Err("404 Not Found".to_owned())
    );

    let keys = "admin: { listen: 127.0.0.1:0, reflection: true }\n";
    let panel = Panel::start("http://127.0.0.1:1", keys).await;
    let answer = panel.web(path, &list, &[]).await.unwrap();
    let answer = ServerReflectionResponse::decode(&*answer).unwrap();
    let Some(MessageResponse::ListServicesResponse(services)) = answer.message_response else {
        panic!("{answer:?}");
    };
    let mut names: Vec<_> = services.service.into_iter().map(|one| one.name).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection"
        ]
    );
    let file = ask(MessageRequest::FileContainingSymbol(
        "grpc.health.v1.Health".to_owned(),
    ));
    let answer = panel.web(path, &file, &[]).await.unwrap();
    let answer = ServerReflectionResponse::decode(&*answer).unwrap();
    let Some(MessageResponse::FileDescriptorResponse(files)) = answer.message_response else {
        panic!("{answer:?}");
    };
    let file = prost_types::FileDescriptorProto::decode(&*files.file_descriptor_proto[0]).unwrap();
    let methods: Vec<_> = file.service[0]
        .method
        .iter()
        .map(|one| one.name())
        .collect();
    assert_eq!(methods, ["Check", "List", "Watch"]);
}

#[tokio::test]
async fn a_drain_begins_by_a_post_once_somebody_can_end_the_gateway() {
    let backend = Backend::start().await;
    let panel = Panel::start(&backend.url, "").await;
    assert_eq!(panel.get("/drain").await.status, 405);
    assert_eq!(panel.ask(Method::POST, "/drain", &[]).await.status, 501);
    let wished = panel.gateway.drain_wished();
    let answer = panel.ask(Method::POST, "/drain", &[]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.text()),
        (202, "it drains, and ends\n")
    );
    wished.await;
    panel.gateway.drain().await;
}

#[tokio::test]
async fn the_status_page_loads_nothing_from_elsewhere_and_tells_how_it_goes() {
    let backend = Backend::start().await;
    let panel = Panel::start(&backend.url, "").await;
    let page = panel.get("/").await;
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"));
    let mut files = 0;
    for (at, _) in page.text().match_indices("/assets/") {
        let path = page.text()[at..].split('"').next().unwrap();
        let file = panel.get(path).await;
        assert_eq!(file.status, 200, "{path}");
        assert!(
            file.header("cache-control").unwrap().contains("immutable"),
            "{path}"
        );
        files += 1;
    }
    assert!(files >= 4, "{files}");
    assert_eq!(panel.get("/assets/status.js").await.status, 404);

    let secrets = [
        ("authorization", "Bearer s3cret"),
        ("cookie", "a=s3cret"),
        ("x-request-id", "mine-1"),
    ];
    assert_eq!(panel.call("/v1/echo/7", &secrets).await.status, 200);
    let failed = panel
        .call("/v1/echo:fail?code=5&message=s3cret", &secrets)
        .await;
    assert_eq!(failed.status, 404);
    let answer = panel.get("/status.json").await;
    assert!(!answer.text().contains("s3cret"), "{}", answer.text());
    let status = answer.json();
    assert_eq!(
        (&status["ready"], &status["phase"]),
        (&true.into(), &"ok".into())
    );
    assert_eq!(
        (&status["configuration"], &status["schema"]),
        (&1.into(), &1.into())
    );
    assert_eq!(status["notes"][0], "configuration 1, schema 1");
    let traffic = &status["traffic"];
    assert_eq!(
        (&traffic["started"], &traffic["failed"]),
        (&2.into(), &1.into())
    );
    let counts = traffic["latency"]["counts"].as_array().unwrap();
    assert_eq!(
        counts
            .iter()
            .map(|count| count.as_u64().unwrap())
            .sum::<u64>(),
        2
    );
    assert_eq!(status["upstreams"][0]["endpoints"][0]["state"], "healthy");
    let failures = status["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0]["method"], "demo.echo.v1.EchoService/Fail");
    assert_eq!(failures[0]["code"], "NOT_FOUND");
    assert_eq!(
        (&failures[0]["origin"], &failures[0]["request_id"]),
        (&"upstream".into(), &"mine-1".into())
    );
}

/// Row 145.
#[tokio::test]
async fn what_clients_are_told_of_errors_has_no_address_file_or_token() {
    let panel = Panel::start("http://127.0.0.1:1", "").await;
    let headers = [("authorization", "Bearer s3cret")];
    for path in [
        "/v1/echo/7",
        "/v1/echo/no-number",
        "/nowhere?token=s3cret",
        "/v1/echo/7?id=s3cret",
    ] {
        let answer = panel.call(path, &headers).await;
        assert!(answer.status.as_u16() >= 400, "{path}");
        let text = format!("{} {:?}", answer.text(), answer.headers);
        for secret in ["Bearer", "127.0.0.1:1", ".rs:", "/proto", ".yaml"] {
            assert!(!text.contains(secret), "{path}: {secret} in {text}");
        }
    }
}

/// Row 148.
#[tokio::test]
async fn whoever_asks_for_health_is_answered_however_often_and_no_limit_counts_it() {
    let backend = Backend::start().await;
    let keys = "policy:\n- rate_limits: [{ name: all, calls: 1, per: 1h }]\n";
    let panel = Panel::start(&backend.url, keys).await;
    assert_eq!(panel.call("/v1/echo/7", &[]).await.status, 200);
    assert_eq!(panel.call("/v1/echo/7", &[]).await.status, 429);
    let admin = panel.gateway.admin_address().unwrap();
    let askers = (0..8).map(|_| {
        tokio::spawn(async move {
            let channel = tonic::transport::Endpoint::new(format!("http://{admin}")).unwrap();
            let mut health = HealthClient::new(channel.connect().await.unwrap());
            for _ in 0..100 {
                for path in ["/livez", "/readyz"] {
                    let answer = send(admin, Version::Http1, Method::GET, path, &[], "").await;
                    assert_eq!(answer.status, 200);
                }
                for service in ["", ECHO] {
                    let status = health
                        .check(of(service))
                        .await
                        .unwrap()
                        .into_inner()
                        .status();
                    assert_eq!(status, ServingStatus::Serving);
                }
            }
        })
    });
    for asker in askers.collect::<Vec<_>>() {
        asker.await.unwrap();
    }
    let status = panel.get("/status.json").await.json();
    assert_eq!(status["traffic"]["started"], 2, "none of it is a call");
    assert_eq!(
        status["upstreams"][0]["endpoints"][0]["attempts"], 1,
        "nor asks a backend"
    );
}
