//! Clients of the gRPC services that the gateway itself asks, as opposed to the calls it carries.
//!
//! They are tonic clients: nothing here is on the path of a call.

pub mod https;
pub mod otlp;
pub mod reflection;
