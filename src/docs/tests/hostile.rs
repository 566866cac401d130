//! Descriptors and addresses that are out to do harm, and APIs that are too large.

use std::fmt::Write as _;

use super::*;

#[test]
fn comments_and_addresses_bring_no_html() {
    let evil = r#"<script>alert(1)</script> "><img src=x onerror=alert(1)> [x](javascript:alert(1)) `<b>`"#;
    let served = Served::text(&format!(
        r#"
        // {evil}
        syntax = "proto3";
        // {evil}
        package evil.v1;
        import "google/api/annotations.proto";
        // {evil}
        service Evil {{
          // {evil}
          //
          // {evil}
          rpc Do(In) returns (Out) {{ option (google.api.http) = {{ get: "/evil/{{kind}}" }}; }}
        }}
        // {evil}
        message In {{
          // {evil}
          string name = 1 [json_name = "<script>alert(1)</script>"];
          // {evil}
          Kind kind = 2;
          // {evil}
          oneof one {{
            // {evil}
            string a = 3;
            string b = 4;
          }}
        }}
        message Out {{ In in = 1; }}
        // {evil}
        enum Kind {{
          // {evil}
          ZERO = 0;
        }}
        "#
    ));
    let mut pages = served.crawl();
    assert!(pages.len() > 15, "{:?}", pages.keys());
    let evil = percent_encoding::utf8_percent_encode(evil, percent_encoding::NON_ALPHANUMERIC);
    for path in [
        "search?q=",
        "errors?error=",
        "test?url=",
        "test?verb=",
        "changes?from=",
        "nowhere/",
    ] {
        let path = format!("/docs/{path}{evil}");
        let page = served.page(&path);
        pages.insert(path, page);
    }
    for (path, page) in pages {
        if page.content_type != HTML {
            continue;
        }
        let html = text(&page);
        let plain = html
            .replace("<script type=\"application/json\"", "")
            .replace("<script type=\"module\"", "");
        assert_eq!(plain.matches("<script").count(), 1, "{path}");
        assert!(!html.contains("<img"), "{path}");
        assert!(!html.contains("<b>"), "{path}");
        assert!(!html.contains("href=\"javascript"), "{path}");
    }
}

#[test]
fn names_of_the_sites_own_pages_can_be_names_of_packages() {
    let file = |package: &str| {
        format!(
            "syntax = \"proto3\"; {package}
             message M {{ enums e = 1; }} enum enums {{ A = 0; }}
             service messages {{ rpc enums(M) returns (M); }}"
        )
    };
    let (search, none) = (file("package search;"), file(""));
    let served = Served::texts(&[("a.proto", &search), ("b.proto", &none)]);
    for path in [
        "/docs/~search",
        "/docs/~search/~messages",
        "/docs/~search/~messages/enums",
        "/docs/~search/messages/M",
        "/docs/~search/enums/enums",
        "/docs/~",
        "/docs/~/~messages/enums",
        "/docs/~/messages/M",
    ] {
        assert_eq!(served.page(path).status, StatusCode::OK, "{path}");
    }
    assert!(served.body("/docs/search").contains("<h1>Search</h1>"));
    for (path, page) in served.crawl() {
        assert_eq!(page.status, StatusCode::OK, "{path}");
    }
}

#[test]
fn a_thousand_methods_make_no_large_page() {
    let mut proto =
        "syntax = \"proto3\"; package big.v1; import \"google/api/annotations.proto\";\n\
         message M { string name = 1; }\nservice Big {\n"
            .to_owned();
    for at in 0..1000 {
        let _ = writeln!(
            proto,
            "// Does the {at}th of a thousand things, as everybody expects.\n\
             rpc DoSomethingLong{at}(M) returns (M) {{ option (google.api.http) = {{ get: \"/v1/something/{at}/{{name}}\" }}; }}"
        );
    }
    proto.push('}');
    let served = Served::text(&proto);
    for path in [
        "/docs",
        "/docs/big.v1",
        "/docs/big.v1/Big",
        "/docs/big.v1/Big?page=5",
        "/docs/big.v1/Big/DoSomethingLong500",
        "/docs/coverage",
        "/docs/search?q=do",
    ] {
        let size = served.body(path).len();
        assert!(size < 250_000, "{path}: {size}");
    }
    assert!(
        served
            .body("/docs/big.v1/Big?page=5")
            .contains("DoSomethingLong999")
    );
    assert!(
        served
            .body("/docs/big.v1/Big?page=99999999")
            .contains("Page 5 of 5")
    );
}

#[test]
fn messages_that_hold_themselves_and_wide_ones_end() {
    let mut proto = "syntax = \"proto3\"; package wide.v1;\n\
         message Tree { repeated Tree children = 1; map<string, Tree> named = 2; Wide wide = 3; Other other = 4; }\n\
         message Other { Tree tree = 1; Other other = 2; Wide wide = 3; }\n\
         service Trees { rpc Grow(Tree) returns (Tree); }\nmessage Wide {\n"
        .to_owned();
    for at in 1..=3000 {
        let _ = writeln!(proto, "Other field_{at} = {at};");
    }
    proto.push('}');
    let served = Served::text(&proto);
    let page = served.body("/docs/wide.v1/Trees/Grow");
    assert!(page.len() < 500_000, "{}", page.len());
    assert!(page.contains("more fields"));
    let _ = served.body("/docs/wide.v1/messages/Wide");
}

#[test]
fn what_is_hidden_is_nowhere() {
    let proto = r#"
        syntax = "proto3"; package seen.v1;
        import "google/api/visibility.proto"; import "google/api/annotations.proto";
        service Seen {
          rpc Public(M) returns (M) { option (google.api.http) = { get: "/v1/public" }; }
          rpc Secretive(M) returns (M) {
            option (google.api.http) = { get: "/v1/secretive" };
            option (google.api.method_visibility).restriction = "STAFF";
          }
        }
        message M {
          string open = 1;
          string secretive_field = 2 [(google.api.field_visibility).restriction = "STAFF"];
          SecretiveType secretive_type = 3 [(google.api.field_visibility).restriction = "STAFF"];
        }
        message SecretiveType { string x = 1; }
    "#;
    let sources = || vec![source("test", "up", &[("t.proto", proto)])];
    let schema = || Schema::build(sources(), &Options::default()).unwrap();
    let public = Served::of(schema(), &[]);
    for (path, page) in public.crawl() {
        let text = String::from_utf8_lossy(&page.body).to_lowercase();
        assert!(!text.contains("secretive"), "{path}");
        assert!(!text.contains("staff"), "{path}");
    }
    for path in [
        "search?q=secretive_field",
        "search?q=/v1/secretive",
        "search?q=Seen/Secretve",
        "seen.v1/Seen/Secretive",
    ] {
        let page = public.page(&format!("/docs/{path}"));
        let results = text(&page);
        assert!(!results.contains("/Seen/Secretive\""), "{path}");
        assert!(!results.contains("#secretive_field"), "{path}");
    }
    assert!(public.crawl().contains_key("/docs/api.binpb"));
    let staff = Served::of(schema(), &["STAFF"]);
    assert!(staff.body("/docs/seen.v1").contains("Secretive"));
}
