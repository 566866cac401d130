//! The books that are there from the start: well-known works, a field of every kind among them.

use std::collections::BTreeMap;

use prost_types::value::Kind;
use prost_types::{Any, Duration, ListValue, Struct, Timestamp, Value};

use super::store::Store;
use crate::demo::pb::demo::library::v1::{Book, Ebook, Genre, Paper, Shelf, book};
use crate::demo::pb::google::r#type::{Date, Money};

/// Midnight, 1 January 2024: the seed's records are as old every time.
const MADE: Timestamp = Timestamp {
    seconds: 1_704_067_200,
    nanos: 0,
};
/// Seconds of a week.
const WEEK: i64 = 7 * 24 * 60 * 60;

/// One row of the table below.
struct Row {
    shelf: &'static str,
    title: &'static str,
    author: &'static str,
    isbn: &'static str,
    genre: Genre,
    published: (i32, i32, i32),
    pages: i32,
    words: i64,
    rating: f64,
    weeks: i64,
    publisher: &'static str,
}

#[rustfmt::skip]
const ROWS: [Row; 9] = [
    row("fiction", "Great Expectations", "Charles Dickens", "9780141439563", Genre::Novel, (1861, 8, 1), 544, 186_339, 4.2, 3, "Chapman & Hall"),
    row("fiction", "Vanity Fair", "William Makepeace Thackeray", "9780141439839", Genre::Novel, (1848, 7, 0), 912, 303_500, 4.0, 3, "Bradbury & Evans"),
    row("fiction", "Moby-Dick", "Herman Melville", "9780142437247", Genre::Novel, (1851, 10, 18), 720, 209_117, 3.9, 4, "Richard Bentley"),
    row("fiction", "Middlemarch", "George Eliot", "9780141439549", Genre::Novel, (1871, 12, 0), 880, 316_059, 4.4, 4, "William Blackwood & Sons"),
    row("poetry", "Sonnets from the Portuguese", "Elizabeth Barrett Browning", "9780312745028", Genre::Poetry, (1850, 0, 0), 64, 5_200, 4.1, 2, "Chapman & Hall"),
    row("poetry", "Leaves of Grass", "Walt Whitman", "9780140421996", Genre::Poetry, (1855, 7, 4), 145, 120_000, 4.3, 1, "Walt Whitman"),
    row("poetry", "Goblin Market", "Christina Rossetti", "9780486280554", Genre::Poetry, (1862, 4, 0), 80, 9_800, 4.0, 2, "Macmillan"),
    row("science", "On the Origin of Species", "Charles Darwin", "9780140439120", Genre::NonFiction, (1859, 11, 24), 502, 150_000, 4.5, 4, "John Murray"),
    row("science", "The Voyage of the Beagle", "Charles Darwin", "9780140432688", Genre::NonFiction, (1839, 0, 0), 432, 207_000, 4.1, 4, "Henry Colburn"),
];

#[allow(clippy::too_many_arguments)]
const fn row(
    shelf: &'static str,
    title: &'static str,
    author: &'static str,
    isbn: &'static str,
    genre: Genre,
    published: (i32, i32, i32),
    pages: i32,
    words: i64,
    rating: f64,
    weeks: i64,
    publisher: &'static str,
) -> Row {
    Row {
        shelf,
        title,
        author,
        isbn,
        genre,
        published,
        pages,
        words,
        rating,
        weeks,
        publisher,
    }
}

pub(super) fn store() -> Store {
    let mut store = Store::default();
    for (name, theme) in [
        ("fiction", "Fiction"),
        ("poetry", "Poetry"),
        ("science", "Science"),
        ("empty", "Nothing"),
    ] {
        let name = format!("shelves/{name}");
        let shelf = Shelf {
            name: name.clone(),
            theme: theme.to_owned(),
            book_count: 0,
            create_time: Some(MADE),
        };
        store.shelves.insert(name, shelf);
    }
    for (place, row) in (0..).zip(&ROWS) {
        // The seed is within every bound; a test counts what came of it.
        let _ = store.add_book(&format!("shelves/{}", row.shelf), book_of(row, place), "");
    }
    let _ = store.lend("shelves/poetry/books/1", "robert", 30);
    store
}

#[allow(deprecated)]
fn book_of(row: &Row, place: i64) -> Book {
    let (year, month, day) = row.published;
    let form = if place % 3 == 2 {
        book::Form::Ebook(Ebook {
            file_type: "epub".to_owned(),
            size: row.words * 6,
        })
    } else {
        book::Form::Paper(Paper {
            weight: row.pages.unsigned_abs(),
            hardcover: place % 2 == 0,
        })
    };
    let shelf = Shelf {
        name: format!("shelves/{}", row.shelf),
        theme: row.shelf.to_owned(),
        ..Shelf::default()
    };
    Book {
        name: String::new(),
        title: row.title.to_owned(),
        author: row.author.to_owned(),
        authors: vec![row.author.to_owned()],
        isbn: row.isbn.to_owned(),
        genre: row.genre.into(),
        form: Some(form),
        price: Some(Money {
            currency_code: "EUR".to_owned(),
            units: 9 + place,
            nanos: 990_000_000,
        }),
        pages: Some(row.pages),
        word_count: row.words,
        rating: Some(row.rating),
        subtitle: None,
        published: Some(Date { year, month, day }),
        loan_period: Some(Duration {
            seconds: row.weeks * WEEK,
            nanos: 0,
        }),
        labels: labels([("century", "19"), ("language", "en")]),
        stock: BTreeMap::from([("main".to_owned(), 3), ("harbour".to_owned(), place % 2)]),
        extra: Some(Struct {
            fields: BTreeMap::from([
                (
                    "publisher".to_owned(),
                    value(Kind::StringValue(row.publisher.to_owned())),
                ),
                (
                    "illustrated".to_owned(),
                    value(Kind::BoolValue(place % 4 == 0)),
                ),
                (
                    "shelfmarks".to_owned(),
                    value(Kind::ListValue(ListValue {
                        values: vec![
                            value(Kind::StringValue(format!("{}-{place}", row.shelf))),
                            value(Kind::NullValue(0)),
                        ],
                    })),
                ),
            ]),
        }),
        related: Any::from_msg(&shelf).ok(),
        fingerprint: row.isbn.as_bytes().to_vec().into(),
        create_time: Some(MADE),
        update_time: Some(MADE),
    }
}

fn labels<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .map(|(key, label)| (key.to_owned(), label.to_owned()))
        .collect()
}

fn value(kind: Kind) -> Value {
    Value { kind: Some(kind) }
}
