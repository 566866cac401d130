//! Protos and descriptors that the site gives away.

use prost_reflect::DescriptorPool;

use super::*;

#[test]
fn rebuilt_protos_compile_to_the_same_messages() {
    let demo = Served::demo();
    for package in [
        "demo.library.v1",
        "demo.library.v2",
        "demo.chat.v1",
        "demo.telemetry.v1",
        "demo.echo.v1",
    ] {
        let text = demo.body(&format!("/docs/{package}.proto"));
        let name = format!("{package}.proto");
        let rebuilt = source("rebuilt", "up", &[(&name, &text)]);
        let rebuilt = Schema::build(vec![rebuilt], &Options::default()).unwrap();
        assert_eq!(rebuilt.refusals(), [""; 0], "{package}");
        for method in rebuilt.methods() {
            let original = demo.schema.method(&method.path).unwrap();
            assert_eq!(original.bindings, method.bindings, "{}", method.path);
            assert_eq!(original.shape, method.shape, "{}", method.path);
        }
        for message in rebuilt
            .pool()
            .all_messages()
            .filter(|m| m.package_name() == package)
        {
            let original = demo
                .schema
                .pool()
                .get_message_by_name(message.full_name())
                .unwrap();
            let shape = |message: &prost_reflect::MessageDescriptor| {
                let fields = message.fields();
                fields
                    .map(|field| {
                        (
                            field.number(),
                            field.name().to_owned(),
                            field.json_name().to_owned(),
                            format!("{:?}", field.cardinality()),
                            field.containing_oneof().map(|o| o.name().to_owned()),
                            field.supports_presence(),
                        )
                    })
                    .collect::<Vec<_>>()
            };
            assert_eq!(shape(&message), shape(&original), "{}", message.full_name());
        }
    }
}

#[test]
fn the_descriptor_set_is_whole_and_has_what_is_shown() {
    let demo = Served::demo();
    let page = demo.page("/docs/api.binpb");
    assert_eq!(page.content_type, OCTETS);
    let pool = DescriptorPool::decode(page.body.clone()).unwrap();
    let services: BTreeSet<_> = pool.services().map(|s| s.full_name().to_owned()).collect();
    let shown: BTreeSet<_> = demo.schema.services().map(str::to_owned).collect();
    assert_eq!(services, shown);
    let method = pool
        .get_service_by_name("demo.library.v1.LibraryService")
        .unwrap();
    let get_book = method.methods().find(|m| m.name() == "GetBook").unwrap();
    let http = pool.get_extension_by_name("google.api.http").unwrap();
    assert!(get_book.options().has_extension(&http));
}

#[test]
fn names_in_rebuilt_protos_mean_what_they_meant() {
    let served = Served::text(
        r#"
        syntax = "proto3"; package p;
        message Inner { string a = 1; }
        message Outer {
          message Inner { int32 b = 1; }
          Inner near = 1;
          .p.Inner far = 2;
          oneof choice { string x = 3; bytes y = 4; }
          optional int32 maybe = 5;
          map<string, Inner> named = 6;
        }
        service S { rpc M(Outer) returns (Outer); }
        "#,
    );
    let proto = served.body("/docs/p.proto");
    let rebuilt = source("rebuilt", "up", &[("t.proto", &proto)]);
    let rebuilt = Schema::build(vec![rebuilt], &Options::default()).unwrap();
    let outer = rebuilt.pool().get_message_by_name("p.Outer").unwrap();
    let kind = |name: &str| {
        let kind = outer.get_field_by_name(name).unwrap().kind();
        kind.as_message().unwrap().full_name().to_owned()
    };
    assert_eq!(kind("near"), "p.Outer.Inner");
    assert_eq!(kind("far"), "p.Inner");
    assert!(
        outer
            .get_field_by_name("maybe")
            .unwrap()
            .supports_presence()
    );
}

#[test]
fn a_package_of_two_syntaxes_is_rebuilt_in_one() {
    let old = r#"syntax = "proto2"; package p;
        message Old { optional int32 a = 1; repeated int32 b = 2; }"#;
    let new = r#"syntax = "proto3"; package p; import "old.proto";
        message Ask { int32 a = 1; optional int32 b = 2; Old old = 3; }
        service S { rpc M(Ask) returns (Old); }"#;
    let served = Served::texts(&[("old.proto", old), ("new.proto", new)]);
    let proto = served.body("/docs/p.proto");
    let rebuilt = source("rebuilt", "up", &[("t.proto", &proto)]);
    let rebuilt = Schema::build(vec![rebuilt], &Options::default()).unwrap();
    let presence = |message: &str, field: &str| {
        let message = rebuilt.pool().get_message_by_name(message).unwrap();
        message
            .get_field_by_name(field)
            .unwrap()
            .supports_presence()
    };
    assert!(!presence("p.Ask", "a"), "{proto}");
    assert!(presence("p.Ask", "b") && presence("p.Old", "a"), "{proto}");
}
