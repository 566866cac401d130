//! How the schema follows its sources, and what of another configuration needs a restart.

use std::time::Duration;

use super::*;
use crate::gateway::{OnBreaking, SchemaReload};

const UPSTREAM: &str = "upstreams: { a: { url: 'http://h:1' } }\n";

#[test]
fn how_the_schema_follows_its_sources_is_chosen() {
    let reload = |text: &str| {
        let settings = settings(&format!("{UPSTREAM}{text}")).unwrap();
        settings.gateway.schema_reload
    };
    assert_eq!(reload(""), SchemaReload::default());
    assert_eq!(
        reload("schema_reload: { reflection_interval: 5m, on_breaking: warn }\n"),
        SchemaReload {
            reflection_interval: Duration::from_secs(300),
            on_breaking: OnBreaking::Warn,
        }
    );
    assert_eq!(
        error(&format!(
            "{UPSTREAM}schema_reload: {{ reflection_interval: 10ms }}\n"
        )),
        "transom.yaml:2:39: schema_reload.reflection_interval: found `10ms`, expected at least 1s"
    );
}

#[test]
fn files_that_hold_keys_are_files_of_the_configuration() {
    let text = format!(
        "{UPSTREAM}http_rules: [rules.yaml]\ndocs: {{ logo: logo.svg }}\nschema: [{{ protos: protos }}]\n"
    );
    let files = settings(&text).unwrap().files();
    assert_eq!(
        files,
        ["transom.yaml", "rules.yaml", "logo.svg"].map(PathBuf::from)
    );
}

#[test]
fn what_needs_a_restart_is_known_by_its_key() {
    let tls = "tls: { certificate: a.pem, key: a.key }\n";
    let before = settings(&format!("{UPSTREAM}{tls}")).unwrap();
    let moved = settings(&format!("{tls}{UPSTREAM}")).unwrap();
    assert_eq!(before.fixed(&moved), Vec::<&str>::new());
    let other = "log: { level: debug }\naccess_log: { sample: 0.5 }\ntls: { certificate: b.pem, key: a.key }\n";
    let other = settings(&format!("{UPSTREAM}{other}")).unwrap();
    assert_eq!(before.fixed(&other), ["tls", "log", "access_log"]);
}
