//! Transom: a gateway that lets browsers and REST clients call any gRPC service.
//!
//! ```text
//!  socket ─► listener ─► front ─► protocol ─► upstream ─► HTTP/2 ─► backend
//!            timers,     layers   dialect     Call to
//!            h1/h2,               to Call,    stream,
//!            drain                once        once
//!  socket ◄─ listener ◄─ front ◄─ protocol ◄─ upstream ◄──────────── Reply, Status
//! ```
//!
//! The modules, from the bottom up; each imports only those above it in this list:
//!
//! - [`worker`]: threads, each with a runtime of its own
//! - [`pem`]: certificates and keys out of texts
//! - `files`: files that are read again and again
//! - [`transcode`]: JSON text to wire bytes and back, by plans compiled from descriptors
//! - [`schema`]: what can be called, an immutable snapshot
//! - [`validate`]: the rules of a schema, checked on messages
//! - [`identity`]: who calls
//! - [`call`]: `Call`, `Reply`, `Status`: the vocabulary of the road
//! - [`observe`]: what the gateway tells about its calls
//! - [`control`]: clients of the control plane (server reflection)
//! - [`policy`]: what calls may pass
//! - [`protocol`], [`upstream`], [`listener`], [`admin`]: peers that do not know each other
//! - [`catalog`]: what people may know of an API
//! - [`lint`]: what is wrong with a schema
//! - [`openapi`], [`docs`]: documents and pages of a catalog
//! - [`gateway`]: composes them
//! - [`config`]: a file becomes a `gateway::Config`
//! - [`cli`]: the command line
//! - [`demo`]: the sample backend of `transom demo`

pub mod admin;
pub mod call;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod control;
pub mod demo;
pub mod docs;
mod files;
pub mod gateway;
pub mod identity;
pub mod lint;
pub mod listener;
pub mod observe;
pub mod openapi;
pub mod pem;
pub mod policy;
pub mod protocol;
pub mod schema;
pub mod transcode;
pub mod upstream;
pub mod validate;
pub mod worker;
