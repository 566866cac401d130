//! The documentation site and the documents over HTTP: what readers see of an API.
//!
//! Server-rendered and readable without a script. Nothing here leads outside: no page of the site asks
//! for anything that this gateway does not serve itself. Text of comments is not trusted.
