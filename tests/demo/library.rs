//! The library, both versions: pages, filters, changes, covers, and loans with their errors.

use futures_util::StreamExt as _;
use tonic::Code;
use transom::demo::pb::demo::library::v1::library_service_client::LibraryServiceClient;
use transom::demo::pb::demo::library::v1::search_books_request::{Amount, Filter, filter::Years};
use transom::demo::pb::demo::library::v1::{self, Genre};
use transom::demo::pb::demo::library::v2;
use transom::demo::pb::demo::library::v2::library_service_client::LibraryServiceClient as LibraryV2Client;
use transom::demo::pb::google::api::HttpBody;
use transom::demo::pb::google::rpc;

use super::{demo, detail};

fn name(name: &str) -> v1::GetBookRequest {
    v1::GetBookRequest {
        name: name.into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn the_library_lists_pages_of_shelves_and_books() {
    let demo = demo().await;
    let mut library = LibraryServiceClient::new(demo.channel.clone());
    let request = v1::ListShelvesRequest {
        page_size: 3,
        page_token: String::new(),
    };
    let first = library.list_shelves(request).await.unwrap().into_inner();
    assert_eq!(first.shelves.len(), 3);
    let request = v1::ListShelvesRequest {
        page_size: 3,
        page_token: first.next_page_token,
    };
    let second = library.list_shelves(request).await.unwrap().into_inner();
    assert_eq!(
        (second.shelves.len(), second.next_page_token.as_str()),
        (1, "")
    );
    assert_eq!(second.shelves[0].book_count, 2);

    let request = v1::ListBooksRequest {
        parent: "shelves/-".into(),
        genres: vec![Genre::Novel.into(), Genre::Poetry.into()],
        min_loan_period: Some(prost_types::Duration {
            seconds: 14 * 86_400,
            nanos: 0,
        }),
        min_rating: Some(4.0),
        read_mask: Some(prost_types::FieldMask {
            paths: vec!["title".into()],
        }),
        order: v1::list_books_request::Order::ByTitle.into(),
        ..Default::default()
    };
    let books = library.list_books(request).await.unwrap().into_inner();
    let titles: Vec<_> = books.books.iter().map(|book| book.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Goblin Market",
            "Great Expectations",
            "Middlemarch",
            "Sonnets from the Portuguese",
            "Vanity Fair"
        ]
    );
    assert_eq!(books.total_size, 5);
    assert_eq!(
        books.books[0].isbn, "",
        "the mask leaves everything else out"
    );

    let request = v1::SearchBooksRequest {
        query: "darwin".into(),
        filter: Some(Filter {
            genre: 0,
            published: Some(Years { from: 1850, to: 0 }),
        }),
        amount: Some(Amount::Limit(5)),
    };
    let found = library
        .search_books(request)
        .await
        .unwrap()
        .into_inner()
        .books;
    assert_eq!(found.len(), 1);
    let count = library
        .count_books(v1::CountBooksRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(count.count, 9);
}

#[tokio::test]
async fn a_book_is_made_changed_moved_and_removed() {
    let demo = demo().await;
    let mut library = LibraryServiceClient::new(demo.channel.clone());
    let shelf = v1::Shelf {
        theme: "Far Travels".into(),
        ..Default::default()
    };
    let request = v1::CreateShelfRequest { shelf: Some(shelf) };
    let shelf = library.create_shelf(request).await.unwrap().into_inner();
    assert_eq!(shelf.name, "shelves/far-travels");

    let book = v1::Book {
        title: "Walden".into(),
        pages: Some(0),
        ..Default::default()
    };
    let request = v1::CreateBookRequest {
        parent: shelf.name.clone(),
        book: Some(book),
        book_id: "walden".into(),
    };
    let mut book = library.create_book(request).await.unwrap().into_inner();
    assert_eq!(book.name, "shelves/far-travels/books/walden");
    assert_eq!(book.pages, Some(0));

    book.title = "Walden; or, Life in the Woods".into();
    book.isbn = "1".into();
    let request = v1::UpdateBookRequest {
        book: Some(book.clone()),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["title".into()],
        }),
    };
    let changed = library.update_book(request).await.unwrap().into_inner();
    assert_eq!(
        (changed.title.as_str(), changed.isbn.as_str()),
        (book.title.as_str(), "")
    );

    let request = v1::MoveBookRequest {
        name: book.name.clone(),
        other_shelf: "shelves/empty".into(),
    };
    let moved = library.move_book(request).await.unwrap().into_inner();
    assert_eq!(moved.name, "shelves/empty/books/1");
    let gone = library.get_book(name(&book.name)).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
    assert_eq!(detail::<rpc::ResourceInfo>(&gone).resource_name, book.name);

    let request = v1::LookUpRequest {
        path: moved.name.clone(),
    };
    let entry = library.look_up(request).await.unwrap().into_inner();
    let target: v1::Book = entry.target.unwrap().to_msg().unwrap();
    assert_eq!(target.title, book.title);

    library
        .delete_book(v1::DeleteBookRequest { name: moved.name })
        .await
        .unwrap();
    library
        .delete_shelf(v1::DeleteShelfRequest { name: shelf.name })
        .await
        .unwrap();
    let request = v1::DeleteShelfRequest {
        name: "shelves/fiction".into(),
    };
    let refused = library.delete_shelf(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_cover_is_drawn_until_one_is_uploaded() {
    let demo = demo().await;
    let mut library = LibraryServiceClient::new(demo.channel.clone());
    let name = "shelves/fiction/books/1".to_owned();
    let drawn = library
        .get_cover(v1::GetCoverRequest { name: name.clone() })
        .await
        .unwrap();
    assert_eq!(drawn.get_ref().content_type, "image/svg+xml");
    assert!(drawn.get_ref().data.starts_with(b"<svg"));

    let cover = HttpBody {
        content_type: "image/png".into(),
        data: vec![0x89, 0, 0xff].into(),
        ..Default::default()
    };
    let request = v1::UploadCoverRequest {
        name: name.clone(),
        cover: Some(cover.clone()),
    };
    let info = library.upload_cover(request).await.unwrap().into_inner();
    assert_eq!((info.size, info.content_type.as_str()), (3, "image/png"));
    let kept = library
        .get_cover(v1::GetCoverRequest { name })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(kept, cover);
}

#[tokio::test]
async fn lending_fails_with_the_details_of_each_reason() {
    let demo = demo().await;
    let mut library = LibraryServiceClient::new(demo.channel.clone());
    let borrow = |book: &str, days| v1::BorrowBookRequest {
        name: format!("shelves/{book}"),
        reader: "ada".into(),
        days,
    };
    let status = library
        .borrow_book(borrow("fiction/books/1", 61))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(
        detail::<rpc::BadRequest>(&status).field_violations[0].field,
        "days"
    );

    let status = library
        .borrow_book(borrow("poetry/books/1", 14))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(
        detail::<rpc::PreconditionFailure>(&status).violations[0].r#type,
        "ON_LOAN"
    );

    let status = library
        .borrow_book(borrow("fiction/books/99", 14))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::NotFound);

    for book in ["fiction/books/1", "fiction/books/2", "fiction/books/3"] {
        library.borrow_book(borrow(book, 14)).await.unwrap();
    }
    let status = library
        .borrow_book(borrow("fiction/books/4", 14))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(
        detail::<rpc::RetryInfo>(&status)
            .retry_delay
            .unwrap()
            .seconds,
        60
    );

    let mut next = LibraryV2Client::new(demo.channel);
    let request = v2::GetBookRequest {
        name: "shelves/fiction/books/1".into(),
    };
    assert!(
        !next
            .get_book(request.clone())
            .await
            .unwrap()
            .into_inner()
            .available
    );
    let back = v1::ReturnBookRequest {
        name: request.name.clone(),
    };
    library.return_book(back).await.unwrap();
    assert!(next.get_book(request).await.unwrap().into_inner().available);

    let request = v2::StreamBooksRequest {
        parent: "shelves/-".into(),
    };
    let books = next.stream_books(request).await.unwrap().into_inner();
    assert_eq!(books.count().await, 9);
}
