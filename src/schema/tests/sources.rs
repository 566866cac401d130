//! Several sources at once: what joins, and what contradicts itself.

use super::*;

#[test]
fn sources_join_and_contradictions_name_both() {
    let a = r#"syntax = "proto3"; package p; message M { string a = 1; }
        service S { rpc Do(M) returns (M); }"#;
    let commented = a.replace("rpc Do", "\n// Does it.\nrpc Do");
    let other = a.replace("string a", "int32 a");

    // The same file, once with comments.
    let schema = build(vec![
        Source {
            reflected: true,
            ..source("reflection", "up", &[("p.proto", a)])
        },
        source("protos", "up", &[("p.proto", &commented)]),
    ]);
    assert!(schema.refusals().is_empty(), "{:?}", schema.refusals());
    assert_eq!(schema.method("/p.S/Do").unwrap().comment, "Does it.");

    // Another file of the same name.
    let schema = build(vec![
        source("one", "up", &[("p.proto", a)]),
        source("two", "up", &[("p.proto", &other)]),
    ]);
    let [refusal] = schema.refusals() else {
        panic!("{:?}", schema.refusals())
    };
    assert_eq!(
        refusal,
        "p.proto (of one and two): there are different versions of it (message M differs); none is \
         served"
    );
    assert!(schema.method("/p.S/Do").is_none());

    // And what imports it; everything else is served.
    let user = r#"syntax = "proto3"; package q; import "p.proto"; service S { rpc Do(p.M) returns (p.M); }"#;
    let alone =
        r#"syntax = "proto3"; package r; message M {} service S { rpc Do(M) returns (M); }"#;
    let schema = build(vec![
        source("one", "up", &[("p.proto", a), ("q.proto", user)]),
        source("two", "up", &[("p.proto", &other), ("r.proto", alone)]),
        source("three", "up", &[("p.proto", a)]),
    ]);
    let [contradiction, importer] = schema.refusals() else {
        panic!("{:?}", schema.refusals())
    };
    assert!(
        contradiction.starts_with("p.proto (of one and two and three): "),
        "{contradiction}"
    );
    assert_eq!(
        importer,
        "q.proto (of one): imports p.proto, which is left out"
    );
    assert_eq!(schema.methods().len(), 1);
    assert!(schema.method("/r.S/Do").is_some());

    // One service, two upstreams.
    let schema = build(vec![
        source("one", "left", &[("p.proto", a)]),
        source("two", "right", &[("p.proto", a)]),
    ]);
    let [refusal] = schema.refusals() else {
        panic!("{:?}", schema.refusals())
    };
    assert!(
        refusal.contains("p.S") && refusal.contains("left") && refusal.contains("right"),
        "{refusal}"
    );
    assert_eq!(&*schema.method("/p.S/Do").unwrap().upstream, "left");
}

#[test]
fn a_sources_own_version_of_a_built_in_file_counts() {
    let http = r#"syntax = "proto3"; package google.api; message Http { string own = 77; }"#;
    let schema = build(vec![
        source("one", "up", &[("google/api/http.proto", http)]),
        source("two", "up", &[("b.proto", &annotated(&[r#"get: "/v""#]))]),
    ]);
    let field = schema
        .pool()
        .get_message_by_name("google.api.Http")
        .unwrap()
        .get_field(77);
    assert!(field.is_some());
    // The annotations are read from their bytes, so those of the second source still count, as far
    // as their file links against the first's version.
    assert!(
        schema
            .refusals()
            .iter()
            .all(|refusal| !refusal.contains("different versions"))
    );
}

#[test]
fn infrastructure_is_served_only_when_named() {
    let health = r#"syntax = "proto3"; package grpc.health.v1; message M {}
        service Health { rpc Check(M) returns (M); }"#;
    let texts: &[(&str, &str)] = &[("health.proto", health)];
    let reflected = |upstream: &str| Source {
        reflected: true,
        ..source("reflection", upstream, texts)
    };
    let schema = build(vec![reflected("a"), reflected("b")]);
    assert!(schema.refusals().is_empty(), "{:?}", schema.refusals());
    assert_eq!(schema.methods().len(), 0);
    let newer = health.replace("message M {}", "message M { string more = 1; }");
    let other = Source {
        reflected: true,
        ..source("other reflection", "b", &[("health.proto", &newer)])
    };
    assert!(build(vec![reflected("a"), other]).refusals().is_empty());
    let schema = build(vec![reflected("a"), source("file", "b", texts)]);
    assert_eq!(
        &*schema
            .method("/grpc.health.v1.Health/Check")
            .unwrap()
            .upstream,
        "b"
    );
}
