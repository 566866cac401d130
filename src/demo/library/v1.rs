//! `demo.library.v1`: the whole of the library.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use prost_types::value::Kind;
use prost_types::{Any, Duration, Struct, Value};
use tonic::{Request, Response, Status};

use super::store::page;
use super::{Library, fields};
use crate::demo::failure::{bad_field, not_found};
use crate::demo::pb::demo::library::v1::library_service_server::LibraryService;
use crate::demo::pb::demo::library::v1::list_books_request::Order;
use crate::demo::pb::demo::library::v1::search_books_request::{Amount, Filter};
use crate::demo::pb::demo::library::v1::{
    Book, BorrowBookRequest, CatalogEntry, CountBooksRequest, CountBooksResponse, CoverInfo,
    CreateBookRequest, CreateShelfRequest, DeleteBookRequest, DeleteShelfRequest, FindBookRequest,
    Genre, GetBookRequest, GetCoverRequest, GetPriceRequest, GetPriceResponse, GetShelfRequest,
    ListBooksRequest, ListBooksResponse, ListShelvesRequest, ListShelvesResponse, Loan,
    LookUpRequest, MoveBookRequest, ReturnBookRequest, SearchBooksRequest, SearchBooksResponse,
    Shelf, UpdateBookRequest, UploadCoverRequest,
};
use crate::demo::pb::google::api::HttpBody;

/// Books of a search that names no number.
const HITS: usize = 10;

pub(in crate::demo) struct LibraryV1(pub(super) Library);

#[tonic::async_trait]
impl LibraryService for LibraryV1 {
    async fn list_shelves(
        &self,
        request: Request<ListShelvesRequest>,
    ) -> Result<Response<ListShelvesResponse>, Status> {
        let ListShelvesRequest {
            page_size,
            page_token,
        } = request.into_inner();
        let store = self.0.open();
        let (names, next_page_token) =
            page(store.shelves.keys().collect(), page_size, &page_token)?;
        let shelves = names
            .into_iter()
            .map(|name| store.shelf(name))
            .collect::<Result<_, _>>()?;
        Ok(Response::new(ListShelvesResponse {
            shelves,
            next_page_token,
        }))
    }

    async fn get_shelf(
        &self,
        request: Request<GetShelfRequest>,
    ) -> Result<Response<Shelf>, Status> {
        self.0
            .open()
            .shelf(&request.into_inner().name)
            .map(Response::new)
    }

    async fn create_shelf(
        &self,
        request: Request<CreateShelfRequest>,
    ) -> Result<Response<Shelf>, Status> {
        let shelf = request.into_inner().shelf.unwrap_or_default();
        self.0.open().add_shelf(shelf).map(Response::new)
    }

    async fn delete_shelf(
        &self,
        request: Request<DeleteShelfRequest>,
    ) -> Result<Response<()>, Status> {
        self.0
            .open()
            .remove_shelf(&request.into_inner().name)
            .map(Response::new)
    }

    async fn list_books(
        &self,
        request: Request<ListBooksRequest>,
    ) -> Result<Response<ListBooksResponse>, Status> {
        let request = request.into_inner();
        let store = self.0.open();
        let mut books = store.books(&request.parent)?;
        books.retain(|book| matches(book, &request));
        match request.order() {
            Order::Unspecified => {}
            Order::ByTitle => books.sort_by(|a, b| a.title.cmp(&b.title)),
            Order::ByRating => books.sort_by_key(|book| Reverse(stars(book))),
        }
        let total_size = i64::try_from(books.len()).unwrap_or(i64::MAX);
        let (books, next_page_token) = page(books, request.page_size, &request.page_token)?;
        let books = books
            .into_iter()
            .map(|book| fields::read(book, request.read_mask.as_ref()))
            .collect::<Result<_, _>>()?;
        Ok(Response::new(ListBooksResponse {
            books,
            next_page_token,
            total_size,
        }))
    }

    async fn get_book(&self, request: Request<GetBookRequest>) -> Result<Response<Book>, Status> {
        let GetBookRequest {
            name,
            isbn,
            read_mask,
        } = request.into_inner();
        let store = self.0.open();
        let book = if !name.is_empty() {
            store.book(&name)?
        } else if !isbn.is_empty() {
            store
                .books
                .values()
                .find(|book| book.isbn == isbn)
                .ok_or_else(|| not_found("Book", &isbn))?
        } else {
            return Err(bad_field("name", "a name or an ISBN is needed"));
        };
        fields::read(book, read_mask.as_ref()).map(Response::new)
    }

    async fn create_book(
        &self,
        request: Request<CreateBookRequest>,
    ) -> Result<Response<Book>, Status> {
        let CreateBookRequest {
            parent,
            book,
            book_id,
        } = request.into_inner();
        let mut book = book.ok_or_else(|| bad_field("book", "it is missing"))?;
        (book.create_time, book.update_time) = (None, None);
        self.0
            .open()
            .add_book(&parent, book, &book_id)
            .map(Response::new)
    }

    async fn update_book(
        &self,
        request: Request<UpdateBookRequest>,
    ) -> Result<Response<Book>, Status> {
        let UpdateBookRequest { book, update_mask } = request.into_inner();
        let changed = book.ok_or_else(|| bad_field("book", "it is missing"))?;
        let mut store = self.0.open();
        let mut book = store.book(&changed.name)?.clone();
        fields::update(&mut book, &changed, update_mask.as_ref())?;
        store.put_book(book).map(Response::new)
    }

    async fn delete_book(
        &self,
        request: Request<DeleteBookRequest>,
    ) -> Result<Response<()>, Status> {
        self.0.open().remove_book(&request.into_inner().name)?;
        Ok(Response::new(()))
    }

    async fn move_book(&self, request: Request<MoveBookRequest>) -> Result<Response<Book>, Status> {
        let MoveBookRequest { name, other_shelf } = request.into_inner();
        self.0
            .open()
            .move_book(&name, &other_shelf)
            .map(Response::new)
    }

    async fn search_books(
        &self,
        request: Request<SearchBooksRequest>,
    ) -> Result<Response<SearchBooksResponse>, Status> {
        let SearchBooksRequest {
            query,
            filter,
            amount,
        } = request.into_inner();
        if query.is_empty() {
            return Err(bad_field("query", "it is empty"));
        }
        let query = query.to_lowercase();
        let filter = filter.unwrap_or_default();
        let limit = match amount {
            None | Some(Amount::Everything(false)) => HITS,
            Some(Amount::Everything(true)) => usize::MAX,
            Some(Amount::Limit(limit)) => {
                usize::try_from(limit).map_err(|_| bad_field("limit", "it is negative"))?
            }
        };
        let store = self.0.open();
        let holds = |text: &str| text.to_lowercase().contains(&query);
        let mut found: Vec<&Book> = store
            .books
            .values()
            .filter(|book| holds(&book.title) || book.authors.iter().any(|author| holds(author)))
            .filter(|book| passes(book, &filter))
            .collect();
        found.sort_by_key(|book| Reverse(stars(book)));
        let books = found.into_iter().take(limit).cloned().collect();
        Ok(Response::new(SearchBooksResponse { books }))
    }

    async fn get_price(
        &self,
        request: Request<GetPriceRequest>,
    ) -> Result<Response<GetPriceResponse>, Status> {
        let store = self.0.open();
        let book = store.book(&request.into_inner().name)?;
        let source = "catalogue".to_owned();
        Ok(Response::new(GetPriceResponse {
            price: book.price.clone(),
            source,
        }))
    }

    async fn get_cover(
        &self,
        request: Request<GetCoverRequest>,
    ) -> Result<Response<HttpBody>, Status> {
        let name = request.into_inner().name;
        let store = self.0.open();
        let book = store.book(&name)?;
        Ok(Response::new(
            store.cover(&name).unwrap_or_else(|| drawn(book)),
        ))
    }

    async fn upload_cover(
        &self,
        request: Request<UploadCoverRequest>,
    ) -> Result<Response<CoverInfo>, Status> {
        let UploadCoverRequest { name, cover } = request.into_inner();
        let cover = cover.unwrap_or_default();
        let info = CoverInfo {
            book: name.clone(),
            content_type: cover.content_type.clone(),
            size: i64::try_from(cover.data.len()).unwrap_or(i64::MAX),
        };
        self.0.open().put_cover(&name, cover)?;
        Ok(Response::new(info))
    }

    async fn borrow_book(
        &self,
        request: Request<BorrowBookRequest>,
    ) -> Result<Response<Loan>, Status> {
        let BorrowBookRequest { name, reader, days } = request.into_inner();
        self.0.open().lend(&name, &reader, days).map(Response::new)
    }

    async fn return_book(
        &self,
        request: Request<ReturnBookRequest>,
    ) -> Result<Response<()>, Status> {
        self.0
            .open()
            .bring_back(&request.into_inner().name)
            .map(Response::new)
    }

    async fn look_up(
        &self,
        request: Request<LookUpRequest>,
    ) -> Result<Response<CatalogEntry>, Status> {
        let path = request.into_inner().path;
        let store = self.0.open();
        let (target, kind) = if path.contains("/books/") {
            (Any::from_msg(store.book(&path)?), "book")
        } else {
            (Any::from_msg(&store.shelf(&path)?), "shelf")
        };
        let lent = Value {
            kind: Some(Kind::BoolValue(store.is_lent(&path))),
        };
        let kind = Value {
            kind: Some(Kind::StringValue(kind.to_owned())),
        };
        let notes = BTreeMap::from([("kind".to_owned(), kind), ("lent".to_owned(), lent)]);
        Ok(Response::new(CatalogEntry {
            path,
            target: target.ok(),
            notes: Some(Struct { fields: notes }),
        }))
    }

    async fn find_book(&self, request: Request<FindBookRequest>) -> Result<Response<Book>, Status> {
        let title = request.into_inner().title;
        let store = self.0.open();
        let book = store.books.values().find(|book| book.title == title);
        book.cloned()
            .map(Response::new)
            .ok_or_else(|| not_found("Book", &title))
    }

    async fn count_books(
        &self,
        request: Request<CountBooksRequest>,
    ) -> Result<Response<CountBooksResponse>, Status> {
        let genre = request.into_inner().genre();
        let store = self.0.open();
        let counted = |book: &&Book| genre == Genre::Unspecified || book.genre() == genre;
        let count = store.books.values().filter(counted).count();
        Ok(Response::new(CountBooksResponse {
            count: i64::try_from(count).unwrap_or(i64::MAX),
        }))
    }
}

/// Whether a list with these filters holds the book.
fn matches(book: &Book, request: &ListBooksRequest) -> bool {
    let nanos = |d: &Duration| i128::from(d.seconds) * 1_000_000_000 + i128::from(d.nanos);
    let made = |book: &Book| book.create_time.map(|time| (time.seconds, time.nanos));
    let genre = request.genres.is_empty() || request.genres.contains(&book.genre);
    let keys = request.label_keys.is_empty()
        || request
            .label_keys
            .iter()
            .any(|key| book.labels.contains_key(key));
    let labels = request
        .labels
        .iter()
        .all(|(key, label)| book.labels.get(key) == Some(label));
    let young = request
        .created_after
        .is_none_or(|after| made(book) > Some((after.seconds, after.nanos)));
    let long = request.min_loan_period.as_ref().is_none_or(|least| {
        book.loan_period
            .as_ref()
            .is_some_and(|period| nanos(period) >= nanos(least))
    });
    let good = request
        .min_rating
        .is_none_or(|least| book.rating.is_some_and(|rating| rating >= least));
    genre && keys && labels && young && long && good
}

/// Whether a search with this filter finds the book.
fn passes(book: &Book, filter: &Filter) -> bool {
    let genre = filter.genre() == Genre::Unspecified || filter.genre() == book.genre();
    let years = filter.published.is_none_or(|years| {
        let year = book.published.map_or(0, |date| date.year);
        (years.from == 0 || year >= years.from) && (years.to == 0 || year <= years.to)
    });
    genre && years
}

/// The rating in hundredths, so that it can be sorted by.
#[allow(clippy::cast_possible_truncation)]
fn stars(book: &Book) -> i64 {
    (book.rating.unwrap_or_default() * 100.0) as i64
}

/// A cover for a book that has none: its title on a coloured card.
fn drawn(book: &Book) -> HttpBody {
    let mut title = String::with_capacity(book.title.len());
    for c in book.title.chars() {
        match c {
            '<' => title.push_str("&lt;"),
            '&' => title.push_str("&amp;"),
            c if c.is_control() => title.push(' '),
            c => title.push(c),
        }
    }
    let hue = book.title.bytes().map(u32::from).sum::<u32>() % 360;
    let svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 400"><rect width="300" height="400" rx="8" fill="hsl({hue} 45% 35%)"/><text x="150" y="190" fill="white" font-family="serif" font-size="20" text-anchor="middle">{title}</text></svg>
"#
    );
    HttpBody {
        content_type: "image/svg+xml".to_owned(),
        data: svg.into(),
        extensions: Vec::new(),
    }
}
