//! Ids of operations, tags, packages.

use super::*;

fn ids(texts: &[(&str, &str)], ids: Ids) -> Vec<String> {
    let sources = vec![source("test", "up", texts)];
    let schema = Schema::build(sources, &SchemaOptions::default()).unwrap();
    let catalog = Catalog::new(&schema, &Config::default(), &Audience::default(), ids);
    operations(&catalog).map(|own| own.id.clone()).collect()
}

fn file(package: &str, services: &[&str]) -> String {
    let services: Vec<_> = services
        .iter()
        .map(|name| format!("service {name} {{ rpc Do(M) returns (M); }}"))
        .collect();
    format!(
        "syntax = \"proto3\"; package {package}; message M {{}} {}",
        services.concat()
    )
}

#[test]
fn services_of_one_short_name_all_get_their_package() {
    let (a, b) = (file("a.v1", &["S", "T"]), file("b.v1", &["S"]));
    assert_eq!(
        ids(&[("a.proto", &a), ("b.proto", &b)], Ids::Short),
        ["a_v1_S_Do", "T_Do", "b_v1_S_Do"]
    );
    assert_eq!(ids(&[("a.proto", &a)], Ids::Short), ["S_Do", "T_Do"]);
    assert_eq!(
        ids(&[("a.proto", &a)], Ids::Qualified),
        ["a_v1_S_Do", "a_v1_T_Do"]
    );
}

#[test]
fn names_that_come_to_one_id_are_told_apart() {
    let text = "syntax = \"proto3\"; package a; message M {}
        service A { rpc B_C(M) returns (M); }
        service A_B { rpc C(M) returns (M); }";
    let all = ids(&[("a.proto", text)], Ids::Short);
    assert_eq!(all, ["A_B_C", "a_A_B_C"]);
}

#[test]
fn an_annotated_id_wins_unless_it_is_taken() {
    let text = r#"
        syntax = "proto3"; package a; message M {}
        import "google/api/annotations.proto";
        import "protoc-gen-openapiv2/options/annotations.proto";
        service S {
          rpc A(M) returns (M) { option (google.api.http) = { get: "/a" additional_bindings { get: "/b" } }; option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_operation) = { operation_id: "mine" }; }
          rpc B(M) returns (M) { option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_operation) = { operation_id: "mine" }; }
          rpc C(M) returns (M) { option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_operation) = { operation_id: "S_D" }; }
          rpc D(M) returns (M);
        }"#;
    assert_eq!(
        ids(&[("a.proto", text)], Ids::Short),
        ["mine", "mine_2", "S_B", "S_C", "S_D"]
    );
}

#[test]
fn the_last_component_of_a_package_is_a_version_if_it_looks_like_one() {
    for (package, family, version) in [
        ("a.v1", "a", Some("v1")),
        ("a.b.v1beta1", "a.b", Some("v1beta1")),
        ("a.v2p1alpha", "a", Some("v2p1alpha")),
        ("a.v1main", "a", Some("v1main")),
        ("a.vision", "a.vision", None),
        ("v1", "", Some("v1")),
        ("a.v", "a.v", None),
        ("a.v1x", "a.v1x", None),
    ] {
        let text = file(package, &["S"]);
        let sources = vec![source("test", "up", &[("a.proto", &text)])];
        let schema = Schema::build(sources, &SchemaOptions::default()).unwrap();
        let catalog = of(&schema);
        let found = &catalog.packages[0];
        assert_eq!(
            (found.family.as_str(), found.version.as_deref()),
            (family, version),
            "{package}"
        );
    }
}
