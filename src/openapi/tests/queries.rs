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

#[test]
fn a_query_of_more_fields_than_anybody_reads_says_that_there_are_more() {
    let fields = |prefix: &str| -> String {
        (1..=40)
            .map(|n| format!("string {prefix}{n} = {n};"))
            .collect()
    };
    let text = method(r#"get: "/v1/books""#)
        + &format!(
            "message Request {{ {} Filter filter = 50; }} message Filter {{ {} }} message Answer {{}}",
            fields("f"),
            fields("g"),
        );
    let operation = &written(&text, Version::V31)["paths"]["/v1/books"]["get"];
    assert_eq!(operation["parameters"].as_array().unwrap().len(), 60);
    let description = operation["description"].as_str().unwrap();
    assert!(
        description.contains("more fields than are listed"),
        "{description}"
    );
}

#[test]
fn a_mask_that_the_gateway_fills_can_be_hidden() {
    let text = method(r#"patch: "/v1/books" body: "book""#)
        + "message Request { Book book = 1; google.protobuf.FieldMask update_mask = 2; string by = 3; }
           message Book { string title = 1; } message Answer {}";
    let names = |update_mask| {
        let options = Options {
            update_mask,
            ..Options::default()
        };
        let config = Config {
            options,
            ..Config::default()
        };
        let document = written_by(&text, Version::V31, &config);
        let parameters = document["paths"]["/v1/books"]["patch"]["parameters"].clone();
        let names = parameters.as_array().unwrap().iter();
        names.map(|one| one["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(UpdateMask::Listed), ["updateMask", "by"]);
    assert_eq!(names(UpdateMask::Hidden), ["by"]);
}
