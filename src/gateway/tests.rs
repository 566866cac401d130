//! Schemas that join later.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use super::live::Slot;
use super::*;

/// A folder with `p.proto`, removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, text: &str) -> Self {
        let unique = format!("transom-join-{name}-{}", std::process::id());
        let root = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&root).unwrap();
        std::fs::write(root.join("p.proto"), text).unwrap();
        Self(root)
    }

    fn source(&self) -> SourceConfig {
        SourceConfig::Protos {
            dir: self.0.clone(),
            upstream: "upstream".to_owned(),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Has a folder join, as a backend's schema does, and says what operators are told then.
async fn join(gateway: &Gateway, later: &Folder) -> Vec<String> {
    let source = later.source();
    let mut state = gateway.live.state().await;
    state.slots.truncate(1);
    state.slots.push(Slot::new(source.clone(), None));
    let upstream = state.config.upstreams[0].clone();
    drop(state);
    let loaded = sources::try_load(&source, &upstream, &nobody())
        .await
        .unwrap();
    gateway.live.offer(0, 1, loaded).await;
    gateway.live.told.lines()
}

/// Files need no upstream.
fn nobody() -> Upstream {
    Upstream::build([], 1).unwrap()
}

#[tokio::test]
async fn what_joins_may_add_and_never_take_away() {
    let text = r#"syntax = "proto3"; package p; message M { string a = 1; }
        service S { rpc Do(M) returns (M); }"#;
    let served = Folder::new("served", text);
    let same = Folder::new("same", &text.replace("rpc", "\n// Does it.\nrpc"));
    let other = Folder::new("other", &text.replace("string", "bytes"));

    let mut config = Config::for_upstream("http://127.0.0.1:1").unwrap();
    config.schema = vec![served.source()];
    let gateway = Gateway::start(config, |_| {}).await.unwrap();
    let told = join(&gateway, &same).await;
    assert_eq!(told, ["configuration 1, schema 2"]);
    assert_eq!(
        gateway.schema().method("/p.S/Do").unwrap().comment,
        "Does it."
    );

    let told = join(&gateway, &other).await.join("\n");
    for folder in [&served, &other] {
        assert!(told.contains(&folder.0.display().to_string()), "{told}");
    }
    assert!(gateway.schema().method("/p.S/Do").is_some());
    gateway.drain().await;
}

#[tokio::test]
async fn what_joins_takes_no_rest_path_from_another_method() {
    let text = r#"syntax = "proto3"; package p; import "google/api/annotations.proto"; message M {}
        service S { rpc Do(M) returns (M);
        rpc Get(M) returns (M) { option (google.api.http) = { get: "/v1/m" }; } }"#;
    let bound = r#"returns (M) { option (google.api.http) = { get: "/v1/m" }; } rpc Get"#;
    let served = Folder::new("bound", text);
    let other = Folder::new(
        "rebound",
        &text.replace("returns (M);\n        rpc Get", bound),
    );

    let mut config = Config::for_upstream("http://127.0.0.1:1").unwrap();
    config.schema = vec![served.source()];
    let gateway = Gateway::start(config, |_| {}).await.unwrap();
    let told = join(&gateway, &other).await.join("\n");
    assert!(
        told.contains("was refused") && told.contains("/v1/m"),
        "{told}"
    );
    gateway.drain().await;
}

#[tokio::test]
async fn a_route_that_nothing_served_has_is_told_at_the_start() {
    let served = Folder::new(
        "idle",
        r#"syntax = "proto3"; package p; message M {} service S { rpc Do(M) returns (M); }"#,
    );
    let mut config = Config::for_upstream("http://127.0.0.1:1").unwrap();
    config.schema = vec![served.source()];
    for selector in ["p.S.*", "p.T.*"] {
        let applies = protocol::options::Applies::selector(selector).unwrap();
        let options = Arc::<protocol::Options>::default();
        let route = protocol::options::Route::always(applies, options);
        config.protocol.routes.push(route);
    }
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let gateway = Gateway::start(config, move |progress| {
        if let Progress::Ineffective(reason) = progress {
            tell.lock().unwrap().push((*reason).to_owned());
        }
    });
    gateway.await.unwrap().drain().await;
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("routes[1] (p.T.*)") && told[0].contains("`p.S.*`"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_gateway_that_is_dropped_no_longer_waits_for_a_backend() {
    let served = Folder::new(
        "dropped",
        r#"syntax = "proto3"; package p; message M {} service S { rpc Do(M) returns (M); }"#,
    );
    let mut config = Config::for_upstream("http://127.0.0.1:1").unwrap();
    config.schema.push(served.source());
    let gateway = Gateway::start(config, |_| {}).await.unwrap();
    let serving = Arc::downgrade(&gateway.live.serving);
    drop(gateway);
    let gone = async {
        while serving.strong_count() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone)
        .await
        .unwrap();
}

/// A gateway before nobody, whose schema is this folder.
async fn of(folder: &Folder) -> (Gateway, Config) {
    let mut config = Config::for_upstream("http://127.0.0.1:1").unwrap();
    config.schema = vec![folder.source()];
    let gateway = Gateway::start(config.clone(), |_| {}).await.unwrap();
    (gateway, config)
}

/// What the folder's source brings now is offered.
async fn offered(gateway: &Gateway, folder: &Folder, text: &str) -> Vec<String> {
    std::fs::write(folder.0.join("p.proto"), text).unwrap();
    let state = gateway.live.state().await;
    let (epoch, upstream) = (state.epoch, state.config.upstreams[0].clone());
    drop(state);
    let loaded = sources::try_load(&folder.source(), &upstream, &nobody())
        .await
        .unwrap();
    gateway.live.offer(epoch, 0, loaded).await;
    gateway.live.told.lines()
}

const ONE: &str = r#"syntax = "proto3"; package p; message M { string a = 1; }
    service S { rpc Do(M) returns (M); }"#;

#[tokio::test]
async fn a_schema_that_breaks_clients_is_refused_once_and_forgotten_when_it_is_mended() {
    let folder = Folder::new("guarded", ONE);
    let (gateway, _) = of(&folder).await;
    let other = ONE.replace("string a = 1", "int32 b = 1");
    for _ in 0..2 {
        let told = offered(&gateway, &folder, &other).await;
        assert_eq!(told[0], "configuration 1, schema 1");
        assert!(told[1].contains("was refused"), "{told:?}");
        assert!(told.iter().any(|line| line.contains("p.M.b")), "{told:?}");
        assert_eq!(gateway.live.told.metrics().schema_refused, 1);
    }
    // A comment is another schema, and breaks nobody.
    let mended = ONE.replace("string", "/* Told. */ string");
    let told = offered(&gateway, &folder, &mended).await;
    assert_eq!(told, ["configuration 1, schema 2"]);
    let told = offered(&gateway, &folder, &mended).await;
    assert_eq!(told, ["configuration 1, schema 2"], "the same does nothing");
    gateway.drain().await;
}

#[tokio::test]
async fn what_breaks_clients_is_served_where_that_is_configured() {
    let folder = Folder::new("allowed", ONE);
    let (gateway, mut config) = of(&folder).await;
    let other = ONE.replace("Do(M)", "Done(M)");
    offered(&gateway, &folder, &other).await;
    assert!(gateway.schema().method("/p.S/Do").is_some());
    config.schema_reload.on_breaking = OnBreaking::Warn;
    gateway.reload(config).await.unwrap();
    let told = offered(&gateway, &folder, &other).await;
    assert_eq!(told, ["configuration 2, schema 2"]);
    assert!(gateway.schema().method("/p.S/Done").is_some());
    gateway.drain().await;
}

#[tokio::test]
async fn a_file_that_does_not_compile_keeps_what_was_served() {
    let folder = Folder::new("uncompiled", ONE);
    std::fs::write(
        folder.0.join("q.proto"),
        ONE.replace("package p", "package q"),
    )
    .unwrap();
    let (gateway, _) = of(&folder).await;
    let told = offered(&gateway, &folder, "message {").await;
    assert!(told[1].contains("do not compile"), "{told:?}");
    assert!(gateway.schema().method("/p.S/Do").is_some());
    let told = offered(&gateway, &folder, ONE).await;
    assert_eq!(told, ["configuration 1, schema 1"]);
    gateway.drain().await;
}

#[tokio::test]
async fn a_configuration_that_is_refused_changes_nothing() {
    let folder = Folder::new("steady", ONE);
    let (gateway, config) = of(&folder).await;
    let served = gateway.schema();
    let mut twice = config.clone();
    twice.upstreams.push(twice.upstreams[0].clone());
    let mut nobody = config.clone();
    nobody.schema = vec![SourceConfig::Reflection {
        upstream: "upstream".to_owned(),
    }];
    let mut absent = config.clone();
    absent.schema = vec![SourceConfig::Descriptors {
        path: folder.0.join("none.binpb"),
        upstream: "upstream".to_owned(),
    }];
    for (refused, why) in [
        (twice, "two upstreams"),
        (nobody, "no source"),
        (absent, "none.binpb"),
    ] {
        let error = gateway.reload(refused).await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        let told = gateway.live.told.lines();
        assert!(told[1].contains(why), "{told:?}");
        assert!(Arc::ptr_eq(&gateway.schema(), &served));
    }
    let mut other = config.clone();
    other.workers = NonZeroUsize::new(7).unwrap();
    other.listener.timeouts.idle = Duration::from_secs(7);
    let taken = gateway.reload(other).await.unwrap();
    assert_eq!(taken.generation, 2);
    assert_eq!(taken.fixed, ["workers", "timeouts.connection_idle"]);
    assert_eq!(gateway.live.told.lines(), ["configuration 2, schema 1"]);
    assert!(
        Arc::ptr_eq(&gateway.schema(), &served),
        "documents are of a schema, and need not be made again"
    );
    gateway.drain().await;
}

/// The folder's upstream and source, under which a configuration has this other folder.
fn instead(config: &Config, folder: &Folder) -> Config {
    let mut config = config.clone();
    config.schema = vec![folder.source()];
    config
}

#[tokio::test]
async fn what_a_configuration_puts_in_a_sources_place_is_judged_as_what_the_source_brings() {
    let (one, two) = (Folder::new("judged", ONE), Folder::new("instead", ONE));
    std::fs::write(two.0.join("p.proto"), ONE.replace("string a", "int32 a")).unwrap();
    let (gateway, config) = of(&one).await;
    let served = gateway.schema();
    let other = instead(&config, &two);
    let error = gateway.reload(other.clone()).await.unwrap_err().to_string();
    assert!(
        error.contains("p.M.a: is int32 instead of string") && error.contains("on_breaking: warn"),
        "{error}"
    );
    assert!(Arc::ptr_eq(&gateway.schema(), &served));
    assert_eq!(gateway.live.told.metrics().schema_refused, 1);
    let told = gateway.live.told.lines().join("\n");
    assert!(told.contains("p.M.a: is int32"), "{told}");

    let mut meant = other;
    meant.schema_reload.on_breaking = OnBreaking::Warn;
    gateway.reload(meant).await.unwrap();
    assert_eq!(gateway.live.told.lines(), ["configuration 2, schema 2"]);
    gateway.drain().await;
}

#[tokio::test]
async fn what_a_configuration_takes_away_is_meant() {
    let one = Folder::new("kept", ONE);
    let two = Folder::new("taken", &ONE.replace("package p", "package q"));
    std::fs::rename(two.0.join("p.proto"), two.0.join("q.proto")).unwrap();
    let mut config = Config::for_upstream("http://127.0.0.1:1").unwrap();
    config.schema = vec![one.source(), two.source()];
    let gateway = Gateway::start(config.clone(), |_| {}).await.unwrap();
    gateway.reload(instead(&config, &one)).await.unwrap();
    assert!(gateway.schema().method("/q.S/Do").is_none());
    assert!(gateway.schema().method("/p.S/Do").is_some());
    gateway.drain().await;
}
