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

/// A name as queries write it, the same as a way through JSON, and its value in both.
type Name = (&'static str, &'static [&'static str], Leaf, &'static str);

#[derive(Clone, Copy, Debug)]
enum Leaf {
    Text,
    Flag,
    Element,
    Entry(&'static str),
}

const NAMES: [Name; 24] = [
    ("name", &["name"], Leaf::Text, "x"),
    ("n%61me", &["name"], Leaf::Text, "y"),
    ("number", &["number"], Leaf::Text, "7"),
    ("bigNumber", &["bigNumber"], Leaf::Text, "-1"),
    ("big_number", &["bigNumber"], Leaf::Text, "2"),
    ("tags", &["tags"], Leaf::Element, "a"),
    ("numbers", &["numbers"], Leaf::Element, "0"),
    ("labels[a]", &["labels"], Leaf::Entry("a"), "1"),
    ("labels%5Bb.c%5D", &["labels"], Leaf::Entry("b.c"), "2"),
    ("colors[1]", &["colors"], Leaf::Entry("1"), "RED"),
    ("text", &["text"], Leaf::Text, "t"),
    ("count", &["count"], Leaf::Text, "0"),
    ("flag", &["flag"], Leaf::Flag, "true"),
    ("color", &["color"], Leaf::Text, "BLUE"),
    ("wrapped", &["wrapped"], Leaf::Text, "3"),
    ("maybe", &["maybe"], Leaf::Text, "0"),
    ("time", &["time"], Leaf::Text, "1970-01-01T00:00:01Z"),
    ("child.name", &["child", "name"], Leaf::Text, "c"),
    ("child.text", &["child", "text"], Leaf::Text, "t"),
    ("child.count", &["child", "count"], Leaf::Text, "1"),
    ("child.tags", &["child", "tags"], Leaf::Element, "b"),
    (
        "child.labels[a]",
        &["child", "labels"],
        Leaf::Entry("a"),
        "3",
    ),
    (
        "child.child.big_number",
        &["child", "child", "bigNumber"],
        Leaf::Text,
        "9",
    ),
    ("utm_source", &[], Leaf::Text, "z"),
];

/// Puts a value into a JSON tree; false where a query may not say that too.
fn put(tree: &mut serde_json::Value, way: &[&str], leaf: Leaf, text: &str) -> bool {
    use serde_json::{Value, json};
    let Some((name, rest)) = way.split_first() else {
        return true;
    };
    let object = tree.as_object_mut().unwrap();
    let rival = match *name {
        "text" => "count",
        "count" => "text",
        _ => "",
    };
    if object.contains_key(rival) {
        return false;
    }
    if !rest.is_empty() {
        return put(object.entry(*name).or_insert(json!({})), rest, leaf, text);
    }
    let before = match leaf {
        Leaf::Text => object.insert((*name).to_owned(), text.into()),
        Leaf::Flag => object.insert((*name).to_owned(), true.into()),
        Leaf::Element => {
            let list = object.entry(*name).or_insert(json!([]));
            list.as_array_mut().unwrap().push(text.into());
            None
        }
        Leaf::Entry(key) => {
            let map = object.entry(*name).or_insert(json!({}));
            map.as_object_mut()
                .unwrap()
                .insert(key.to_owned(), Value::from(text))
        }
    };
    before.is_none()
}

proptest::proptest! {
    /// A query and a form mean what the same values mean as a JSON tree to another reader, or are
    /// refused where the tree would need a place twice.
    #[test]
    fn values_by_name_mean_what_a_json_tree_means(picks in proptest::collection::vec(0..NAMES.len(), 0..12)) {
        let schema = schema();
        let mut tree = serde_json::json!({});
        let mut pairs = Vec::new();
        let mut fits = true;
        for pick in picks {
            let (key, way, leaf, value) = NAMES[pick];
            pairs.push(format!("{key}={value}"));
            fits = fits && put(&mut tree, way, leaf, value);
        }
        let text = pairs.join("&");
        let mut options = Options::default();
        options.read.unknown = crate::transcode::Unknown::Ignore;
        let bind = |verb: &str, path: &str, query, payload| {
            let Route::Found { binding, captures } = schema.route(verb, path) else {
                panic!("{verb} {path} is not bound")
            };
            let request = Request { path, captures: &captures, query, payload };
            message(schema.plans(), binding, &request, &options)
        };
        let results = [
            bind("GET", "/v1/all", Some(text.as_str()), Payload::Empty),
            bind("POST", "/v1/echo", None, Payload::Form(text.clone().into())),
        ];
        let all = schema.pool().get_message_by_name("rest.v1.All").unwrap();
        for bound in results {
            let Ok(bound) = bound else {
                proptest::prop_assert!(!fits, "{} is refused", text);
                continue;
            };
            proptest::prop_assert!(fits, "{} is taken", text);
            let ours = prost_reflect::DynamicMessage::decode(all.clone(), bound.payload_bytes()).unwrap();
            let theirs = prost_reflect::DynamicMessage::deserialize(all.clone(), tree.clone()).unwrap();
            proptest::prop_assert_eq!(ours, theirs, "{}", text);
        }
    }
}
