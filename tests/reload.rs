//! Another configuration and another schema while calls run, on real sockets.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use http::Method;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::{TcpListenerStream, UnboundedReceiverStream};
use tonic::Streaming;
use tonic::transport::Channel;
use transom::config::{self, Flags};
use transom::demo::pb::demo::echo::v1::Item;
use transom::demo::pb::demo::echo::v1::echo_service_client::EchoServiceClient;
use transom::gateway::{Config, Gateway, SchemaReload};
use transom::schema::Source;

use crate::support::{Answer, Backend, Version, send};

/// A part of the demo's schema.
const PART: &str = r#"
syntax = "proto3";
package demo.echo.v1;
import "google/api/annotations.proto";
service EchoService {
  rpc Get(GetRequest) returns (Small) { option (google.api.http) = {get: "/v1/echo/{id}"}; }
  rpc Converse(stream Item) returns (stream Item);
}
message GetRequest { int64 id = 1; }
message Small { int64 id = 1; }
message Item { int64 index = 1; string text = 2; }
"#;

/// A folder with a configuration and its schema, in front of the demo's backend.
struct Site {
    folder: PathBuf,
    backend: Backend,
    gateway: Gateway,
}

impl Site {
    async fn start(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("reload-{name}"));
        std::fs::create_dir_all(folder.join("protos")).unwrap();
        std::fs::write(folder.join("protos/echo.proto"), PART).unwrap();
        let backend = Backend::start().await;
        let text = configuration(&backend.url, "");
        std::fs::write(folder.join("transom.yaml"), text).unwrap();
        let settings = config::load(Some(&folder.join("transom.yaml")), &Flags::default());
        let gateway = Gateway::start(settings.unwrap().gateway, |_| {})
            .await
            .unwrap();
        Self {
            folder,
            backend,
            gateway,
        }
    }

    /// Writes the schema, and puts it in place of the one that is there.
    fn write(&self, text: &str) {
        let next = self.folder.join("protos/.next");
        std::fs::write(&next, text).unwrap();
        std::fs::rename(next, self.folder.join("protos/echo.proto")).unwrap();
    }

    async fn reload(&self, keys: &str) -> Result<u64, String> {
        let text = configuration(&self.backend.url, keys);
        let file = self.folder.join("transom.yaml");
        std::fs::write(&file, text).unwrap();
        match config::load(Some(&file), &Flags::default()) {
            Ok(settings) => match self.gateway.reload(settings.gateway).await {
                Ok(reloaded) => Ok(reloaded.generation),
                Err(error) => Err(error.to_string()),
            },
            Err(error) => {
                self.gateway.refuse(&error.to_string());
                Err(error.to_string())
            }
        }
    }

    async fn get(&self, path: &str) -> Answer {
        send(
            self.gateway.address(),
            Version::Http1,
            Method::GET,
            path,
            &[],
            "",
        )
        .await
    }

    async fn admin(&self, path: &str) -> String {
        let address = self.gateway.admin_address().unwrap();
        let answer = send(address, Version::Http1, Method::GET, path, &[], "").await;
        answer.text().to_owned()
    }

    /// Waits until operators are told this.
    async fn told(&self, part: &str) -> String {
        loop {
            let ready = self.admin("/readyz").await;
            assert!(ready.starts_with("ok\n"), "{ready}");
            if ready.contains(part) {
                return ready;
            }
            tokio::task::yield_now().await;
        }
    }
}

fn configuration(url: &str, keys: &str) -> String {
    format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\nworkers: 2\n\
         upstreams: {{ backend: {{ url: '{url}' }} }}\n\
         schema: [{{ protos: protos, upstream: backend }}]\n{keys}"
    )
}

/// Calls that go on until they are stopped.
struct Load {
    stop: Arc<AtomicBool>,
    made: Arc<AtomicU64>,
    callers: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    fn start(site: &Site) -> Self {
        let (stop, made) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let callers = (0..4).map(|_| {
            let (address, stop, made) =
                (site.gateway.address(), Arc::clone(&stop), Arc::clone(&made));
            tokio::spawn(async move {
                let mut failed = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let path = "/v1/echo/7";
                    let answer = send(address, Version::Http2, Method::GET, path, &[], "").await;
                    made.fetch_add(1, Ordering::Relaxed);
                    if answer.status != 200 || answer.json()["id"] != "7" {
                        failed.push(format!("{} {}", answer.status, answer.text()));
                    }
                }
                failed
            })
        });
        Self {
            callers: callers.collect(),
            stop,
            made,
        }
    }

    /// Waits until so many more calls were made.
    async fn more(&self, calls: u64) {
        let enough = self.made.load(Ordering::Relaxed) + calls;
        while self.made.load(Ordering::Relaxed) < enough {
            tokio::task::yield_now().await;
        }
    }

    /// Ends it; none has failed.
    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for caller in self.callers {
            assert_eq!(caller.await.unwrap(), Vec::<String>::new());
        }
    }
}

/// A stream both ways that stays open.
struct Conversation {
    say: mpsc::UnboundedSender<Item>,
    heard: Streaming<Item>,
    said: i64,
}

impl Conversation {
    async fn start(site: &Site) -> Self {
        let url = format!("http://{}", site.gateway.address());
        let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
        let (say, said) = mpsc::unbounded_channel();
        let mut client = EchoServiceClient::new(channel);
        say.send(Item::default()).unwrap();
        let heard = client.converse(UnboundedReceiverStream::new(said)).await;
        let mut heard = heard.unwrap().into_inner();
        heard.message().await.unwrap().unwrap();
        Self {
            say,
            heard,
            said: 0,
        }
    }

    /// One message there and back.
    async fn goes_on(&mut self) {
        self.said += 1;
        let item = Item {
            index: self.said,
            ..Item::default()
        };
        self.say.send(item.clone()).unwrap();
        assert_eq!(self.heard.message().await.unwrap(), Some(item));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_added_is_served_and_no_call_fails() {
    let site = Site::start("added").await;
    let load = Load::start(&site);
    let mut conversation = Conversation::start(&site).await;
    assert_eq!(
        site.get("/v1/echo/7").await.json(),
        serde_json::json!({"id": "7"})
    );
    site.write(&PART.replace(
        "Small { int64 id = 1;",
        "Small { int64 id = 1; string name = 2;",
    ));
    site.told("schema 2").await;
    assert_eq!(site.get("/v1/echo/7").await.json()["name"], "small-7");
    load.more(50).await;
    load.end().await;
    conversation.goes_on().await;
    let metrics = site.admin("/metrics").await;
    assert!(
        metrics.contains("gateway_descriptor_generation 2"),
        "{metrics}"
    );
    site.gateway.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_used_for_something_else_is_refused_and_the_old_schema_serves() {
    let site = Site::start("reused").await;
    let load = Load::start(&site);
    site.write(&PART.replace("Small { int64 id = 1;", "Small { string name = 1;"));
    let ready = site.told("was refused, since it breaks clients").await;
    assert!(ready.contains("demo.echo.v1.Small.name: "), "{ready}");
    assert!(ready.contains("configuration 1, schema 1"), "{ready}");
    load.more(50).await;
    load.end().await;
    let metrics = site.admin("/metrics").await;
    assert!(
        metrics.contains("gateway_schema_refused_total 1"),
        "{metrics}"
    );

    // Something that breaks nobody is served again, and nothing is wrong any more.
    site.write(&PART.replace(
        "Small { int64 id = 1;",
        "Small { int64 id = 1; bool even = 3;",
    ));
    let ready = site.told("schema 2").await;
    assert_eq!(ready, "ok\nconfiguration 1, schema 2\n");
    site.gateway.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_configuration_adds_an_upstream_while_a_stream_runs() {
    let site = Site::start("config").await;
    let mut conversation = Conversation::start(&site).await;
    let other = Backend::start().await;
    let shop = PART
        .replace("demo.echo.v1", "shop.v1")
        .replace("/v1/echo/", "/v1/shop/");
    std::fs::create_dir_all(site.folder.join("shop")).unwrap();
    std::fs::write(site.folder.join("shop/shop.proto"), shop).unwrap();
    assert_eq!(site.get("/v1/shop/7").await.status, 404);
    let text = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\nworkers: 2\n\
         upstreams: {{ backend: {{ url: '{}' }}, other: {{ url: '{}' }} }}\n\
         schema: [{{ protos: protos, upstream: backend }}, {{ protos: shop, upstream: other }}]\n",
        site.backend.url, other.url
    );
    std::fs::write(site.folder.join("transom.yaml"), text).unwrap();
    let settings = config::load(Some(&site.folder.join("transom.yaml")), &Flags::default());
    let reloaded = site
        .gateway
        .reload(settings.unwrap().gateway)
        .await
        .unwrap();
    assert_eq!(reloaded.generation, 2);
    assert_eq!(reloaded.fixed, Vec::<&str>::new());
    // The demo has no such service; it is asked, and says so.
    assert_eq!(site.get("/v1/shop/7").await.status, 501);
    assert_eq!(site.get("/v1/echo/7").await.status, 200);
    conversation.goes_on().await;
    let clusters = site.admin("/clusters").await;
    assert!(clusters.contains("\"other\""), "{clusters}");
    site.gateway.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn good_and_bad_configurations_in_turn_fail_no_call_and_cut_no_stream() {
    let site = Site::start("turns").await;
    let turns: u64 = match std::env::var_os("RUN_SLOW_TESTS") {
        Some(_) => 100,
        None => 20,
    };
    let load = Load::start(&site);
    let mut conversations = Vec::new();
    for _ in 0..turns {
        conversations.push(Conversation::start(&site).await);
    }
    let mut generation = 1;
    for turn in 0..turns {
        if turn % 2 == 0 {
            let keys = format!("timeouts: {{ unary: {}s }}\n", 10 + turn);
            let taken = site.reload(&keys).await.unwrap();
            assert_eq!(taken, generation + 1);
            generation = taken;
        } else {
            let error = site.reload("limits: { url: many }\n").await.unwrap_err();
            assert!(error.contains("limits.url"), "{error}");
            let ready = site.admin("/readyz").await;
            assert!(ready.contains("limits.url"), "{ready}");
        }
        load.more(10).await;
    }
    load.end().await;
    for conversation in &mut conversations {
        conversation.goes_on().await;
    }
    let metrics = site.admin("/metrics").await;
    for (result, count) in [("taken", turns / 2), ("refused", turns / 2)] {
        let line = format!("gateway_config_reload_total{{result=\"{result}\"}} {count}");
        assert!(metrics.contains(&line), "{metrics}");
    }
    // All calls went over the connections that there were from the start.
    let clusters: serde_json::Value = serde_json::from_str(&site.admin("/clusters").await).unwrap();
    let endpoint = &clusters[0]["endpoints"][0];
    assert_eq!(endpoint["disconnected"], 0, "{clusters}");
    drop(conversations);
    site.gateway.drain().await;
}

/// A backend that tells its schema and serves nothing, until it is told to stop.
pub(crate) struct Reflecting {
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Reflecting {
    pub(crate) fn on(listener: TcpListener, folder: &Path, text: &str) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("p.proto"), text).unwrap();
        let compiled = Source::proto_files(folder, "backend".into()).unwrap();
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(&compiled.source.descriptors)
            .build_v1()
            .unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tonic::transport::Server::builder()
            .add_service(reflection)
            .serve_with_incoming_shutdown(TcpListenerStream::new(listener), async {
                let _ = stopped.await;
            });
        let ended = tokio::spawn(async move { serving.await.unwrap() });
        Self { stop, ended }
    }

    async fn stop(self) {
        drop(self.stop);
        self.ended.await.unwrap();
    }
}

#[tokio::test]
async fn a_backend_that_comes_back_with_another_schema_is_asked_at_once() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reload-reconnect");
    let text = "syntax = \"proto3\"; package p; message M { string a = 1; }
        service S { rpc Do(M) returns (M); }";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let before = Reflecting::on(listener, &folder, text);

    let mut config = Config::for_upstream(&format!("http://{address}")).unwrap();
    config.schema_reload = SchemaReload {
        reflection_interval: std::time::Duration::from_secs(3600),
        ..SchemaReload::default()
    };
    let gateway = Gateway::start(config, |_| {}).await.unwrap();
    let call = async || {
        let path = "/p.S/Do";
        let json = [("content-type", "application/json")];
        send(
            gateway.address(),
            Version::Http1,
            Method::POST,
            path,
            &json,
            "{}",
        )
        .await
    };
    assert_eq!(call().await.status, 501);
    before.stop().await;

    let listener = TcpListener::bind(address).await.unwrap();
    let text = text.replace("rpc Do", "rpc More(M) returns (M); rpc Do");
    let _after = Reflecting::on(listener, &folder, &text);
    while gateway.schema().method("/p.S/More").is_none() {
        call().await;
    }
    gateway.drain().await;
}
