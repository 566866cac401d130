//! Parameters of a query -> wire fragments: `a.b.c=x`, repeated scalars, `m[key]=value`.
//!
//! Work is bounded by [`VALUES_MAX`] and by the length of the URL; the depth of a name by the
//! transcoder.

use super::keys::{Keys, VALUES_MAX};
use super::{Draft, pairs};
use crate::protocol::rest::UnknownQuery;
use crate::protocol::rest::error::Failure;
use crate::schema::Body;
use crate::transcode::Unknown;

/// Appends every parameter that names a field which neither path nor body binds.
pub(super) fn write(
    query: &str,
    unknown: UnknownQuery,
    draft: &mut Draft<'_>,
) -> Result<(), Failure> {
    let count = pairs::count(query);
    if count > VALUES_MAX {
        return Err(Failure::bad_request(format!(
            "found {count} parameters in the query, expected at most {VALUES_MAX}"
        )));
    }
    let unknown = match unknown {
        UnknownQuery::Ignore => Unknown::Ignore,
        UnknownQuery::Refuse => Unknown::Refuse,
    };
    if matches!(draft.binding.body, Body::Whole) && unknown == Unknown::Ignore {
        return Ok(()); // the body binds every field that the path does not
    }
    let keys = Keys::of_query(draft.plans, draft.binding, unknown);
    pairs::write(query, &keys, draft, |update, field, text, _| {
        update.note(field, text);
        Ok(())
    })
}
