//! What other programs import.

use super::pages::demo;
use super::*;

#[test]
fn a_collection_for_bruno_has_what_its_import_takes_and_nothing_else() {
    let demo = demo();
    let text = demo.body("/docs/demo.library.v1.bruno.json");
    let collection: serde_json::Value = serde_json::from_str(&text).unwrap();
    let keys = |value: &serde_json::Value| {
        let keys = value.as_object().unwrap().keys();
        keys.map(String::as_str)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(keys(&collection), "environments items name version");
    assert_eq!(collection["version"], "1");
    let variable = &collection["environments"][0]["variables"][0];
    assert_eq!(
        (variable["name"].as_str(), variable["value"].as_str()),
        (Some("base"), Some("http://localhost:8080"))
    );
    let folder = &collection["items"][0];
    assert_eq!(
        (keys(folder).as_str(), &folder["type"]),
        ("items name seq type", &"folder".into())
    );
    let items = folder["items"].as_array().unwrap();
    for (item, at) in items.iter().zip(1..) {
        assert_eq!(keys(item), "name request seq type");
        assert_eq!((&item["type"], &item["seq"]), (&"http".into(), &at.into()));
        assert_eq!(
            keys(&item["request"]),
            "assertions auth body docs headers method params script tests url vars"
        );
        let url = item["request"]["url"].as_str().unwrap();
        let pairs = url
            .split_once('?')
            .map_or(0, |(_, query)| query.split('&').count());
        assert_eq!(
            item["request"]["params"].as_array().unwrap().len(),
            pairs,
            "{url}"
        );
    }
    let borrow = items
        .iter()
        .find(|item| item["name"] == "BorrowBook")
        .unwrap();
    assert_eq!(borrow["request"]["body"]["mode"], "json");
    let body = borrow["request"]["body"]["json"].as_str().unwrap();
    assert!(body.contains("reader"), "{body}");
}

#[test]
fn a_collection_has_a_request_for_each_way_to_call() {
    let demo = demo();
    let text = demo.body("/docs/demo.library.v1.postman.json");
    let collection: serde_json::Value = serde_json::from_str(&text).unwrap();
    let items = collection["item"][0]["item"].as_array().unwrap();
    let package = demo.catalog.package("demo.library.v1").unwrap();
    let ways = package.services[0]
        .methods
        .iter()
        .map(|m| m.operations.len());
    assert_eq!(items.len(), ways.sum::<usize>());
    let borrow = items
        .iter()
        .find(|item| item["name"] == "BorrowBook")
        .unwrap();
    assert_eq!(borrow["request"]["method"], "POST");
    let raw = borrow["request"]["url"]["raw"].as_str().unwrap();
    assert!(
        raw.starts_with("{{base}}/v1/shelves/") && raw.ends_with(":borrow"),
        "{raw}"
    );
    assert!(
        borrow["request"]["body"]["raw"]
            .as_str()
            .unwrap()
            .contains("reader")
    );
}
