//! The well-known types' own JSON forms.

pub(crate) mod duration;
pub(crate) mod field_mask;
pub(crate) mod print;
pub(crate) mod timestamp;
