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

fn built(sources: Vec<Source>, leads: &[(&str, Leads)]) -> Schema {
    let leads = leads.iter().map(|(applies, leads)| Lead {
        applies: match applies.starts_with('/') {
            true => Applies::path(applies).unwrap(),
            false => Applies::selector(applies).unwrap(),
        },
        leads: *leads,
    });
    let options = Options {
        leads: leads.collect(),
        ..Options::default()
    };
    Schema::build(sources, &options).unwrap()
}

#[test]
fn a_service_of_two_upstreams_is_served_once_routes_decide_all_of_it() {
    let text = r#"syntax = "proto3"; package p; import "google/api/annotations.proto"; message M {}
        service S {
          rpc Do(M) returns (M) { option (google.api.http) = { get: "/v1/m" }; }
          rpc Other(M) returns (M);
        }
        service Empty {}"#;
    let alone =
        r#"syntax = "proto3"; package q; message M {} service S { rpc Do(M) returns (M); }"#;
    let sources = || {
        vec![
            source("one", "left", &[("p.proto", text), ("q.proto", alone)]),
            source("two", "right", &[("p.proto", text)]),
        ]
    };
    for (leads, undecided) in [
        (&[][..], Some("/p.S/Do")),
        (&[("p.S.Other", Leads::Named)], Some("/p.S/Do")),
        (&[("/p.S/*", Leads::Named)], Some("GET /v1/m")),
        (&[("p.S.Do", Leads::Named)], Some("/p.S/Other")),
        // The first that applies counts.
        (
            &[("/v1/**", Leads::Own), ("p.S.*", Leads::Named)],
            Some("GET /v1/m"),
        ),
        (&[("p.S.*", Leads::Named), ("*", Leads::Own)], None),
        (&[("/p.S/*", Leads::Named), ("/v1/**", Leads::Named)], None),
        (&[("*", Leads::Named)], None),
    ] {
        let schema = built(sources(), leads);
        let sentences: Vec<_> = undecided
            .map(|undecided| {
                format!(
                    "p.S: one brings it for upstream left and two for upstream right, and no route names \
                     the upstreams of {undecided}; a route with the selector p.S.* and `upstreams` decides"
                )
            })
            .into_iter()
            .collect();
        assert_eq!(schema.refusals(), sentences, "{leads:?}");
        let method = schema.method("/p.S/Do");
        assert_eq!(method.is_some(), undecided.is_none(), "{leads:?}");
        if let Some(method) = method {
            assert_eq!(&*method.upstream, "left");
        }
        assert!(schema.method("/q.S/Do").is_some(), "nobody else brings it");
    }
}

#[test]
fn upstreams_of_one_service_have_to_have_one_schema_of_it() {
    let a = r#"syntax = "proto3"; package p; message M { string a = 1; }
        service S { rpc Do(M) returns (M); }"#;
    let other = a.replace("string a", "int32 a");
    let decided = [("*", Leads::Named)];
    let schema = built(
        vec![
            source("one", "left", &[("p.proto", a)]),
            source("two", "right", &[("p.proto", &other)]),
        ],
        &decided,
    );
    assert_eq!(
        schema.refusals(),
        [
            "p.proto (of one and two): there are different versions of it (message M differs); none is \
             served"
        ]
    );
    // In files of two names they are two services, and either could be the wrong one.
    let schema = built(
        vec![
            source("one", "left", &[("p.proto", a)]),
            source("two", "right", &[("v2/p.proto", a)]),
        ],
        &decided,
    );
    assert_eq!(
        schema.refusals(),
        [
            "p.proto (of one): it has p.S for upstream left, and v2/p.proto has it for upstream right; a \
             service of several upstreams has to come from one file, of one name",
            "v2/p.proto (of two): it has p.S for upstream right, and p.proto has it for upstream left; a \
             service of several upstreams has to come from one file, of one name",
        ]
    );
    assert_eq!(schema.methods().len(), 0);
}
