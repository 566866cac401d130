//! The section `oauth2` of an upstream: what it becomes, and what is said of wrong values and files.

use super::*;
use crate::control::oauth::Auth;

/// A file with an upstream that has these keys besides.
fn with(keys: &str) -> String {
    format!("upstreams:\n  a: {{ url: 'https://h:1', {keys} }}\n")
}

#[test]
fn what_one_would_write_is_read() {
    let keys = "oauth2: { token_endpoint: 'https://id.example/token', client_id: edge, \
                client_secret_file: a.secret, auth: post, scopes: [a, b], resources: ['urn:a'] }";
    let settings = settings(&with(keys)).unwrap();
    let oauth = settings.gateway.upstreams[0].oauth.clone().unwrap();
    assert_eq!(oauth.token_endpoint.to_string(), "https://id.example/token");
    assert_eq!(oauth.auth, Auth::Post("a.secret".into()));
    assert_eq!(oauth.scopes, ["a", "b"]);
    assert_eq!(
        (oauth.audience, oauth.resources),
        (None, vec!["urn:a".to_owned()])
    );
}

#[test]
fn an_error_says_where_and_what_was_expected() {
    let who = "token_endpoint: 'https://id.example/token', client_id: edge";
    let secret = "client_secret_file: a.secret";
    for (keys, expected) in [
        (
            "{ client_id: edge }".to_owned(),
            "2:36: upstreams.a.oauth2: expected `token_endpoint` and `client_id`",
        ),
        (
            format!("{{ {who} }}"),
            "2:36: upstreams.a.oauth2.client_secret_file: found none, expected a file with the password of the client",
        ),
        (
            format!("{{ {who}, auth: tls_client }}"),
            "2:105: upstreams.a.oauth2.auth: found `auth: tls_client` without a client certificate, expected one in \
             the upstream's `tls`",
        ),
        (
            format!("{{ {who}, auth: tls_client, {secret} }}"),
            "2:137: upstreams.a.oauth2.client_secret_file: found it beside `auth: tls_client`, expected none: a \
             certificate is shown",
        ),
        (
            format!("{{ {who}, {secret}, scopes: [a b] }}"),
            "2:137: upstreams.a.oauth2.scopes: found `a b`, expected a scope without spaces",
        ),
        (
            format!("{{ {who}, {secret}, timeout: 2m }}"),
            "2:138: upstreams.a.oauth2.timeout: found `2m`, expected more than 0s and at most 1m",
        ),
        (
            format!("{{ {who}, client_secret: s3cret }}"),
            "2:99: upstreams.a.oauth2: unknown key `client_secret`; did you mean `client_secret_file`?",
        ),
        (
            "{ token_endpoint: 'http://id.example/token', client_id: edge }".to_owned(),
            "2:54: upstreams.a.oauth2.token_endpoint: found \"http://id.example/token\", expected https://: without \
             TLS only this host itself is asked, as 127.0.0.1, [::1] or localhost",
        ),
    ] {
        let error = error(&with(&format!("oauth2: {keys}")));
        assert_eq!(error, format!("transom.yaml:{expected}"), "{keys}");
    }
}

#[test]
fn files_that_are_no_good_are_told_with_their_place() {
    let folder = std::env::temp_dir().join(format!("transom-oauth2-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("transom.yaml");
    let text = "upstreams:\n  a:\n    url: http://127.0.0.1:1\n    oauth2:\n\
                \x20     token_endpoint: http://127.0.0.1:1/\n      client_id: edge\n\
                \x20     client_secret_file: a.secret\n";
    std::fs::write(&path, text).unwrap();
    let load = || load(Some(&path), &Flags::default()).and_then(Settings::with_files);
    std::fs::write(folder.join("a.secret"), "\n").unwrap();
    let error = load().unwrap_err().to_string();
    let place = "transom.yaml:7:27: upstreams.a.oauth2.client_secret_file: ";
    assert!(error.contains(place), "{error}");
    assert!(
        error.ends_with("found an empty file, expected a secret"),
        "{error}"
    );

    std::fs::write(folder.join("a.secret"), "s3cret\n").unwrap();
    let settings = load().unwrap();
    assert!(!format!("{settings:?}").contains("s3cret"));
    std::fs::remove_dir_all(&folder).unwrap();
}
