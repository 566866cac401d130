//! Paths, verbs and ids.

use super::*;

#[test]
fn a_method_for_any_verb_shares_no_id_with_another() {
    let text = r#"
        service S {
          rpc M(Request) returns (Request) { option (google.api.http) = { custom { kind: "*" path: "/v1/any" } body: "*" }; }
          rpc M_get(Request) returns (Request) { option (google.api.http) = { get: "/v1/one" }; }
          rpc N_put(Request) returns (Request) { option (google.api.http) = { get: "/v1/two" }; }
          rpc N(Request) returns (Request) { option (google.api.http) = { custom { kind: "*" path: "/v1/more" } body: "*" }; }
        }
        message Request { string a = 1; }"#;
    for version in [Version::V30, Version::V31, Version::V32] {
        let all = ids(&written(text, version));
        let once: BTreeSet<&String> = all.iter().collect();
        assert_eq!(all.len(), 12);
        assert_eq!(once.len(), 12, "{all:?}");
        assert!(once.contains(&"S_M_post".to_owned()), "{all:?}");
    }
}

#[test]
fn verbs_are_members_of_a_path_item_or_stand_beside_them() {
    let text = r#"
        service S {
          rpc M(Request) returns (Request) { option (google.api.http) = {
            custom { kind: "HEAD" path: "/v1/a" }
            additional_bindings { custom { kind: "QUERY" path: "/v1/a" } body: "*" }
            additional_bindings { custom { kind: "LOCK" path: "/v1/a" } body: "*" }
            additional_bindings { delete: "/v1/a" body: "*" }
            additional_bindings { get: "/v1/a" body: "*" }
          }; }
        }
        message Request { string a = 1; }"#;
    let item = |version| written(text, version)["paths"]["/v1/a"].clone();
    let keys =
        |item: &Value| -> Vec<String> { item.as_object().unwrap().keys().cloned().collect() };
    let new = item(Version::V32);
    assert_eq!(
        keys(&new),
        ["additionalOperations", "delete", "get", "head", "query"]
    );
    assert_eq!(keys(&new["additionalOperations"]), ["LOCK"]);
    assert_eq!(new["query"]["operationId"], "S_M_2");
    assert_eq!(new["query"]["x-grpc"]["binding"], 1);
    for version in [Version::V31, Version::V30] {
        let old = item(version);
        assert_eq!(
            keys(&old),
            ["delete", "get", "head", "x-additionalOperations"]
        );
        assert_eq!(keys(&old["x-additionalOperations"]), ["LOCK", "QUERY"]);
        assert!(old["delete"]["requestBody"].is_object());
        let get = &old["get"];
        assert_eq!(get["requestBody"].is_object(), version == Version::V31);
        let text = get["description"].as_str().unwrap();
        assert_eq!(text.contains("takes a body"), version == Version::V30);
    }
}

#[test]
fn an_operation_is_deprecated_by_its_annotation() {
    let text = r#"
        service S {
          rpc M(Request) returns (Request) {
            option (google.api.http) = { get: "/v1/a" };
            option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_operation) = { deprecated: true };
          }
        }
        message Request { string a = 1; }"#;
    let document = written(text, Version::V31);
    assert_eq!(document["paths"]["/v1/a"]["get"]["deprecated"], true);
}

#[test]
fn of_the_files_of_a_package_the_first_is_heard() {
    let said = |title: &str, more: &str| {
        format!(
            r#"syntax = "proto3"; package t; import "protoc-gen-openapiv2/options/annotations.proto";
            option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_swagger) = {{ info: {{ title: "{title}" {more} }} }};"#
        )
    };
    let first = said("First", "") + "message M {} service S { rpc Do(M) returns (M); }";
    let second =
        said("Second", r#"version: "7""#) + "message N {} service T { rpc Do(N) returns (N); }";
    let files = [("a.proto", first.as_str()), ("b.proto", second.as_str())];
    let schema = Schema::build(
        vec![source("test", "up", &files)],
        &SchemaOptions::default(),
    )
    .unwrap();
    let (served, audience) = (protocol::Config::default(), Audience::default());
    let catalog = Catalog::new(&schema, &served, &audience, Ids::Short);
    let info = &catalog.packages[0].annotations.info;
    assert_eq!(
        (&info["title"], &info["version"]),
        (&json!("First"), &json!("7"))
    );
}

#[test]
fn servers_have_names_where_the_version_knows_them() {
    let text = method(r#"get: "/v1/a""#) + "message Request {} message Answer {}";
    let config = Config {
        servers: vec!["https://api.example.com/base".to_owned()],
        ..Config::default()
    };
    let of = |version| written_by(&text, version, &config)["servers"][0].clone();
    assert_eq!(
        of(Version::V32),
        json!({ "url": "https://api.example.com/base", "name": "api.example.com/base" })
    );
    assert_eq!(
        of(Version::V31),
        json!({ "url": "https://api.example.com/base" })
    );
}
