//! What is to be seen of calls, over real sockets: their metrics, and their lines in the access log.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::Method;
use serde_json::Value;
use transom::config::{self, Flags};
use transom::gateway::Gateway;
use transom::identity::Salt;
use transom::observe::AccessLog;
use transom::observe::access_log::{Entry, Sink};

use crate::support::calls::{Ask, Dialect, call};
use crate::support::{Answer, Backend, Version, send};

mod traces;

/// Keeps lines.
#[derive(Debug, Default)]
struct Lines(Mutex<Vec<u8>>);

impl Sink for Lines {
    fn take(&self, entry: &Entry<'_>) {
        entry.write_json(&mut self.0.lock().unwrap());
    }
}

impl Lines {
    fn all(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A gateway before a backend, and what it tells.
struct Site {
    gateway: Gateway,
    lines: Arc<Lines>,
    backend: String,
}

impl Site {
    async fn start(url: &str, keys: &str) -> Self {
        let text = format!(
            "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\nworkers: 2\n\
             upstreams: {{ backend: {{ url: '{url}' }} }}\n\
             schema: [{{ protos: '{}/proto' }}]\n{keys}",
            env!("CARGO_MANIFEST_DIR")
        );
        static FILES: AtomicUsize = AtomicUsize::new(0);
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let file = folder.join(format!("seen-{number}.yaml"));
        std::fs::write(&file, text).unwrap();
        let mut settings = config::load(Some(&file), &Flags::default()).unwrap();
        let lines = Arc::new(Lines::default());
        settings.gateway.access_log = Some(AccessLog {
            sink: Arc::clone(&lines) as Arc<dyn Sink>,
            rules: settings.access_log,
            salt: Salt::default(),
        });
        Self {
            gateway: Gateway::start(settings.gateway, |_| {}).await.unwrap(),
            lines,
            backend: url.trim_start_matches("http://").to_owned(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        let address = self.gateway.address();
        send(address, Version::Http1, Method::GET, path, &[], "").await
    }

    async fn scrape(&self, accept: &'static str) -> Answer {
        let admin = self.gateway.admin_address().unwrap();
        let headers = [("accept", accept)];
        send(admin, Version::Http1, Method::GET, "/metrics", &headers, "").await
    }
}

#[tokio::test]
async fn calls_are_counted_by_dialect_method_and_end() {
    let backend = Backend::start().await;
    let site = Site::start(&backend.url, "metrics: { legacy_names: go_grpc }\n").await;
    assert_eq!(site.get("/v1/echo/7").await.status, 200);
    assert_eq!(site.get("/v1/echo:fail?code=5").await.status, 404);
    let address = site.gateway.address();
    assert!(call(address, Dialect::Grpc, &Ask::get(7)).await.is_ok());

    let text = site.scrape("text/plain").await;
    assert!(
        text.header("content-type")
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    let text = text.text();
    for line in [
        "gateway_requests_total{listener=\"public\",protocol=\"rest\",http_version=\"1.1\",\
         method=\"demo.echo.v1.EchoService/Get\",grpc_status=\"OK\",http_status=\"200\",\
         origin=\"none\"} 1\n",
        "gateway_requests_total{listener=\"public\",protocol=\"grpc\",http_version=\"2\",\
         method=\"demo.echo.v1.EchoService/Get\",grpc_status=\"OK\",http_status=\"200\",\
         origin=\"none\"} 1\n",
        "grpc_status=\"NOT_FOUND\",http_status=\"404\",origin=\"upstream\"} 1\n",
        "grpc_server_call_started_total{grpc_method=\"demo.echo.v1.EchoService/Get\"} 2\n",
        "grpc_server_call_duration_seconds_count{grpc_method=\"demo.echo.v1.EchoService/Get\",\
         grpc_status=\"OK\"} 2\n",
        "gateway_active_streams{protocol=\"rest\",kind=\"unary\"} 0",
        "gateway_transcode_seconds_count{direction=\"request\"} 2\n",
        "gateway_message_bytes_count{direction=\"request\",stage=\"decoded\"} 3\n",
        "# TYPE process_cpu_seconds_total counter\n",
        "grpc_server_handled_total{grpc_type=\"unary\",grpc_service=\"demo.echo.v1.EchoService\",\
         grpc_method=\"Get\",grpc_code=\"OK\"} 2\n",
        "grpc_server_handling_seconds_count{grpc_type=\"unary\",",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    let open = site
        .scrape("application/openmetrics-text; version=1.0.0")
        .await;
    assert!(open.text().ends_with("# EOF\n"));
}

/// Row 146.
#[tokio::test]
async fn random_methods_and_paths_make_no_new_series() {
    let site = Site::start("http://127.0.0.1:9", "").await;
    let series = async || {
        let answer = site.scrape("text/plain").await;
        let lines = answer.text().lines().filter(|line| !line.starts_with('#'));
        let names = lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned());
        names.collect::<BTreeSet<_>>()
    };
    let attack = async |n: usize| {
        let path = format!("/x{n}.Y{n}/Z{n}?a{n}=b");
        assert_eq!(site.get(&path).await.status, 404);
        let ask = Ask {
            rpc: format!("/x{n}.Y/Z").leak(),
            ..Ask::get(7)
        };
        for dialect in [Dialect::Grpc, Dialect::GrpcWeb] {
            assert!(!call(site.gateway.address(), dialect, &ask).await.is_ok());
        }
    };
    attack(0).await;
    let before = series().await;
    for n in 1..100 {
        attack(n).await;
    }
    let after = series().await;
    let new: Vec<_> = after.difference(&before).collect();
    assert!(new.is_empty(), "{new:?}");
}

#[tokio::test]
async fn a_line_tells_where_the_call_went_and_no_secret() {
    let backend = Backend::start().await;
    let site = Site::start(&backend.url, "").await;
    let address = site.gateway.address();
    let headers = [
        ("authorization", "Bearer secret"),
        ("cookie", "session=secret"),
        ("user-agent", "a\"},{\"b"),
        ("x-forwarded-for", "192.0.2.7"),
    ];
    let path = "/v1/echo/7?token=secret";
    let answer = send(address, Version::Http1, Method::GET, path, &headers, "").await;
    assert_eq!(answer.status, 200);
    let lines = site.lines.all();
    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert!(!line.to_string().contains("secret"), "{line}");
    for (field, value) in [
        ("upstream_cluster", "backend"),
        ("upstream_addr", &*site.backend),
        ("grpc_service", "demo.echo.v1.EchoService"),
        ("grpc_method", "Get"),
        ("method", "GET"),
        ("path_template", "/v1/echo/{id}"),
        ("user_agent", "a\"},{\"b"),
        ("xff", "192.0.2.7"),
        ("authority", &*address.to_string()),
        ("grpc_status", "OK"),
    ] {
        assert_eq!(line[field], value, "{field} in {line}");
    }
    assert_eq!(line["attempts"], 1);
    assert_eq!(line["config_generation"], 1);
    assert_eq!(
        (&line["req_bytes"], &line["req_decoded_bytes"]),
        (&0.into(), &2.into())
    );
    assert_eq!(line["resp_bytes"], answer.text().len());
    assert!(line.get("response_flags").is_none() && line.get("principal").is_none());
    assert!(line["upstream_ms"].as_f64() <= line["duration_ms"].as_f64());
    assert!(line["deadline_left_ms"].as_f64() < line["deadline_ms"].as_f64());
}

#[tokio::test]
async fn of_sampled_calls_errors_have_a_line_all_the_same() {
    let backend = Backend::start().await;
    let keys = "access_log: { sample: 0, errors: server }\n";
    let site = Site::start(&backend.url, keys).await;
    for path in ["/v1/echo/7", "/none", "/v1/echo:fail?code=13"] {
        site.get(path).await;
    }
    let lines = site.lines.all();
    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert_eq!(line["grpc_status"], "INTERNAL");
    assert_eq!(line["response_code_details"], "upstream_status");
    assert_eq!(line["origin"], "upstream");
}
