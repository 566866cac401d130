//! Presets: complete, readable, and what the documentation says.

use super::*;
use crate::config::raw::Compat;
use crate::config::raw::Section as _;

/// Every leaf of a value by its dotted path; a list is a leaf.
fn flat(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let dot = if path.is_empty() { "" } else { "." };
                flat(value, &format!("{path}{dot}{name}"), found);
            }
        }
        Value::String(text) => found.push((path.to_owned(), text.clone())),
        Value::Array(list) => {
            let items: Vec<_> = list.iter().map(Value::to_string).collect();
            found.push((path.to_owned(), format!("[{}]", items.join(", "))));
        }
        other => found.push((path.to_owned(), other.to_string())),
    }
}

fn preset(compat: Compat) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let value: Value = serde_saphyr::from_str(compat.text().unwrap()).unwrap();
    flat(&value, "", &mut found);
    found.sort();
    found
}

/// The defaults of everything that the presets set.
fn defaults() -> Vec<(String, String)> {
    let value = serde_json::json!({
        "routing": raw::Routing::complete(),
        "rest": raw::Rest::complete(),
        "json": raw::Json::complete(),
        "metadata": raw::Metadata::complete(),
        "connect": raw::Connect::complete(),
        "timeouts": raw::RouteTimeouts::complete(),
    });
    let mut found = Vec::new();
    flat(&value, "", &mut found);
    let bounds = ["timeouts.request_body", "timeouts.stream_idle"];
    found.retain(|(key, _)| !bounds.contains(&key.as_str()));
    found.sort();
    found
}

#[test]
fn presets_are_read_and_set_every_choice_of_meaning() {
    let names = |rows: &[(String, String)]| -> Vec<String> {
        rows.iter().map(|(key, _)| key.clone()).collect()
    };
    for compat in [Compat::Envoy, Compat::GrpcGateway] {
        compat.preset().unwrap();
        assert_eq!(names(&preset(compat)), names(&defaults()), "{compat:?}");
    }
}

#[test]
fn the_table_for_people_who_move_is_what_the_presets_choose() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/compat.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut in_docs: Vec<Vec<String>> = text
        .lines()
        .skip_while(|line| !line.starts_with("| option |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().replace('`', "")).collect()
        })
        .collect();
    in_docs.sort();
    let columns = [
        defaults(),
        preset(Compat::Envoy),
        preset(Compat::GrpcGateway),
    ];
    let expected: Vec<Vec<String>> = columns[0]
        .iter()
        .enumerate()
        .map(|(row, (key, _))| {
            let cells = columns.iter().map(|column| column[row].1.clone());
            std::iter::once(key.clone()).chain(cells).collect()
        })
        .collect();
    assert_eq!(in_docs, expected);
}

#[test]
fn both_spellings_name_the_preset() {
    let upstream = "upstreams: { a: { url: 'http://h:1' } }\n";
    let shown = |compat: &str| {
        let settings = settings(&format!("{upstream}compat: {compat}\n")).unwrap();
        format!("{:?}", settings.gateway)
    };
    assert_eq!(shown("grpc-gateway"), shown("grpc_gateway"));
    assert_eq!(
        shown("none"),
        format!("{:?}", settings(upstream).unwrap().gateway)
    );
    assert_eq!(
        error(&format!("{upstream}compat: envoi\n")),
        "transom.yaml:2:9: compat: found `envoi`; did you mean `envoy`?"
    );
}
