//! The table of `tests/breaking/cases.txt`, which `buf breaking` is held to as well.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use super::*;
use crate::schema::tests::source;
use crate::schema::{Options, Schema};

const CASES: &str = include_str!("../../../tests/breaking/cases.txt");

/// A pair of the table.
struct Case {
    name: &'static str,
    rules: BTreeSet<&'static str>,
    old: Vec<(String, String)>,
    new: Vec<(String, String)>,
}

fn cases() -> Vec<Case> {
    let parts = CASES.split("\n== ").skip(1);
    parts
        .map(|part| {
            let (head, body) = part.split_once('\n').unwrap();
            let (name, rules) = head.split_once(':').unwrap();
            let (old, new) = body.split_once("\n--\n").unwrap();
            Case {
                name,
                rules: rules.split_whitespace().collect(),
                old: files(name, old),
                new: files(name, new),
            }
        })
        .collect()
}

fn files(name: &str, text: &str) -> Vec<(String, String)> {
    let parts = text.split("\n>> ").enumerate();
    parts
        .map(|(at, part)| {
            let (file, text) = match at {
                0 => ("t", part),
                _ => part.split_once('\n').unwrap(),
            };
            let head = if text.starts_with("syntax") || text.starts_with("edition") {
                String::new()
            } else {
                format!("syntax = \"proto3\"; package {name}; import \"google/api/annotations.proto\";\n")
            };
            let text = format!("{head}{text}").replace('$', name);
            (format!("{name}/{file}.proto"), text)
        })
        .collect()
}

fn schema(files: &[(String, String)]) -> Schema {
    let texts: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let schema = Schema::build(vec![source("s", "up", &texts)], &Options::default()).unwrap();
    assert!(schema.refusals().is_empty(), "{:?}", schema.refusals());
    schema
}

fn rules(found: &[Breaking]) -> BTreeSet<&'static str> {
    found.iter().map(|one| one.rule.name()).collect()
}

/// All cases of a side that the compiler of the tests can read: it knows no editions.
fn whole(cases: &[Case], side: fn(&Case) -> &[(String, String)]) -> Schema {
    let files: Vec<_> = cases.iter().flat_map(side).cloned().collect();
    schema(&files)
}

fn compiled() -> Vec<Case> {
    let mut cases = cases();
    let is_known = |(_, text): &(String, String)| !text.starts_with("edition");
    cases.retain(|case| case.old.iter().chain(&case.new).all(is_known));
    cases
}

#[test]
fn every_pair_of_the_table_breaks_the_rules_that_it_names() {
    let cases = compiled();
    assert!(cases.len() > 100);
    let (old, new) = (
        whole(&cases, |case| &case.old),
        whole(&cases, |case| &case.new),
    );
    let found = breaking(&old, &new);
    for case in &cases {
        // A file by its path, everything else by its package.
        let own = found.iter().filter(|one| {
            let rest = one.name.strip_prefix(case.name);
            rest.is_some_and(|rest| rest.starts_with(['.', '/']))
        });
        let own: Vec<Breaking> = own.cloned().collect();
        assert_eq!(rules(&own), case.rules, "{}: {own:#?}", case.name);
    }
    for schema in [&old, &new] {
        assert_eq!(breaking(schema, schema), [], "a schema breaks itself");
    }
}

#[test]
fn every_rule_has_a_case_and_its_own_name() {
    let tried: BTreeSet<&str> = cases().into_iter().flat_map(|case| case.rules).collect();
    for rule in Rule::ALL {
        assert!(tried.contains(rule.name()), "{rule}");
        assert_eq!(rule.name().parse(), Ok(rule));
    }
    assert_eq!(tried.len(), Rule::ALL.len());
    let error = "FIELD_SAME".parse::<Rule>().unwrap_err().to_string();
    assert!(error.starts_with("found no rule \"FIELD_SAME\", expected one of ENUM_"));
}

#[test]
fn a_finding_says_what_it_was_and_what_it_is() {
    let pair = |old: &str, new: &str| {
        let side = |text: &str| schema(&files("shop", text));
        let all = breaking(&side(old), &side(new));
        all.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let old = r#"
message Book { string title = 1; int32 pages = 2; repeated string tags = 3; map<string, int32> sold = 4; }
enum Kind { KIND_UNSPECIFIED = 0; NOVEL = 1; }
service Books { rpc Get(Book) returns (Book) { option (google.api.http) = { get: "/v1/books/{title}" }; } }"#;
    let new = r#"
message Book { string name = 1; string pages = 2; string tags = 3; map<string, string> sold = 4; }
enum Kind { KIND_UNSPECIFIED = 0; NOVEL = 2; }
service Books { rpc Get(Book) returns (stream Book) { option (google.api.http) = { get: "/v2/books/{name}" }; } }"#;
    assert_eq!(
        pair(old, new),
        [
            "shop.Book.SoldEntry.value: is string instead of int32 (FIELD_WIRE_JSON_COMPATIBLE_TYPE)",
            "shop.Book.name: is \"name\" in JSON instead of \"title\" (FIELD_SAME_JSON_NAME)",
            "shop.Book.name: was called title (FIELD_SAME_NAME)",
            "shop.Book.pages: is string instead of int32 (FIELD_WIRE_JSON_COMPATIBLE_TYPE)",
            "shop.Book.tags: is single instead of repeated (FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY)",
            "shop.Books.Get: answers with a stream instead of one message (RPC_SAME_SERVER_STREAMING)",
            "shop.Books.Get: GET /v1/books/{title} is gone (HTTP_BINDING_NO_DELETE)",
            "shop.Kind.NOVEL: has number 2 instead of 1; its name is not reserved for what it was (ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED)",
            "shop.Kind.NOVEL: has number 2 instead of 1; 1 is not reserved, so it may come again (ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED)",
        ]
    );
}

#[test]
fn what_is_built_in_is_not_compared() {
    let with = |rest: &str| {
        let text = format!(
            "syntax = \"proto3\"; package google.type; message Color {{ float red = 1; {rest} }}"
        );
        schema(&[("google/type/color.proto".to_owned(), text)])
    };
    assert_eq!(breaking(&with("float green = 2;"), &with("")), []);
}

#[test]
fn findings_are_bounded() {
    use std::fmt::Write as _;
    let mut old = String::from("message M {\n");
    for number in 1..=6_000 {
        let _ = writeln!(old, "string f{number} = {};", number);
    }
    old.push('}');
    let found = breaking(
        &schema(&files("m", &old)),
        &schema(&files("m", "message M {}")),
    );
    assert_eq!(found.len(), BREAKING_MAX);
}
