//! Shelves, books, covers and loans in memory, with a bound on each.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use tonic::Status;

use crate::demo::failure::{bad_field, exhausted, full, not_found, precondition};
use crate::demo::pb::demo::library::v1::{Book, Genre, Loan, Shelf};
use crate::demo::pb::google::api::HttpBody;

/// Most shelves.
const SHELVES_MAX: usize = 200;
/// Most books on all shelves.
const BOOKS_MAX: usize = 1_000;
/// Most covers that were uploaded.
const COVERS_MAX: usize = 32;
/// Largest cover.
const COVER_MAX: usize = 1024 * 1024;
/// Longest theme in characters, as its rule says.
const THEME_MAX: usize = 60;
/// Longest title in characters, as its rule says.
const TITLE_MAX: usize = 200;
/// Longest id, reader or content type.
const TEXT_MAX: usize = 400;
/// Most bytes of a whole book.
const BOOK_MAX: usize = 64 * 1024;
/// Books a reader can have at once.
const LOANS_MAX: usize = 3;
/// Things on a page that names no number.
const PAGE: usize = 10;
/// Most things on a page.
const PAGE_MAX: i32 = 50;
/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// Everything, by name.
#[derive(Default)]
pub(super) struct Store {
    pub(super) shelves: BTreeMap<String, Shelf>,
    pub(super) books: BTreeMap<String, Book>,
    covers: BTreeMap<String, HttpBody>,
    loans: BTreeMap<String, Loan>,
}

impl Store {
    pub(super) fn shelf(&self, name: &str) -> Result<Shelf, Status> {
        let shelf = self
            .shelves
            .get(name)
            .ok_or_else(|| not_found("Shelf", name))?;
        let count = self.on(name).count();
        Ok(Shelf {
            book_count: i32::try_from(count).unwrap_or(i32::MAX),
            ..shelf.clone()
        })
    }

    pub(super) fn book(&self, name: &str) -> Result<&Book, Status> {
        self.books.get(name).ok_or_else(|| not_found("Book", name))
    }

    /// The books of a shelf, or with `shelves/-` of all.
    pub(super) fn books(&self, parent: &str) -> Result<Vec<&Book>, Status> {
        if parent == "shelves/-" {
            return Ok(self.books.values().collect());
        }
        if !self.shelves.contains_key(parent) {
            return Err(not_found("Shelf", parent));
        }
        Ok(self.on(parent).collect())
    }

    /// The books whose names lie below the shelf's.
    fn on<'s, 'n>(&'s self, shelf: &'n str) -> impl Iterator<Item = &'s Book> + use<'s, 'n> {
        self.books.values().filter(move |book| {
            book.name
                .strip_prefix(shelf)
                .is_some_and(|rest| rest.starts_with("/books/"))
        })
    }

    pub(super) fn add_shelf(&mut self, shelf: Shelf) -> Result<Shelf, Status> {
        check_text("shelf.theme", &shelf.theme, THEME_MAX)?;
        if self.shelves.len() >= SHELVES_MAX {
            return Err(full("shelves", SHELVES_MAX));
        }
        let slug = slug(&shelf.theme);
        let name = free(&format!("shelves/{slug}"), |name| {
            self.shelves.contains_key(name)
        });
        let shelf = Shelf {
            name: name.clone(),
            theme: shelf.theme,
            book_count: 0,
            create_time: Some(SystemTime::now().into()),
        };
        self.shelves.insert(name, shelf.clone());
        Ok(shelf)
    }

    pub(super) fn remove_shelf(&mut self, name: &str) -> Result<(), Status> {
        if self.shelf(name)?.book_count > 0 {
            return Err(precondition(
                "NOT_EMPTY",
                name,
                "there are books on the shelf",
            ));
        }
        self.shelves.remove(name);
        Ok(())
    }

    /// Puts a book on a shelf, under its wished-for id or the next number.
    pub(super) fn add_book(
        &mut self,
        parent: &str,
        mut book: Book,
        id: &str,
    ) -> Result<Book, Status> {
        if !self.shelves.contains_key(parent) {
            return Err(not_found("Shelf", parent));
        }
        check_book(&book)?;
        if self.books.len() >= BOOKS_MAX {
            return Err(full("books", BOOKS_MAX));
        }
        book.name = if id.is_empty() {
            let taken =
                |number: &usize| self.books.contains_key(&format!("{parent}/books/{number}"));
            let number = (1..).find(|number| !taken(number)).unwrap_or_default();
            format!("{parent}/books/{number}")
        } else {
            check_text("book_id", id, TEXT_MAX)?;
            format!("{parent}/books/{}", slug(id))
        };
        if self.books.contains_key(&book.name) {
            return Err(Status::already_exists(format!(
                "there is a book {:?}",
                book.name
            )));
        }
        let now = Some(SystemTime::now().into());
        book.create_time = book.create_time.or(now);
        book.update_time = book.update_time.or(now);
        self.books.insert(book.name.clone(), book.clone());
        Ok(book)
    }

    /// Replaces a book by its name.
    pub(super) fn put_book(&mut self, mut book: Book) -> Result<Book, Status> {
        check_book(&book)?;
        self.book(&book.name)?;
        book.update_time = Some(SystemTime::now().into());
        self.books.insert(book.name.clone(), book.clone());
        Ok(book)
    }

    pub(super) fn remove_book(&mut self, name: &str) -> Result<Book, Status> {
        if self.loans.contains_key(name) {
            return Err(precondition("ON_LOAN", name, "the book is lent out"));
        }
        let book = self
            .books
            .remove(name)
            .ok_or_else(|| not_found("Book", name))?;
        self.covers.remove(name);
        Ok(book)
    }

    pub(super) fn move_book(&mut self, name: &str, shelf: &str) -> Result<Book, Status> {
        self.book(name)?;
        if !self.shelves.contains_key(shelf) {
            return Err(not_found("Shelf", shelf));
        }
        let book = self.remove_book(name)?;
        self.add_book(shelf, book, "")
    }

    /// The cover that was uploaded, if one was.
    pub(super) fn cover(&self, name: &str) -> Option<HttpBody> {
        self.covers.get(name).cloned()
    }

    pub(super) fn put_cover(&mut self, name: &str, cover: HttpBody) -> Result<(), Status> {
        self.book(name)?;
        if cover.data.is_empty() {
            return Err(bad_field("cover", "it is empty"));
        }
        if cover.data.len() > COVER_MAX || cover.content_type.len() > TEXT_MAX {
            let found = cover.data.len();
            return Err(bad_field(
                "cover",
                format!("{found} bytes are more than {COVER_MAX}"),
            ));
        }
        if self.covers.len() >= COVERS_MAX && !self.covers.contains_key(name) {
            return Err(full("covers", COVERS_MAX));
        }
        self.covers.insert(name.to_owned(), cover);
        Ok(())
    }

    pub(super) fn is_lent(&self, book: &str) -> bool {
        self.loans.contains_key(book)
    }

    pub(super) fn lend(&mut self, book: &str, reader: &str, days: i32) -> Result<Loan, Status> {
        check_text("reader", reader, TEXT_MAX)?;
        let days = match u64::try_from(days) {
            Ok(days @ 1..=60) => days,
            _ => return Err(bad_field("days", format!("{days} is not 1 to 60"))),
        };
        self.book(book)?;
        if self.is_lent(book) {
            return Err(precondition("ON_LOAN", book, "the book is lent out"));
        }
        if self
            .loans
            .values()
            .filter(|loan| loan.reader == reader)
            .count()
            >= LOANS_MAX
        {
            let subject = format!("reader:{reader}");
            let description = format!("a reader can have {LOANS_MAX} books at once");
            return Err(exhausted(&subject, &description, 60));
        }
        let loan = Loan {
            book: book.to_owned(),
            reader: reader.to_owned(),
            due_time: Some((SystemTime::now() + Duration::from_secs(days * DAY)).into()),
        };
        self.loans.insert(book.to_owned(), loan.clone());
        Ok(loan)
    }

    pub(super) fn bring_back(&mut self, book: &str) -> Result<(), Status> {
        self.book(book)?;
        match self.loans.remove(book) {
            Some(_) => Ok(()),
            None => Err(precondition("ON_LOAN", book, "nobody has the book")),
        }
    }
}

/// One page of what there is, and the token of the next.
pub(super) fn page<T>(
    all: Vec<T>,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<T>, String), Status> {
    let size = match page_size {
        0 => PAGE,
        1..=PAGE_MAX => usize::try_from(page_size).unwrap_or(PAGE),
        _ => {
            return Err(bad_field(
                "page_size",
                format!("{page_size} is not 0 to {PAGE_MAX}"),
            ));
        }
    };
    let start = match page_token {
        "" => 0,
        token => token
            .strip_prefix("from-")
            .and_then(|start| start.parse::<usize>().ok())
            .ok_or_else(|| bad_field("page_token", "it is not one that a list answered"))?,
    };
    let end = start.saturating_add(size);
    let next = if end < all.len() {
        format!("from-{end}")
    } else {
        String::new()
    };
    Ok((all.into_iter().skip(start).take(size).collect(), next))
}

fn check_book(book: &Book) -> Result<(), Status> {
    check_text("book.title", &book.title, TITLE_MAX)?;
    if !book.isbn.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad_field("book.isbn", "it is not digits alone"));
    }
    if Genre::try_from(book.genre).is_err() {
        return Err(bad_field(
            "book.genre",
            format!("{} is no genre", book.genre),
        ));
    }
    match prost::Message::encoded_len(book) {
        0..=BOOK_MAX => Ok(()),
        found => Err(bad_field(
            "book",
            format!("{found} bytes are more than {BOOK_MAX}"),
        )),
    }
}

fn check_text(field: &str, text: &str, most: usize) -> Result<(), Status> {
    match text.chars().count() {
        0 => Err(bad_field(field, "it is empty")),
        found if found > most => Err(bad_field(
            field,
            format!("{found} characters are more than {most}"),
        )),
        _ => Ok(()),
    }
}

/// The text as the last part of a name: lower-case letters, digits and single hyphens.
fn slug(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() {
        "unnamed".to_owned()
    } else {
        words.join("-")
    }
}

/// The name, or the name with the first free number behind it.
fn free(name: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(name) {
        return name.to_owned();
    }
    (2..=SHELVES_MAX + 2)
        .map(|number| format!("{name}-{number}"))
        .find(|name| !taken(name))
        .unwrap_or_else(|| name.to_owned())
}
