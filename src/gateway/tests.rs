//! Schemas that join later.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

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

#[tokio::test]
async fn what_joins_may_add_and_never_take_away() {
    let text = r#"syntax = "proto3"; package p; message M { string a = 1; }
        service S { rpc Do(M) returns (M); }"#;
    let served = Folder::new("served", text);
    let same = Folder::new("same", &text.replace("rpc", "\n// Does it.\nrpc"));
    let other = Folder::new("other", &text.replace("string", "bytes"));

    let mut config = Config::for_upstream("http://127.0.0.1:1").unwrap();
    config.schema = vec![served.source()];
    let gateway = Gateway::start(config.clone(), |_| {}).await.unwrap();
    let calls = gateway.serving.load().calls.clone();
    let join = async |later: &Folder| {
        let mut join = Join {
            site: None,
            sources: sources::load(&config.schema, &config.upstreams, &calls, &mut |_| {})
                .await
                .unwrap(),
            later: vec![later.source()],
            config: config.clone(),
            serving: Arc::clone(&gateway.serving),
        };
        join.join(&mut |_| {}).await
    };
    let joined = join(&same).await.unwrap();
    assert_eq!(joined.method("/p.S/Do").unwrap().comment, "Does it.");

    let error = join(&other).await.unwrap_err().to_string();
    for folder in [&served, &other] {
        assert!(error.contains(&folder.0.display().to_string()), "{error}");
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
    let gateway = Gateway::start(config.clone(), |_| {}).await.unwrap();
    let calls = gateway.serving.load().calls.clone();
    let mut join = Join {
            site: None,
        sources: sources::load(&config.schema, &config.upstreams, &calls, &mut |_| {})
            .await
            .unwrap(),
        later: vec![other.source()],
        config,
        serving: Arc::clone(&gateway.serving),
    };
    let error = join.join(&mut |_| {}).await.unwrap_err().to_string();
    assert!(error.contains("/p.S/Get: GET /v1/m"), "{error}");
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
    let serving = Arc::downgrade(&gateway.serving);
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
