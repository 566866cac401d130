//! Calls the running demo with the client that progenitor made.

#[allow(clippy::all, dead_code, unused)]
mod client {
    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}

use client::{Client, types};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = std::env::args().nth(1).ok_or("expected the demo's URL")?;
    let client = Client::new(&base);

    let shelves = client
        .demo_library_v1_library_service_list_shelves()
        .page_size(2)
        .send()
        .await?;
    assert_eq!(shelves.shelves.len(), 2);
    println!("ok a list with a query");

    let words: types::DemoLibraryV1BookWordCount = "9007199254740993".parse()?;
    let book = types::DemoLibraryV1Book::builder()
        .title("Generated")
        .genre(types::DemoLibraryV1Genre::Novel)
        .word_count(words);
    let made = client
        .demo_library_v1_library_service_create_book()
        .shelf("fiction")
        .book_id("progenitor")
        .body(book)
        .send()
        .await?;
    assert_eq!(
        made.name.as_deref().map(String::as_str),
        Some("shelves/fiction/books/progenitor")
    );
    println!("ok a POST with path, query and body");

    let none = client
        .demo_library_v1_library_service_get_book()
        .shelf("fiction")
        .book("none")
        .send()
        .await;
    let Err(progenitor_client::Error::ErrorResponse(refused)) = none else {
        return Err("expected an error that is documented".into());
    };
    assert_eq!(refused.status(), 404);
    assert_eq!(refused.code, Some(5));
    println!("ok an error with its details");
    Ok(())
}
