//! Rules of numbers, of whatever type: `const`, bounds, `in`, `not_in`.

use super::Collected;
use super::rules::{Subject, Type};
use super::words;
use crate::schema::record::{Packing, Record, Scalar};
use crate::validate::judge::{Bound, Number, Range, Test, Wanted};

/// How numbers of a type are read, and said.
#[derive(Clone, Copy)]
pub(super) struct Of<T> {
    pub(super) packing: Packing,
    pub(super) read: fn(&Scalar) -> Option<T>,
    pub(super) wrap: fn(Number<T>) -> Test,
    pub(super) words: fn(&T) -> String,
}

/// Compiles them all.
pub(super) fn all<T: Copy + PartialOrd>(
    subject: &Subject<'_>,
    of: Type,
    rules: &Record,
    how: Of<T>,
    out: &mut Collected,
) {
    let one = |number: u32| rules.last(number).and_then(how.read);
    if let Some(wanted) = one(1) {
        let description = format!("must equal {}", (how.words)(&wanted));
        let test = (how.wrap)(Number::Is(wanted));
        out.checks
            .push(subject.check(of, 1, "const", description, test));
    }
    let bounds = Bounds {
        lt: (2, one(2)),
        lte: (3, one(3)),
        gt: (4, one(4)),
        gte: (5, one(5)),
    };
    if let Some((number, id, description, range)) = bounds.range(how.words) {
        let test = (how.wrap)(Number::Range(range));
        out.checks
            .push(subject.check(of, number, &id, description, test));
    }
    for (number, wanted) in [(6, Wanted::In), (7, Wanted::NotIn)] {
        let list: Vec<T> = rules
            .list(number, how.packing)
            .iter()
            .filter_map(how.read)
            .collect();
        if !list.is_empty() {
            let (id, description) = listed(wanted, list.iter().map(how.words));
            let test = (how.wrap)(Number::List(list.into(), wanted));
            out.checks
                .push(subject.check(of, number, id, description, test));
        }
    }
}

/// The bounds of a type, each with its rule's number.
pub(super) struct Bounds<T> {
    pub(super) lt: (u32, Option<T>),
    pub(super) lte: (u32, Option<T>),
    pub(super) gt: (u32, Option<T>),
    pub(super) gte: (u32, Option<T>),
}

impl<T: Copy + PartialOrd> Bounds<T> {
    /// The rule's number, its id, what is told, and the range.
    pub(super) fn range(
        self,
        said: impl Fn(&T) -> String,
    ) -> Option<(u32, String, String, Range<T>)> {
        let pick = |strict: (u32, Option<T>), wide: (u32, Option<T>)| match (strict.1, wide.1) {
            (Some(at), _) => Some((
                strict.0,
                Bound {
                    at,
                    inclusive: false,
                },
            )),
            (None, Some(at)) => Some((
                wide.0,
                Bound {
                    at,
                    inclusive: true,
                },
            )),
            (None, None) => None,
        };
        let (low, high) = (pick(self.gt, self.gte), pick(self.lt, self.lte));
        let number = low.as_ref().or(high.as_ref())?.0;
        let range = Range {
            low: low.map(|(_, bound)| bound),
            high: high.map(|(_, bound)| bound),
        };
        let names =
            |bound: &Bound<T>, strict: &'static str, wide: &'static str| match bound.inclusive {
                true => wide,
                false => strict,
            };
        let low = range.low.map(|low| {
            let words = names(&low, "greater than", "greater than or equal to");
            (
                names(&low, "gt", "gte"),
                format!("{words} {}", said(&low.at)),
            )
        });
        let high = range.high.map(|high| {
            let words = names(&high, "less than", "less than or equal to");
            (
                names(&high, "lt", "lte"),
                format!("{words} {}", said(&high.at)),
            )
        });
        let (id, description) = match (low, high) {
            (Some((low, below)), Some((high, above))) if range.is_exclusive() => (
                format!("{low}_{high}_exclusive"),
                format!("must be {below} or {above}"),
            ),
            (Some((low, below)), Some((high, above))) => (
                format!("{low}_{high}"),
                format!("must be {below} and {above}"),
            ),
            (Some((id, words)), None) | (None, Some((id, words))) => {
                (id.to_owned(), format!("must be {words}"))
            }
            (None, None) => return None,
        };
        Some((number, id, description, range))
    }
}

/// The id of a list's rule, and what is told.
pub(super) fn listed<T: std::fmt::Display>(
    wanted: Wanted,
    list: impl IntoIterator<Item = T>,
) -> (&'static str, String) {
    let list = words::bracketed(list);
    match wanted {
        Wanted::In => ("in", format!("must be in list {list}")),
        Wanted::NotIn => ("not_in", format!("must not be in list {list}")),
    }
}

/// A floating number as CEL writes it.
pub(super) fn double(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        value.to_string()
    }
}
