//! Messages: required, oneofs, resources, bodies.

use super::*;

#[test]
fn behaviours_are_required_and_marks_beside_a_reference() {
    let schema = of_message(
        r#"message Inner {}
        message M {
          string a = 1 [(google.api.field_behavior) = REQUIRED];
          string b = 2 [(google.api.field_behavior) = REQUIRED, (google.api.field_behavior) = OUTPUT_ONLY];
          Inner c = 3 [(google.api.field_behavior) = INPUT_ONLY, deprecated = true];
          repeated string d = 4 [(google.api.field_behavior) = UNORDERED_LIST];
          string e = 5 [(buf.validate.field).required = true];
        }"#,
    );
    assert_eq!(schema["required"], json!(["a", "e"]));
    assert_eq!(
        schema["properties"]["b"],
        json!({"type": "string", "readOnly": true})
    );
    assert_eq!(
        schema["properties"]["c"],
        json!({"$ref": "#/components/schemas/t.Inner", "deprecated": true, "writeOnly": true})
    );
    assert_eq!(
        schema["properties"]["d"],
        json!({
            "type": "array",
            "items": {"type": "string"},
            "description": "The order of its items means nothing.",
            "x-field-behavior": ["UNORDERED_LIST"],
        })
    );
}

#[test]
fn properties_stand_in_the_order_of_declaration_and_other_keys_are_sorted() {
    let mut schema = of_message(
        "message M { string z = 5; string properties = 1; string a = 2 [(google.api.field_behavior) = REQUIRED]; }",
    );
    crate::openapi::sort(&mut schema);
    assert_eq!(
        schema.to_string(),
        r#"{"properties":{"z":{"type":"string"},"properties":{"type":"string"},"a":{"type":"string"}},"#
            .to_owned()
            + r#""required":["a"],"title":"M","type":"object"}"#
    );
}

#[test]
fn formats_and_resources_say_what_a_text_looks_like() {
    let schema = of_message(
        r#"message M {
          option (google.api.resource) = {
            type: "a.example/Book" pattern: "shelves/{shelf}/books/{book}" pattern: "lost.books/{book=**}"
          };
          string name = 1;
          string id = 2 [(google.api.field_info).format = UUID4];
          string ip = 3 [(google.api.field_info).format = IPV4_OR_IPV6];
          string shelf = 4 [(google.api.resource_reference).type = "a.example/Shelf"];
        }"#,
    );
    assert_eq!(
        schema["x-resource"],
        json!({
            "type": "a.example/Book",
            "patterns": ["shelves/{shelf}/books/{book}", "lost.books/{book=**}"],
        })
    );
    assert_eq!(
        schema["properties"]["name"],
        json!({
            "type": "string",
            "pattern": r"^(?:shelves/[^/]+/books/[^/]+|lost\.books/.+)$",
            "examples": ["shelves/s1/books/b1"],
        })
    );
    assert_eq!(schema["properties"]["id"]["format"], "uuid");
    assert_eq!(
        schema["properties"]["ip"]["anyOf"],
        json!([{"format": "ipv4"}, {"format": "ipv6"}])
    );
    assert_eq!(
        schema["properties"]["shelf"],
        json!({
            "type": "string",
            "description": "The name of a `a.example/Shelf`.",
            "x-resource-reference": {"type": "a.example/Shelf"},
        })
    );
}

#[test]
fn a_oneof_forbids_each_pair_once() {
    let schema = of_message(
        "message M { oneof form { string paper = 1; string ebook = 2; string audio = 3; } }",
    );
    assert_eq!(
        schema["dependentSchemas"],
        json!({
            "ebook": {"not": {"required": ["audio"]}},
            "paper": {"not": {"anyOf": [{"required": ["ebook"]}, {"required": ["audio"]}]}},
        })
    );
    assert_eq!(
        schema["x-oneof"],
        json!([{"name": "form", "fields": ["paper", "ebook", "audio"]}])
    );
    assert_eq!(
        schema["description"],
        "At most one of `paper`, `ebook`, `audio` is set."
    );
}

#[test]
fn a_oneof_of_one_says_nothing_and_one_of_many_only_words() {
    let one = of_message("message M { oneof o { string a = 1; } }");
    assert_eq!(one.get("x-oneof"), None);
    assert_eq!(one.get("dependentSchemas"), None);
    let many = |count: usize| {
        let members: String = (1..=count)
            .map(|n| format!("string f{n} = {n}; "))
            .collect();
        of_message(&format!("message M {{ oneof o {{ {members} }} }}"))
    };
    assert!(many(16).get("dependentSchemas").is_some());
    let many = many(17);
    assert_eq!(many.get("dependentSchemas"), None);
    assert_eq!(many["x-oneof"][0]["fields"].as_array().unwrap().len(), 17);
}

#[test]
fn what_a_oneof_or_a_group_requires_is_one_of_several() {
    let schema = of_message(
        r#"message M {
          option (buf.validate.message).oneof = {fields: ["a", "b"], required: true};
          option (buf.validate.message).oneof = {fields: ["c", "d"]};
          string a = 1;
          string b = 2;
          optional string c = 3;
          optional string d = 4;
          oneof o { option (buf.validate.oneof).required = true; string x = 5; string y = 6; }
        }"#,
    );
    assert_eq!(
        schema["anyOf"],
        json!([{"required": ["x"]}, {"required": ["y"]}])
    );
    assert_eq!(
        schema["allOf"],
        json!([{"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}])
    );
    // Fields without presence may be there with a zero, which is not set.
    assert_eq!(
        schema["dependentSchemas"],
        json!({"c": {"not": {"required": ["d"]}}, "x": {"not": {"required": ["y"]}}})
    );
}

#[test]
fn a_body_is_the_message_without_what_the_path_binds() {
    let pool = compiled::pool(
        "message M { Book book = 1 [(google.api.field_behavior) = REQUIRED]; string note = 2; }
         message Book { string name = 1; string title = 2; oneof o { string a = 3; string b = 4; } }",
    );
    let catalog = compiled::catalog(&pool);
    let mut schemas = Schemas::new(&catalog, &Options::default());
    let message = find(&pool, "M");
    let form = Form {
        direction: Direction::Request,
        ..Form::default()
    };
    let without =
        |paths: &[&str]| -> Vec<String> { paths.iter().map(|path| (*path).to_owned()).collect() };
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let body = schemas.body_without(
        &message,
        &without(&["book.name", "book.a"]),
        "t.S.DoBody",
        form,
    );
    assert_eq!(body, reference("t.S.DoBody"));
    let body = schemas.body_without(
        &message,
        &without(&["book.name", "book.a"]),
        "t.S.DoBody",
        form,
    );
    assert_eq!(body, reference("t.S.DoBody"));
    let body = schemas.body_without(&message, &without(&["book"]), "t.S.DoBody", form);
    assert_eq!(body, reference("t.S.DoBody_2"));
    let body = schemas.body_without(&message, &without(&["other"]), "t.S.OtherBody", form);
    assert_eq!(body, reference("t.M"));
    let components = schemas.components();
    assert_eq!(
        components.keys().collect::<Vec<_>>(),
        ["t.Book", "t.M", "t.S.DoBody", "t.S.DoBody_2"]
    );
    assert_eq!(
        components["t.S.DoBody"],
        json!({
            "type": "object",
            "title": "M",
            "required": ["book"],
            "properties": {
                "book": {
                    "type": "object",
                    "title": "Book",
                    "properties": {"title": {"type": "string"}, "b": {"type": "string"}},
                },
                "note": {"type": "string"},
            },
        })
    );
    assert_eq!(
        components["t.S.DoBody_2"],
        json!({"type": "object", "title": "M", "properties": {"note": {"type": "string"}}})
    );
}

#[test]
fn a_field_that_may_not_be_seen_is_not_in_its_message_and_can_be_a_parameter() {
    let pool = compiled::pool("message M { string a = 1; int32 hidden = 2; }");
    let mut catalog = compiled::catalog(&pool);
    catalog.messages.get_mut("t.M").unwrap().fields.pop();
    let mut schemas = Schemas::new(&catalog, &Options::default());
    let message = find(&pool, "M");
    schemas.reference(&message, Form::default());
    let hidden = message.get_field(2).unwrap();
    assert_eq!(
        schemas.parameter(&hidden.into(), Form::default()),
        json!({"type": "integer", "format": "int32"})
    );
    let components = schemas.components();
    assert_eq!(
        components["t.M"]["properties"],
        json!({"a": {"type": "string"}})
    );
}
