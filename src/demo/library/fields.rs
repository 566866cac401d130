//! Field masks over a book: which fields are answered, which are changed.

use prost_types::FieldMask;
use tonic::Status;

use crate::demo::failure::{bad_field, clip};
use crate::demo::pb::demo::library::v1::{Book, book};

/// Every field a mask can name. A path below one of them names the whole field.
const FIELDS: [&str; 22] = [
    "name",
    "title",
    "author",
    "authors",
    "isbn",
    "genre",
    "paper",
    "ebook",
    "price",
    "pages",
    "word_count",
    "rating",
    "subtitle",
    "published",
    "loan_period",
    "labels",
    "stock",
    "extra",
    "related",
    "fingerprint",
    "create_time",
    "update_time",
];
/// Fields that are the library's own to set.
const OUTPUT_ONLY: [&str; 3] = ["name", "create_time", "update_time"];

/// The book with the fields of the mask alone; without a mask the whole book.
pub(super) fn read(book: &Book, mask: Option<&FieldMask>) -> Result<Book, Status> {
    let Some(mask) = mask.filter(|mask| !mask.paths.is_empty()) else {
        return Ok(book.clone());
    };
    let mut kept = Book::default();
    for path in &mask.paths {
        match root(path) {
            "*" => return Ok(book.clone()),
            field => copy(field, book, &mut kept).map_err(|Unknown| unknown("read_mask", path))?,
        }
    }
    Ok(kept)
}

/// Changes the fields of the mask; without a mask every field that is set.
pub(super) fn update(
    book: &mut Book,
    changed: &Book,
    mask: Option<&FieldMask>,
) -> Result<(), Status> {
    let paths: Vec<&str> = match mask {
        Some(mask) if mask.paths.iter().any(|path| path == "*") => FIELDS.to_vec(),
        Some(mask) if !mask.paths.is_empty() => mask.paths.iter().map(|path| root(path)).collect(),
        _ => FIELDS
            .into_iter()
            .filter(|field| is_set(field, changed))
            .collect(),
    };
    for field in paths {
        if !OUTPUT_ONLY.contains(&field) {
            copy(field, changed, book).map_err(|Unknown| unknown("update_mask", field))?;
        }
    }
    Ok(())
}

struct Unknown;

fn unknown(mask: &str, path: &str) -> Status {
    bad_field(mask, format!("a book has no field {:?}", clip(path)))
}

fn root(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

fn is_set(field: &str, book: &Book) -> bool {
    let mut alone = Book::default();
    copy(field, book, &mut alone).is_ok() && alone != Book::default()
}

#[allow(deprecated)]
fn copy(field: &str, from: &Book, to: &mut Book) -> Result<(), Unknown> {
    match field {
        "name" => to.name.clone_from(&from.name),
        "title" => to.title.clone_from(&from.title),
        "author" => to.author.clone_from(&from.author),
        "authors" => to.authors.clone_from(&from.authors),
        "isbn" => to.isbn.clone_from(&from.isbn),
        "genre" => to.genre = from.genre,
        "paper" => member(from, to, |form| matches!(form, book::Form::Paper(_))),
        "ebook" => member(from, to, |form| matches!(form, book::Form::Ebook(_))),
        "price" => to.price.clone_from(&from.price),
        "pages" => to.pages = from.pages,
        "word_count" => to.word_count = from.word_count,
        "rating" => to.rating = from.rating,
        "subtitle" => to.subtitle.clone_from(&from.subtitle),
        "published" => to.published = from.published,
        "loan_period" => to.loan_period = from.loan_period,
        "labels" => to.labels.clone_from(&from.labels),
        "stock" => to.stock.clone_from(&from.stock),
        "extra" => to.extra.clone_from(&from.extra),
        "related" => to.related.clone_from(&from.related),
        "fingerprint" => to.fingerprint.clone_from(&from.fingerprint),
        "create_time" => to.create_time = from.create_time,
        "update_time" => to.update_time = from.update_time,
        _ => return Err(Unknown),
    }
    Ok(())
}

/// Copies a member of the oneof: sets it when it is set, clears it when only it was set before.
fn member(from: &Book, to: &mut Book, is: impl Fn(&book::Form) -> bool) {
    if from.form.as_ref().is_some_and(&is) {
        to.form.clone_from(&from.form);
    } else if to.form.as_ref().is_some_and(&is) {
        to.form = None;
    }
}
