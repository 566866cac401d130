//! Hostile framing of HTTP/1.1 and HTTP/2, by the numbers of the table of hostile inputs: rows 1 to 48.
//!
//! What no request may do is reach a backend as something else than what was answered for, hold a
//! connection for ever, or cost its neighbours anything.

mod http1;
mod http2;
mod unread;
