//! The demo's catalog, whole.

use super::*;

#[test]
fn every_binding_of_the_demo_is_an_operation_with_an_id_of_its_own() {
    let schema = demo_schema();
    let catalog = of(&schema);
    let operations = || {
        catalog
            .methods()
            .flat_map(|(_, _, method)| &method.operations)
    };
    let bound: BTreeSet<usize> = operations().filter_map(|op| op.binding).collect();
    assert_eq!(bound.len(), schema.bindings().len());
    let ids: BTreeSet<&str> = operations().map(|op| op.id.as_str()).collect();
    assert_eq!(ids.len(), operations().count());
    assert_eq!(catalog.methods().count(), schema.methods().len());
    let packages: Vec<_> = catalog
        .packages
        .iter()
        .map(|package| {
            (
                package.name.as_str(),
                package.family.as_str(),
                package.version.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        packages,
        [
            ("demo.chat.v1", "demo.chat", Some("v1")),
            ("demo.echo.v1", "demo.echo", Some("v1")),
            ("demo.library.v1", "demo.library", Some("v1")),
            ("demo.library.v2", "demo.library", Some("v2")),
            ("demo.telemetry.v1", "demo.telemetry", Some("v1")),
        ]
    );
}

#[test]
fn a_book_of_the_demo_has_what_its_file_says() {
    let catalog = of(&demo_schema());
    let get = operation(&catalog, "demo_library_v1_LibraryService_GetBook");
    assert_eq!(get.path, "/v1/shelves/{shelf}/books/{book}");
    let query: Vec<_> = get.query.iter().map(|q| q.name.as_str()).collect();
    assert_eq!(query, ["isbn", "readMask"]);
    let book = &catalog.messages["demo.library.v1.Book"];
    assert_eq!(book.comment, "A book on a shelf.");
    assert_eq!(
        book.resource.as_ref().unwrap().patterns,
        ["shelves/{shelf}/books/{book}"]
    );
    assert_eq!(book.oneofs.len(), 1);
    assert_eq!(book.oneofs[0].fields, ["paper", "ebook"]);
    assert!(
        book.used_by
            .contains(&"/demo.library.v1.LibraryService/GetBook".to_owned())
    );
    assert!(
        book.used_by
            .contains(&"demo.library.v1.ListBooksResponse".to_owned())
    );
    let name = &book.fields[0];
    assert!(name.names_resource && name.is(crate::catalog::message::Behavior::Identifier));
    assert!(book.fields[2].deprecated);
    let package = catalog.package("demo.library.v1").unwrap();
    assert_eq!(
        package.comment,
        "A small public library: shelves, books, covers and loans."
    );
    assert!(catalog.messages.contains_key("google.rpc.QuotaFailure"));
    assert!(
        !catalog
            .messages
            .contains_key("demo.library.v1.Book.LabelsEntry")
    );
}
