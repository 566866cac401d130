//! What a URL hits, or why nothing.

use serde_json::json;

use super::super::probe::{Found, Probe, probe};
use super::*;

const TEXT: &str = r#"
service Books {
  rpc Get(Book) returns (Book) { option (google.api.http) = { get: "/v1/{name=shelves/*/books/*}" additional_bindings { post: "/v1/books:search" body: "*" } }; }
  rpc Put(Book) returns (Book) { option (google.api.http) = { put: "/v1/n/{number}" body: "inner" }; }
  rpc Secret(Book) returns (Book) { option (google.api.method_visibility).restriction = "X"; option (google.api.http) = { get: "/v1/secret" additional_bindings { delete: "/v1/n/{number}" } }; }
  rpc Own(Book) returns (Book) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Stream(Book) returns (stream Book);
}
message Book { string name = 1; int32 number = 2; Inner inner = 3; repeated string tags = 4; map<string, int32> counts = 5; }
message Inner { bool yes = 1; }
"#;

fn asked(verb: &str, url: &str) -> Probe {
    let schema = schema(TEXT);
    probe(&schema, &Config::default(), &of(&schema), verb, url)
}

fn found(verb: &str, url: &str) -> Found {
    match asked(verb, url) {
        Probe::Found(found) => *found,
        other => panic!("{verb} {url}: {other:?}"),
    }
}

#[test]
fn every_piece_of_a_url_is_told() {
    let found = found(
        "get",
        "https://api.example.com/v1/shelves/s%201/books/b?number=7&tags=a&tags=b&counts[x]=1&name=z&nope=1&inner.yes=true#frag",
    );
    assert_eq!(found.rpc, "b.v1.Books/Get");
    assert_eq!(found.operation.as_deref(), Some("Books_Get"));
    assert_eq!(found.binding, "GET /v1/{name=shelves/*/books/*}");
    assert_eq!(found.refused, None);
    assert_eq!(
        found.message,
        Some(json!({
            "name": "shelves/s 1/books/b", "number": 7, "inner": {"yes": true}, "tags": ["a", "b"],
            "counts": {"x": 1},
        }))
    );
    let told: Vec<_> = found
        .values
        .iter()
        .map(|v| (v.place, v.key.as_str(), v.field.as_deref(), v.fate))
        .collect();
    assert_eq!(
        told,
        [
            ("path", "name", Some("name"), "taken"),
            ("query", "number", Some("number"), "taken"),
            ("query", "tags", Some("tags"), "taken"),
            ("query", "tags", Some("tags"), "taken"),
            ("query", "counts[x]", Some("counts"), "taken"),
            ("query", "name", None, "bound"),
            ("query", "nope", None, "unknown"),
            ("query", "inner.yes", Some("inner.yes"), "taken"),
        ]
    );
}

#[test]
fn a_value_that_does_not_fit_is_told_as_the_gateway_tells_it() {
    for (verb, url, message) in [
        ("PUT", "/v1/n/seven", "number: expected an int32"),
        (
            "GET",
            "/v1/shelves/a/books/b?number=x",
            "number: expected an int32",
        ),
        (
            "GET",
            "/v1/shelves/a/books/b?number=1&number=2",
            "number: found twice",
        ),
        (
            "GET",
            "/v1/shelves/a/books/b?inner=1",
            "inner: found in the query, but it is a message",
        ),
        ("GET", "/v1/shelves/a/books/b?tags=%zz", "found `%` without"),
    ] {
        let found = found(verb, url);
        let refused = found.refused.unwrap();
        assert_eq!(refused.status, 400, "{url}");
        assert!(
            refused.message.contains(message),
            "{url}: {}",
            refused.message
        );
        assert!(
            found.values.iter().any(|value| value.fate == "refused"),
            "{url}"
        );
        assert_eq!(found.message, None);
    }
    for (url, status) in [("/v1/../x", 400), ("/v1/%zz", 400)] {
        assert!(
            matches!(asked("GET", url), Probe::Refused { status: found, .. } if found == status),
            "{url}: {:?}",
            asked("GET", url)
        );
    }
    let long = format!("/v1/{}", "a".repeat(9000));
    assert!(matches!(
        asked("GET", &long),
        Probe::Refused { status: 414, .. }
    ));
    assert!(matches!(
        asked("G T", "/v1"),
        Probe::Refused { status: 400, .. }
    ));
}

#[test]
fn another_verb_is_told_without_what_is_hidden() {
    let Probe::WrongVerb { verb, allow } = asked("GET", "/v1/n/7") else {
        panic!()
    };
    assert_eq!(
        (verb.as_str(), allow),
        ("GET", vec!["OPTIONS".to_owned(), "PUT".to_owned()])
    );
    let hidden = [
        ("GET", "/v1/secret"),
        ("POST", "/v1/secret"),
        ("DELETE", "/v1/n/7"),
    ];
    for (verb, url) in hidden {
        let found = asked(verb, url);
        assert!(
            matches!(found, Probe::NotFound { .. }),
            "{verb} {url}: {found:?}"
        );
        assert!(!format!("{found:?}").contains("Secret"));
    }
}

#[test]
fn what_is_not_there_has_neighbours() {
    let nearest = |verb: &str, url: &str| match asked(verb, url) {
        Probe::NotFound { nearest } => {
            let all = nearest.into_iter();
            all.map(|near| near.operation).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(nearest("GET", "/v1/shelfs/a/books/b"), ["Books_Get"]);
    assert_eq!(nearest("POST", "/v1/books:serch"), ["Books_Get_2"]);
    assert_eq!(
        nearest("GET", "/entirely/other/things/here/now"),
        Vec::<String>::new()
    );
}

#[test]
fn own_paths_answer_as_connect_does() {
    let post = found("POST", "/b.v1.Books/Own");
    assert_eq!(post.operation.as_deref(), Some("Books_Own"));
    assert_eq!(post.body, "message");
    let bare = found("GET", "/b.v1.Books/Own").refused.unwrap();
    assert_eq!(bare.status, 415, "{}", bare.message);
    let get = found(
        "GET",
        "/b.v1.Books/Own?connect=v1&encoding=json&message=%7B%22name%22:%22a%22%7D",
    );
    assert_eq!(
        (get.refused, get.message),
        (None, Some(json!({"name": "a"})))
    );
    let get = found("POST", "/b.v1.Books/Get");
    assert_eq!((get.operation, get.refused), (None, None));
    assert_eq!(
        found("POST", "/b.v1.Books/Stream").refused.unwrap().status,
        415
    );
    assert!(matches!(
        asked("PUT", "/b.v1.Books/Own"),
        Probe::WrongVerb { .. }
    ));
    assert!(matches!(
        asked("POST", "/b.v1.Books/Secret"),
        Probe::NotFound { .. }
    ));
}

#[test]
fn a_handshake_calls_whatever_shape() {
    let own = found("GET", "wss://a.example/b.v1.Books/Stream");
    assert_eq!((own.rpc.as_str(), own.refused), ("b.v1.Books/Stream", None));
    assert_eq!(own.binding, "WebSocket /b.v1.Books/Stream");
    let bound = found("GET", "ws://a.example/v1/books:search");
    assert_eq!(bound.binding, "POST /v1/books:search");
}

#[test]
fn any_text_is_asked_without_a_panic() {
    let schema = schema(TEXT);
    let catalog = of(&schema);
    for text in [
        "",
        "#",
        "?",
        "://",
        "x://",
        "/?&=&[=]",
        "/\u{0}",
        "/v1/é\u{202e}",
        "//",
        "/v1/n/%",
        "*",
        "http://",
    ] {
        for verb in ["GET", "", "*", "é", "OPTIONS", "TRACE", "CONNECT"] {
            let _ = probe(&schema, &Config::default(), &catalog, verb, text);
        }
    }
}

const VEILED: &str = r#"
service Books {
  rpc Get(Book) returns (Book) { option (google.api.http) = { get: "/v1/{name}" additional_bindings { get: "/v1/kinds/{kind}" } }; }
}
message Book {
  string name = 1;
  Kind kind = 2;
  string secret = 3 [(google.api.field_visibility).restriction = "X"];
  map<string, string> secret_map = 4 [(google.api.field_visibility).restriction = "X"];
  Inner inner = 5;
  Hidden whole = 6;
}
message Inner { bool yes = 1; bool hidden_member = 2 [(google.api.field_visibility).restriction = "X"]; }
message Hidden { option (google.api.message_visibility).restriction = "X"; string a = 1; }
enum Kind { NONE = 0; OPEN = 1; SHUT = 2 [(google.api.value_visibility).restriction = "X"]; }
"#;

#[test]
fn a_hidden_name_is_told_as_one_that_nobody_declared() {
    let schema = schema(VEILED);
    let catalog = of(&schema);
    let mut strict = Config::default();
    let mut options = (*strict.options).clone();
    options.rest.unknown_query = crate::protocol::rest::UnknownQuery::Refuse;
    strict.options = options.into();
    let pairs = [
        ("secret=1", "secrat=1"),
        ("secret.a=1", "secrat.a=1"),
        ("secret=1&secret=2", "secrat=1&secrat=2"),
        ("secret_map[k]=1", "secrat_map[k]=1"),
        ("secretMap=1", "secratMap=1"),
        ("inner.hiddenMember=yes", "inner.hiddanMember=yes"),
        ("whole.a=1", "whale.a=1"),
        ("whole=1", "whale=1"),
        ("%73ecret=1", "secrat=1"),
        ("kind=SHUT", "kind=SHAT"),
    ];
    for config in [Config::default(), strict] {
        let asked = |url: &str| format!("{:?}", probe(&schema, &config, &catalog, "GET", url));
        for (hidden, undeclared) in pairs {
            let told = asked(&format!("/v1/a?{hidden}"));
            let told = told.replace("secret", "secrat").replace("SHUT", "SHAT");
            let told = told.replace("hidden", "hiddan").replace("whole", "whale");
            assert_eq!(told, asked(&format!("/v1/a?{undeclared}")), "{hidden}");
        }
        let told = asked("/v1/kinds/SHUT").replace("SHUT", "SHAT");
        assert_eq!(told, asked("/v1/kinds/SHAT"));
        assert!(asked("/v1/kinds/OPEN").contains("OPEN"));
        assert!(!asked("/v1/a?kind=2").contains("SHUT"));
    }
}
