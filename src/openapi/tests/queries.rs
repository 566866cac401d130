//! Parameters of queries and paths.

use super::*;

#[test]
fn a_query_has_what_the_gateway_takes() {
    let text = method(r#"get: "/v1/{name=racks/*/books/**}""#)
        + r#"
        message Request {
          string name = 1;
          Filter filter = 2;
          repeated int64 ids = 3;
          map<string, bool> flags = 4;
          google.protobuf.Struct free = 5;
          google.protobuf.Timestamp at = 6;
          repeated Filter filters = 7;
          google.protobuf.Any any = 8;
          oneof one { string a = 9; Filter b = 10; }
        }
        message Filter { string kind = 1 [(google.api.field_behavior) = OUTPUT_ONLY]; string word = 2; Filter above = 3; }
        message Answer {}"#;
    let new = written(&text, Version::V32);
    let parameters = |document: &Value| {
        let item = &document["paths"]["/v1/racks/{rack}/books/{book}"];
        item["get"]["parameters"].as_array().unwrap().clone()
    };
    let all = parameters(&new);
    let names: Vec<_> = all
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "rack",
            "book",
            "filter.word",
            "ids",
            "flags",
            "free",
            "at",
            "a",
            "b.word"
        ]
    );
    assert_eq!(all[1]["allowReserved"], true);
    assert_eq!(all[1]["x-multi-segment"], true);
    assert_eq!(all[0]["x-field"], "name");
    assert_eq!(all[0]["x-field-template"], "racks/{rack}/books/{book}");
    assert_eq!(all[3]["style"], "form");
    assert_eq!(all[4]["style"], "deepObject");
    assert_eq!(
        all[5]["schema"],
        json!({ "type": "string", "contentMediaType": "application/json" })
    );
    assert_eq!(all[8]["x-oneof"], json!(["a", "b"]));
    let old = parameters(&written(&text, Version::V30));
    assert_eq!(old[1].get("allowReserved"), None);
    assert_eq!(old[5]["schema"], json!({ "type": "string" }));
}
