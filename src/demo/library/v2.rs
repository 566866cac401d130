//! `demo.library.v2`: the same books in the next version's words.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use prost_types::Duration;
use tonic::{Request, Response, Status};

use super::Library;
use super::store::{Store, page};
use crate::demo::failure::bad_field;
use crate::demo::pb::demo::library::v1;
use crate::demo::pb::demo::library::v2::library_service_server::LibraryService;
use crate::demo::pb::demo::library::v2::{
    Author, Book, BorrowBookRequest, CreateLoanRequest, Genre, GetBookRequest, ListBooksRequest,
    ListBooksResponse, Loan, StreamBooksRequest,
};

/// Days of a loan that names no period.
const DAYS: i32 = 14;
/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

pub(in crate::demo) struct LibraryV2(pub(super) Library);

impl LibraryV2 {
    fn lend(&self, book: &str, reader: &str, days: i32) -> Result<Response<Loan>, Status> {
        let loan = self.0.open().lend(book, reader, days)?;
        Ok(Response::new(Loan {
            name: format!("{book}/loans/current"),
            reader: loan.reader,
            period: Some(Duration {
                seconds: i64::from(days) * DAY,
                nanos: 0,
            }),
            due_time: loan.due_time,
        }))
    }
}

#[tonic::async_trait]
impl LibraryService for LibraryV2 {
    type StreamBooksStream = BoxStream<'static, Result<Book, Status>>;

    async fn list_books(
        &self,
        request: Request<ListBooksRequest>,
    ) -> Result<Response<ListBooksResponse>, Status> {
        let ListBooksRequest {
            parent,
            page_size,
            page_token,
        } = request.into_inner();
        let store = self.0.open();
        let (books, next_page_token) = page(store.books(&parent)?, page_size, &page_token)?;
        let books = books
            .into_iter()
            .map(|book| translated(book, &store))
            .collect();
        Ok(Response::new(ListBooksResponse {
            books,
            next_page_token,
        }))
    }

    async fn stream_books(
        &self,
        request: Request<StreamBooksRequest>,
    ) -> Result<Response<Self::StreamBooksStream>, Status> {
        let store = self.0.open();
        let books = store.books(&request.into_inner().parent)?;
        let books: Vec<_> = books
            .into_iter()
            .map(|book| Ok(translated(book, &store)))
            .collect();
        Ok(Response::new(stream::iter(books).boxed()))
    }

    async fn get_book(&self, request: Request<GetBookRequest>) -> Result<Response<Book>, Status> {
        let store = self.0.open();
        let book = store.book(&request.into_inner().name)?;
        Ok(Response::new(translated(book, &store)))
    }

    async fn create_loan(
        &self,
        request: Request<CreateLoanRequest>,
    ) -> Result<Response<Loan>, Status> {
        let CreateLoanRequest { parent, loan } = request.into_inner();
        let loan = loan.ok_or_else(|| bad_field("loan", "it is missing"))?;
        let days = match loan.period {
            None => DAYS,
            Some(period) => i32::try_from(period.seconds / DAY)
                .map_err(|_| bad_field("loan.period", "it is not 1 to 60 days"))?,
        };
        self.lend(&parent, &loan.reader, days)
    }

    async fn borrow_book(
        &self,
        request: Request<BorrowBookRequest>,
    ) -> Result<Response<Loan>, Status> {
        let BorrowBookRequest { name, reader, days } = request.into_inner();
        self.lend(&name, &reader, days)
    }
}

/// A book of the store in the words of version 2.
#[allow(deprecated)]
fn translated(book: &v1::Book, store: &Store) -> Book {
    let genre = match book.genre() {
        v1::Genre::Novel => Genre::Novel,
        v1::Genre::Poetry => Genre::Poetry,
        v1::Genre::NonFiction => Genre::NonFiction,
        v1::Genre::Unspecified | v1::Genre::Comic => Genre::Unspecified,
    };
    let authors = book.authors.iter().map(|name| Author {
        display_name: name.clone(),
    });
    let mut identifiers = BTreeMap::new();
    if !book.isbn.is_empty() {
        identifiers.insert("isbn".to_owned(), book.isbn.clone());
    }
    Book {
        name: book.name.clone(),
        display_name: book.title.clone(),
        authors: authors.collect(),
        isbn: book.isbn.clone(),
        identifiers,
        genre: genre.into(),
        price: book.price.clone(),
        available: !store.is_lent(&book.name),
    }
}
