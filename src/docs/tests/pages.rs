//! What the pages of the demo say, and that they hold together.

use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use super::*;

/// The demo's site, made once for all tests.
pub(super) fn demo() -> &'static Served {
    static DEMO: OnceLock<Served> = OnceLock::new();
    DEMO.get_or_init(Served::demo)
}

/// All of its pages.
fn crawled() -> &'static BTreeMap<String, Page> {
    static PAGES: OnceLock<BTreeMap<String, Page>> = OnceLock::new();
    PAGES.get_or_init(|| demo().crawl())
}

#[test]
fn every_link_leads_to_a_page_and_to_a_place_on_it() {
    let (demo, pages) = (demo(), crawled());
    assert!(pages.len() > 100, "{}", pages.len());
    let ids: BTreeMap<&str, BTreeSet<String>> = pages
        .iter()
        .filter(|(_, page)| page.content_type == HTML)
        .map(|(path, page)| {
            let ids = attributes(&text(page), "id");
            (path.as_str(), ids.into_iter().collect())
        })
        .collect();
    for (path, page) in pages {
        assert_eq!(page.status, StatusCode::OK, "{path}");
        if page.content_type != HTML {
            continue;
        }
        for link in attributes(&text(page), "href") {
            let (target, place) = link.split_once('#').unwrap_or((&link, ""));
            if let Some(asset) = target.strip_prefix("/docs/assets/") {
                assert!(assets::find(asset).is_some(), "{path}: {link}");
            }
            let target = if target.is_empty() { path } else { target };
            if !place.is_empty() && demo.is_own(target) {
                assert!(ids[target].contains(place), "{path}: {link}");
            }
        }
    }
}

#[test]
fn every_page_has_one_title_headings_in_order_and_each_id_once() {
    for (path, page) in crawled() {
        if page.content_type != HTML {
            continue;
        }
        let html = text(page);
        let ids = attributes(&html, "id");
        let once: BTreeSet<_> = ids.iter().collect();
        assert_eq!(once.len(), ids.len(), "{path}: {ids:?}");
        // The list beside the text has headings of its own.
        let main = html.split("<main").nth(1).unwrap();
        let levels: Vec<u32> = main
            .match_indices("<h")
            .filter_map(|(at, _)| main[at + 2..].chars().next()?.to_digit(10))
            .collect();
        assert_eq!(
            levels.iter().filter(|level| **level == 1).count(),
            1,
            "{path}"
        );
        assert_eq!(levels.first(), Some(&1), "{path}");
        for pair in levels.windows(2) {
            assert!(pair[1] <= pair[0] + 1, "{path}: {levels:?}");
        }
    }
}

#[test]
fn no_page_has_scripts_or_styles_within_or_asks_others_for_anything() {
    for (path, page) in crawled() {
        if page.content_type != HTML {
            continue;
        }
        let html = text(page);
        assert!(!html.contains(" style="), "{path}");
        assert!(!html.contains("<style"), "{path}");
        for name in ["onclick", "onload", "onerror"] {
            assert!(!html.contains(&format!(" {name}=")), "{path}");
        }
        for source in attributes(&html, "src") {
            assert!(source.starts_with("/docs/assets/"), "{path}: {source}");
        }
        // What stands in the page itself is data.
        let data = html.matches("<script type=\"application/json\"").count();
        let scripts = html.matches("<script").count() - data;
        assert_eq!(scripts, attributes(&html, "src").len(), "{path}");
        assert!(page.body.len() < 300_000, "{path}: {}", page.body.len());
    }
}

#[test]
fn a_method_shows_its_bindings_its_fields_and_its_rules() {
    let demo = demo();
    let page = demo.body("/docs/demo.library.v1/LibraryService/GetBook");
    for part in [
        "<h1>GetBook</h1>",
        "Finds one book, by its name or by its ISBN",
        "/<wbr>isbn/",
        "<code>shelves/{shelf}/books/{book}</code>",
        "id=\"read_mask\"",
        "id=\"answer-title\"",
        "At least 1 character",
        "oneof <code>form</code>",
        "Poetry".to_uppercase().as_str(),
        "Verse.",
        "15 s",
        "4 MiB",
        "changes nothing",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let page = demo.body("/docs/demo.library.v1/LibraryService/FindBook");
    assert!(page.contains("should no longer be used"));
    let page = demo.body("/docs/demo.library.v1/LibraryService/UpdateBook");
    assert!(
        page.contains("id=\"book.title\""),
        "fields of messages within are there"
    );
}

#[test]
fn resources_lead_to_the_methods_that_read_them() {
    let page = demo().body("/docs/demo.library.v1/LibraryService/BorrowBook");
    assert!(page.contains("/docs/demo.library.v1/LibraryService/GetBook\">GetBook</a>"));
    assert!(page.contains("/docs/demo.library.v1/LibraryService/ListBooks\">ListBooks</a>"));
}

#[test]
fn the_prefix_is_that_of_the_site() {
    let mut demo = Served::demo();
    for prefix in ["/reference/api", ""] {
        prefix.clone_into(&mut demo.site.prefix);
        let path = format!("{prefix}/demo.chat.v1/ChatService/Send");
        let page = demo.body(&path);
        assert!(!page.contains("\"/docs"), "{prefix}");
        assert!(page.contains(&format!("href=\"{prefix}/demo.chat.v1/ChatService\"")));
    }
    demo.site.prefix = "/docs".to_owned();
    for elsewhere in [
        "/docsx",
        "/",
        "/other",
        "/docs/none",
        "/docs/demo.chat.v1/No",
        "/docs/%ff",
    ] {
        assert_eq!(
            demo.page(elsewhere).status,
            StatusCode::NOT_FOUND,
            "{elsewhere}"
        );
    }
    assert_eq!(demo.page("/docs/").status, StatusCode::OK);
}

#[test]
fn search_finds_names_paths_urls_and_words() {
    let demo = demo();
    for (asked, first) in [
        ("GetBook", "LibraryService/GetBook"),
        ("getbook", "LibraryService/GetBook"),
        ("word_count", "messages/Book#word_count"),
        ("wordCount", "messages/Book#word_count"),
        ("demo.library.v1.Genre", "enums/Genre"),
        ("POETRY", "enums/Genre#POETRY"),
        ("/v1/shelves/a/books/b:borrow", "LibraryService/BorrowBook"),
        (
            "http://localhost/v1/rooms/r/messages?x=y",
            "ChatService/ListMessages",
        ),
        ("{shelf}/books/{book}:move", "LibraryService/MoveBook"),
        ("brings back", "LibraryService/ReturnBook"),
    ] {
        let query = format!("q={}", asked.replace(' ', "+").replace('&', "%26"));
        let page = demo.body(&format!("/docs/search?{query}"));
        let results = page.split("<ol class=\"results\">").nth(1).expect(asked);
        let link = attributes(results, "href").into_iter().next().unwrap();
        assert!(link.ends_with(first), "{asked}: {link}");
    }
    let page = demo.body("/docs/search?q=GetBok");
    assert!(page.contains("Did you mean"));
}

#[test]
fn the_index_has_what_search_finds() {
    let demo = demo();
    let index: serde_json::Value = serde_json::from_str(&demo.body("/docs/search.json")).unwrap();
    let entries = index["entries"].as_array().unwrap();
    let kinds = index["kinds"].as_array().unwrap();
    let get_book = entries.iter().find(|entry| entry[1] == "GetBook").unwrap();
    assert_eq!(
        kinds[usize::try_from(get_book[0].as_u64().unwrap()).unwrap()],
        "method"
    );
    assert_eq!(get_book[3], "/demo.library.v1/LibraryService/GetBook");
    assert_eq!(
        get_book[4],
        "GET /v1/shelves/{shelf}/books/{book}\nGET /v1/isbn/{isbn}"
    );
    for entry in entries {
        let path = entry[3].as_str().unwrap().split('#').next().unwrap();
        assert_eq!(
            demo.page(&format!("/docs{path}")).status,
            StatusCode::OK,
            "{path}"
        );
    }
}

#[test]
fn errors_are_read_in_every_form() {
    let demo = demo();
    for (pasted, says) in [
        (
            r#"{"code":5,"message":"no such book","details":[]}"#,
            "NOT_FOUND",
        ),
        (
            r#"{"code":"not_found","message":"no such book"}"#,
            "NOT_FOUND",
        ),
        (
            r#"{"error":{"code":404,"message":"no such book","status":"NOT_FOUND"}}"#,
            "NOT_FOUND",
        ),
        (
            r#"{"title":"NOT_FOUND","status":404,"detail":"no such book"}"#,
            "NOT_FOUND",
        ),
        (
            r#"data: {"error":{"code":5,"message":"no such book"}}"#,
            "NOT_FOUND",
        ),
        ("CAUSDG5vIHN1Y2ggYm9vaw", "NOT_FOUND"),
        (
            "grpc-status-details-bin: CAUSDG5vIHN1Y2ggYm9vaw==",
            "NOT_FOUND",
        ),
        (
            "event: error\ndata: {\"code\":5,\"message\":\"no such book\"}\n\n",
            "NOT_FOUND",
        ),
        (
            "{\"id\":\"1\"}\n{\"error\":{\"code\":5,\"message\":\"no such book\"}}\n",
            "NOT_FOUND",
        ),
        (
            "[{\"id\":\"1\"},{\"error\":{\"code\":5,\"message\":\"no such book\"}}]",
            "NOT_FOUND",
        ),
        (
            "[{\"id\":\"1\"},\n{\"error\":{\"code\":5,\"message\":\"no such book\"}}\n",
            "NOT_FOUND",
        ),
        ("nonsense!", "no error that can be read"),
        (r#"{"code":true}"#, "no error that can be read"),
        ("[[[[", "no error that can be read"),
    ] {
        let query: String =
            percent_encoding::utf8_percent_encode(pasted, percent_encoding::NON_ALPHANUMERIC)
                .to_string();
        let page = demo.body(&format!("/docs/errors?error={query}"));
        let result = page.split("class=\"result\"").nth(1).unwrap();
        let result = result.split("</section>").next().unwrap();
        assert!(result.contains(says), "{pasted}: {result}");
        assert_eq!(
            result.contains("no such book"),
            says == "NOT_FOUND",
            "{pasted}"
        );
    }
}

#[test]
fn details_of_errors_are_opened_by_the_schema() {
    use prost::Message as _;
    let status = crate::call::Status::invalid_field("days", "expected a number");
    let rpc = crate::call::details::RpcStatus::decode(status.details.clone()).unwrap();
    assert_eq!(rpc.details.len(), 1);
    let base64 = base64_simd::STANDARD_NO_PAD.encode_to_string(&status.details);
    let query = percent_encoding::utf8_percent_encode(&base64, percent_encoding::NON_ALPHANUMERIC);
    let page = demo().body(&format!("/docs/errors?error={query}"));
    assert!(page.contains("fieldViolations"), "{page}");
    assert!(page.contains("/docs/google.rpc/messages/BadRequest"));
}

#[test]
fn details_of_hidden_types_are_not_opened() {
    use crate::call::details::{Any, RpcStatus};
    use prost::Message as _;
    let served = Served::text(
        r#"
        syntax = "proto3"; package p;
        import "google/api/visibility.proto";
        service S { rpc M(Shown) returns (Shown); }
        message Shown { string id = 1; string secret = 2 [(google.api.field_visibility).restriction = "X"]; }
        message Hidden { option (google.api.message_visibility).restriction = "X"; string content = 1; }
        "#,
    );
    // Fields 1 and 2 as texts.
    let value = bytes::Bytes::from_static(b"\x0a\x04seen\x12\x04hush");
    let details = ["p.Shown", "p.Hidden"].map(|name| Any {
        type_url: format!("type.googleapis.com/{name}"),
        value: value.clone(),
    });
    let status = RpcStatus {
        code: 5,
        details: details.into(),
        ..RpcStatus::default()
    };
    let base64 = base64_simd::STANDARD_NO_PAD.encode_to_string(status.encode_to_vec());
    let query = percent_encoding::utf8_percent_encode(&base64, percent_encoding::NON_ALPHANUMERIC);
    let page = served.body(&format!("/docs/errors?error={query}"));
    assert!(page.contains("seen"), "{page}");
    assert!(page.contains("12 bytes of a type that the schema does not have"));
    assert!(
        !page.contains("hush") && !page.contains("content&quot;"),
        "{page}"
    );
}

#[test]
fn pages_may_call_the_servers_that_are_configured_and_no_others() {
    let callable = [
        "https://a.example/base",
        "http://b.example:1",
        "https://c.example;x",
    ];
    let site = Site {
        callable: callable.map(str::to_owned).into(),
        ..Site::default()
    };
    let policy = security_policy(&site);
    let calls = "connect-src 'self' https://a.example wss://a.example http://b.example:1 \
                 ws://b.example:1;";
    assert!(policy.contains(calls), "{policy}");
}

#[test]
fn markdown_pages_say_the_same() {
    let demo = demo();
    let page = demo.body("/docs/demo.library.v1/LibraryService/GetBook.md");
    assert!(page.contains("# GetBook") && page.contains("GET /v1/shelves/{shelf}/books/{book}"));
    let page = demo.body("/docs/demo.library.v1/messages/Book.md");
    assert!(page.contains("```proto\n// A book on a shelf.\nmessage Book {"));
    let index = demo.body("/docs/llms.txt");
    assert!(index.contains("(http://localhost:8080/docs/demo.chat.v1/ChatService/Send.md)"));
}

#[test]
fn a_page_has_a_tag_that_follows_its_text() {
    let demo = demo();
    let (one, two) = (demo.page("/docs/errors"), demo.page("/docs/errors"));
    assert_eq!(one.etag, two.etag);
    assert_ne!(one.etag, demo.page("/docs").etag);
}

#[test]
fn a_url_is_tested_without_being_called() {
    let demo = demo();
    let method = "/docs/demo.library.v1/LibraryService/GetBook";
    for (asked, says) in [
        (
            "verb=GET&url=/v1/shelves/a/books/b?readMask=title",
            "sets the field",
        ),
        (
            "verb=GET&url=https://x.example/v1/isbn/123",
            "LibraryService/GetBook",
        ),
        ("verb=DELETE&url=/v1/isbn/123", "405."),
        ("verb=GET&url=/v1/shelvs/a/books/b", "404."),
        ("url=/v1/isbn/123", "It calls"),
    ] {
        let (verb, url) = asked.split_once("url=").unwrap();
        let url = percent_encoding::utf8_percent_encode(url, percent_encoding::NON_ALPHANUMERIC);
        for page in ["/docs/test", method] {
            let html = demo.body(&format!("{page}?{verb}url={url}"));
            let result = html.split("class=\"result\"").nth(1).unwrap();
            assert!(result.contains(says), "{page} {asked}: {says}");
        }
    }
    assert!(!demo.body(method).contains("class=\"result\""));
}

#[test]
fn versions_of_an_api_are_compared() {
    let demo = demo();
    let page = demo.body("/docs/demo.library.v1");
    let changes = "/docs/changes?from=demo.library.v1&to=demo.library.v2";
    assert!(attributes(&page, "href").iter().any(|link| link == changes));
    let page = demo.body(changes);
    assert!(
        page.contains("id=\"s-breaking\""),
        "methods of v1 are gone in v2"
    );
    assert!(demo.body("/docs/changes").contains("v1 → v2"));
}

#[test]
fn revisions_are_told_on_the_pages_and_in_a_feed() {
    let text = |body: &str| {
        format!("syntax = \"proto3\"; package t; message M {{}} service S {{ {body} }}")
    };
    let old = Served::text(&text("rpc Old(M) returns (M); rpc Same(M) returns (M);"));
    let mut new = Served::text(&text("rpc New(M) returns (M); rpc Same(M) returns (M);"));
    let feed = "/docs/changes.atom";
    assert!(!new.body(feed).contains("<entry>"));
    let at = |seconds| moment::Moment::of(UNIX_EPOCH + Duration::from_secs(seconds));
    let revisions = vec![(at(0), old.catalog), (at(86_400), new.catalog)];
    new.timeline = timeline::Timeline::of(revisions, Some);
    new.catalog = Served::text(&text("rpc New(M) returns (M); rpc Same(M) returns (M);")).catalog;

    let page = new.body("/docs/changes");
    assert!(page.contains("1 that break somebody, 1 that add"), "{page}");
    assert!(
        page.contains("<h2 id=\"r-1970-01-02T00-00-00Z\">"),
        "{page}"
    );
    let time = "<time datetime=\"1970-01-02T00:00:00Z\">1970-01-02</time>";
    for path in ["/docs/t/S", "/docs/t/S/New"] {
        assert!(new.body(path).contains(time), "{path}");
    }
    assert!(!new.body("/docs/t/S/Same").contains("<time"));
    assert!(
        new.body("/docs")
            .contains("title=\"Changes\" href=\"/docs/changes.atom\"")
    );

    let one = new.page(feed);
    assert_eq!((one.content_type, &one.etag), (ATOM, &new.page(feed).etag));
    let atom = new.body(feed);
    assert!(
        atom.contains("<updated>1970-01-02T00:00:00Z</updated>"),
        "{atom}"
    );
    assert!(atom.contains("<id>http://localhost:8080/docs/changes#r-1970-01-02T00-00-00Z</id>"));
    assert!(atom.contains("&lt;code&gt;t.S.Old&lt;/code&gt;: removed (breaks gRPC, JSON, REST)"));
}
