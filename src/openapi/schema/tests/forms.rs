//! Components of other forms, of both directions, of short names.

use super::*;

const TEXT: &str = "
    enum Color { NONE = 0; RED = 1; }
    message Leaf { string foo_bar = 1; Color color = 2 [(buf.validate.field).enum.const = 1]; }
    message M { Leaf the_leaf = 1; string made = 2 [(google.api.field_behavior) = OUTPUT_ONLY]; }";

fn names(components: &Map<String, Value>) -> Vec<&str> {
    components.keys().map(String::as_str).collect()
}

#[test]
fn another_form_than_the_gateways_has_components_of_its_own() {
    let proto = Form {
        names: FieldNames::Proto,
        enums: EnumForm::Numbers,
        zeros: Zeros::Written,
        ..Form::default()
    };
    let components = components(TEXT, "M", &Options::default(), proto);
    assert_eq!(
        names(&components),
        [
            "t.Color-enum-numbers",
            "t.Leaf-proto-names-enum-numbers",
            "t.M-proto-names-enum-numbers",
        ]
    );
    let leaf = &components["t.Leaf-proto-names-enum-numbers"]["properties"];
    assert_eq!(leaf["foo_bar"], json!({"type": "string"}));
    assert_eq!(leaf["color"]["const"], 1);
    assert_eq!(
        leaf["color"]["$ref"],
        "#/components/schemas/t.Color-enum-numbers"
    );
}

#[test]
fn the_gateways_own_form_has_plain_names() {
    let form = Form {
        names: FieldNames::Proto,
        ..Form::default()
    };
    let options = Options {
        form,
        ..Options::default()
    };
    let own = components(TEXT, "M", &options, form);
    assert_eq!(names(&own), ["t.Color", "t.Leaf", "t.M"]);
    assert!(own["t.M"]["properties"].get("the_leaf").is_some());
    let other = components(TEXT, "M", &options, Form::default());
    assert_eq!(
        names(&other),
        ["t.Color", "t.Leaf-json-names", "t.M-json-names"]
    );
}

#[test]
fn directions_are_split_where_they_differ() {
    let text = "
        message Same { int32 a = 1; }
        message Kept { string name = 1 [(google.api.field_behavior) = REQUIRED]; Same same = 2; }
        message Holder { Kept kept = 1; }
        message M {
          map<string, Holder> holders = 1;
          string made = 2 [(google.api.field_behavior) = OUTPUT_ONLY];
          string word = 3 [(google.api.field_behavior) = INPUT_ONLY];
        }";
    let options = Options {
        split: Split::Two,
        ..Options::default()
    };
    let request = Form {
        direction: Direction::Request,
        ..Form::default()
    };
    let requests = components(text, "M", &options, request);
    assert_eq!(
        names(&requests),
        ["t.HolderInput", "t.KeptInput", "t.MInput", "t.Same"]
    );
    assert_eq!(requests["t.KeptInput"]["required"], json!(["name"]));
    let properties = requests["t.MInput"]["properties"].as_object().unwrap();
    assert_eq!(names(properties), ["holders", "word"]);

    let answers = components(text, "M", &options, Form::default());
    assert_eq!(names(&answers), ["t.Holder", "t.Kept", "t.M", "t.Same"]);
    assert_eq!(answers["t.Kept"].get("required"), None);
    let properties = answers["t.M"]["properties"].as_object().unwrap();
    assert_eq!(names(properties), ["holders", "made"]);
}

#[test]
fn an_answer_with_all_defaults_has_them_required_where_directions_are_split() {
    let form = Form {
        zeros: Zeros::Written,
        ..Form::default()
    };
    let options = Options {
        split: Split::Two,
        form,
        ..Options::default()
    };
    let text = "message M { string a = 1; optional string b = 2; repeated int32 c = 3; }";
    let answers = components(text, "M", &options, form);
    assert_eq!(answers["t.M"]["required"], json!(["a", "c"]));
    let request = Form {
        direction: Direction::Request,
        ..form
    };
    let requests = components(text, "M", &options, request);
    assert_eq!(requests["t.MInput"].get("required"), None);
}

#[test]
fn an_input_does_not_take_the_name_of_a_message() {
    let text = "message M { string a = 1 [(google.api.field_behavior) = REQUIRED]; MInput b = 2; }
        message MInput {}";
    let options = Options {
        split: Split::Two,
        ..Options::default()
    };
    let request = Form {
        direction: Direction::Request,
        ..Form::default()
    };
    let components = components(text, "M", &options, request);
    assert_eq!(names(&components), ["t.MInput", "t.MInput_"]);
}

#[test]
fn simple_names_are_used_where_they_are_the_only_ones() {
    let text = "message M { Struct a = 1; Inner b = 2; message Inner {} } message Struct {}";
    let options = Options {
        names: ComponentNames::Simple,
        ..Options::default()
    };
    let components = components(text, "M", &options, Form::default());
    // There is a google.protobuf.Struct.
    assert_eq!(names(&components), ["M", "M.Inner", "t.Struct"]);
}

#[test]
fn closed_objects_are_closed_and_any_is_not() {
    let options = Options {
        additional_properties: AdditionalProperties::Closed,
        ..Options::default()
    };
    let text = "message M { google.protobuf.Any a = 1; }";
    let components = components(text, "M", &options, Form::default());
    assert_eq!(components["t.M"]["additionalProperties"], false);
    assert_eq!(
        components["t.M"]["properties"]["a"]["additionalProperties"],
        true
    );
}

#[test]
fn the_same_catalog_gives_the_same_bytes() {
    let once = || {
        let all = components(TEXT, "M", &Options::default(), Form::default());
        Value::Object(all).to_string()
    };
    assert_eq!(once(), once());
}
