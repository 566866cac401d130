//! A body of `application/x-www-form-urlencoded` -> wire fragments. It binds like a query, with the
//! same bound on its fields, but a name that is no field is what it is in any body: a mistake.

use super::keys::{Keys, Source, VALUES_MAX};
use super::{Draft, pairs};
use crate::protocol::rest::error::Failure;
use crate::protocol::rest::percent::{self, Form};
use crate::transcode::Unknown;

/// Appends every field of the form that the path does not bind.
pub(super) fn write(form: &[u8], unknown: Unknown, draft: &mut Draft<'_>) -> Result<(), Failure> {
    let form = std::str::from_utf8(form).map_err(|error| {
        let at = error.valid_up_to();
        Failure::bad_request(format!(
            "in the form, expected UTF-8, found bytes that are not (at byte {at})"
        ))
    })?;
    let count = pairs::count(form);
    let plans = draft.plans;
    let keys = Keys::of_body(plans, draft.binding, Source::Form, unknown);
    if is_json(form, &keys, draft) {
        return Err(Failure::bad_request(
            "found JSON in a body that claims to be a form, expected `content-type: application/json` \
             with it (with curl, --json instead of -d)",
        ));
    }
    if count > VALUES_MAX {
        return Err(Failure::bad_request(format!(
            "found {count} fields in the form, expected at most {VALUES_MAX}"
        )));
    }
    pairs::write(form, &keys, draft, |update, field, _, seen| {
        update.add(plans, field, seen)
    })
}

/// JSON sent as a form, which is what `curl -d` does: its one key begins like JSON. A bracket also
/// begins the name of an extension.
fn is_json(form: &str, keys: &Keys<'_>, draft: &mut Draft<'_>) -> bool {
    let text = form.trim_ascii_start();
    let first = match text.as_bytes() {
        [b'%', escape @ ..] => percent::escape(escape).map(|(byte, _)| byte),
        [byte, ..] => Some(*byte),
        [] => None,
    };
    match first {
        Some(b'{') => true,
        Some(b'[') => {
            let key = text.split(['&', '=']).next().unwrap_or_default();
            let desk = &mut draft.desk;
            match percent::decode(key, Form::Query, &mut desk.key) {
                Ok(key) => !matches!(keys.find(key, &mut desk.trail), Ok(Some(_))),
                Err(_) => true,
            }
        }
        Some(_) | None => false,
    }
}
