//! JSON at the level of bytes: no tree.

pub(crate) mod lex;
pub(crate) mod number;
pub(crate) mod print;
pub(crate) mod string;
