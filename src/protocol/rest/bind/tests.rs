//! What binding costs: allocations of a request do not grow with its values.

use allocation_counter::measure;

use super::*;
use crate::protocol::rest::body::Payload;
use crate::protocol::rest::multipart::Boundary;
use crate::protocol::rest::tests::schema;
use crate::schema::Route;

/// Allocations of binding one request, once everything is warm.
fn allocations(verb: &str, uri: &str, payload: &Payload) -> u64 {
    let schema = schema();
    let uri: http::Uri = uri.parse().unwrap();
    let Route::Found { binding, captures } = schema.route(verb, uri.path()) else {
        panic!("{verb} {uri} is not bound")
    };
    let request = Request {
        path: uri.path(),
        captures: &captures,
        query: uri.query(),
        payload: payload.clone(),
    };
    let options = Options::default();
    let bind = || {
        message(schema.plans(), binding, &request, &options)
            .map(drop)
            .unwrap()
    };
    for _ in 0..3 {
        bind();
    }
    let count = measure(bind).count_total;
    assert!(
        count > 0,
        "nothing was counted: a message is a buffer at least"
    );
    count
}

/// Twenty values of every kind, and others that are ignored. Together they fit the message's first
/// buffer, which is not what is counted here.
const VALUES: [&str; 20] = [
    "name=a%20b",
    "number=7",
    "bigNumber=-1",
    "tags=a",
    "tags=b+c",
    "labels[a]=1",
    "labels%5Bb%5D=%32",
    "colors[1]=RED",
    "child.name=x",
    "child.child.number=1",
    "color=BLUE",
    "data=AA==",
    "ratio=1.5",
    "text=t",
    "time=1970-01-01T00:00:01Z",
    "span=1.5s",
    "wrapped=1",
    "maybe=0",
    "utm_source=%25",
    "nope.at.all=1",
];

#[test]
fn a_query_allocates_alike_for_one_value_and_for_twenty() {
    let one = allocations("GET", "/v1/all?number=7", &Payload::Empty);
    let twenty = allocations(
        "GET",
        &format!("/v1/all?{}", VALUES.join("&")),
        &Payload::Empty,
    );
    assert_eq!(one, twenty);
    let none = allocations("GET", "/v1/all", &Payload::Empty);
    assert_eq!(one, none, "a query costs more than no query");
}

#[test]
fn a_form_and_a_path_allocate_nothing_for_a_value_either() {
    let form = |text: String| Payload::Form(text.into());
    let fields = &VALUES[..18];
    let one = allocations("POST", "/v1/echo", &form("number=7".to_owned()));
    let many = allocations("POST", "/v1/echo", &form(fields.join("&")));
    assert_eq!(one, many);
    let path = allocations("GET", "/v1/all/a%20b", &Payload::Empty);
    assert_eq!(path, allocations("GET", "/v1/all", &Payload::Empty));
}

#[test]
fn text_parts_allocate_alike_for_one_and_for_ten() {
    let parts = |count: usize| {
        let part = "--X\r\ncontent-disposition: form-data; name=\"tags\"\r\n\r\na\r\n";
        Payload::Multipart {
            boundary: Boundary::of("multipart/form-data; boundary=X").unwrap(),
            data: format!("{}--X--", part.repeat(count)).into(),
        }
    };
    let one = allocations("POST", "/v1/echo", &parts(1));
    assert_eq!(one, allocations("POST", "/v1/echo", &parts(10)));
}
