//! Bodies of requests and answers.

use super::*;

const HTTP_BODY: &str =
    "message Request { string id = 1; google.api.HttpBody file_data = 2; } message Answer {}";

#[test]
fn a_field_of_bytes_is_taken_as_it_is_and_as_a_part() {
    let bytes = json!({ "schema": { "contentMediaType": "application/octet-stream" } });
    let body = |rule: &str, version| {
        let document = written(&(method(rule) + HTTP_BODY), version);
        document["paths"]["/v1/a"]["post"]["requestBody"].clone()
    };
    let rule = r#"post: "/v1/a" body: "file_data""#;
    for version in [Version::V31, Version::V32] {
        let body = body(rule, version);
        assert_eq!(media(&body), ["multipart/form-data", "*/*"]);
        assert_eq!(body["content"]["*/*"], bytes);
        let parts = &body["content"]["multipart/form-data"]["schema"];
        assert_eq!(parts["properties"], json!({ "fileData": bytes["schema"] }));
    }
    let old = body(rule, Version::V30);
    let parts = &old["content"]["multipart/form-data"]["schema"];
    assert_eq!(
        parts["properties"],
        json!({ "fileData": { "type": "string", "format": "binary" } })
    );
    let whole = "service S { rpc M(google.api.HttpBody) returns (Answer) { option (google.api.http) = { post: \"/v1/a\" body: \"*\" }; } } message Answer {}";
    let whole = written(whole, Version::V31);
    assert_eq!(
        media(&whole["paths"]["/v1/a"]["post"]["requestBody"]),
        ["*/*"]
    );
}

#[test]
fn a_stream_of_events_has_an_example_where_it_can_be_written() {
    let text = r#"
        service S { rpc M(Answer) returns (stream Answer) { option (google.api.http) = { get: "/v1/a" }; } }
        message Answer { int64 seq = 1; }"#;
    let events = |version| {
        let document = written(text, version);
        let content = &document["paths"]["/v1/a"]["get"]["responses"]["200"]["content"];
        content["text/event-stream"].clone()
    };
    assert_eq!(
        events(Version::V32)["examples"],
        json!({ "two": { "serializedValue": "data: {\"seq\":\"1\"}\n\ndata: {\"seq\":\"1\"}\n\n" } })
    );
    for version in [Version::V30, Version::V31] {
        assert_eq!(events(version).get("examples"), None);
    }
}

#[test]
fn what_the_path_binds_is_no_part_of_the_body() {
    let text = method(r#"post: "/v1/{id}/{inner.id}" body: "*""#)
        + r#"
        message Request { string id = 1; Inner inner = 2; Inner other = 3; }
        message Inner { string id = 1; string name = 2; }
        message Answer {}"#;
    let document = written(&text, Version::V31);
    let post = &document["paths"]["/v1/{id}/{inner.id}"]["post"];
    let body = &post["requestBody"];
    assert_eq!(body.get("required"), None);
    assert_eq!(
        body["content"]["application/json"]["schema"],
        json!({ "$ref": "#/components/schemas/t.S.MBody" })
    );
    let own = &document["components"]["schemas"]["t.S.MBody"]["properties"];
    assert_eq!(
        own["inner"]["properties"],
        json!({ "name": { "type": "string" } })
    );
    assert_eq!(
        own["other"],
        json!({ "$ref": "#/components/schemas/t.Inner" })
    );
    assert_eq!(own.get("id"), None);
}

#[test]
fn a_field_is_a_body_and_an_answer() {
    let text = method(r#"put: "/v1/a" body: "tags" response_body: "counts""#)
        + r#"
        message Request { repeated string tags = 1 [(google.api.field_behavior) = REQUIRED]; string rest = 2; }
        message Answer { map<string, int64> counts = 1; }"#;
    let document = written(&text, Version::V31);
    let put = &document["paths"]["/v1/a"]["put"];
    assert_eq!(put["requestBody"]["required"], true);
    assert_eq!(
        put["requestBody"]["content"]["application/json"]["schema"],
        json!({ "type": "array", "items": { "type": "string" } })
    );
    let answer = &put["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(answer["additionalProperties"]["format"], "int64");
    assert_eq!(put["parameters"][0]["name"], "rest");
    assert_eq!(document["components"]["schemas"].get("t.Answer"), None);
}

#[test]
fn an_extension_is_not_taken_for_a_field_of_its_name() {
    let text = r#"
        syntax = "proto2"; package t; import "google/api/annotations.proto"; import "google/api/field_behavior.proto";
        message Request { optional string id = 1; extensions 100 to 200; }
        extend Request { optional string id = 100 [(google.api.field_behavior) = REQUIRED]; }
        service S { rpc M(Request) returns (Request) { option (google.api.http) = { post: "/v1/{id}" body: "*" }; } }"#;
    let document = document_of(text, Version::V31);
    let post = &document["paths"]["/v1/{id}"]["post"];
    assert_eq!(post["requestBody"]["required"], true);
    let properties = &document["components"]["schemas"]["t.S.MBody"]["properties"];
    assert!(properties["[t.id]"].is_object(), "{properties}");
}

#[test]
fn a_body_is_required_where_an_annotation_of_its_message_says_so() {
    let text = r#"
        syntax = "proto3"; package t; import "google/api/annotations.proto";
        import "protoc-gen-openapiv2/options/annotations.proto";
        message Request {
          option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_schema) = { json_schema: { required: ["title"] } };
          string title = 1;
        }
        service S { rpc M(Request) returns (Request) { option (google.api.http) = { post: "/v1/a" body: "*" }; } }"#;
    let document = document_of(text, Version::V31);
    assert_eq!(
        document["paths"]["/v1/a"]["post"]["requestBody"]["required"],
        true
    );
}
