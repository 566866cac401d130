//! Clients of the services that the gateway itself asks, as opposed to the calls it carries, and what they
//! share: TLS towards servers of HTTP/2, which backends use too.
//!
//! Nothing here is on the path of a call.

pub mod https;
pub mod oauth;
pub mod otlp;
pub mod redacted;
pub mod reflection;
pub mod secret;
pub mod tls;
