//! What happens while a gateway starts and runs: words on a terminal, or log lines where logs are
//! JSON, so that a collector never meets a table.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::log::Form;
use super::table;
use super::terminal::{self, BOLD, DIM, GOOD};
use crate::call::Transport;
use crate::config::units::Span;
use crate::gateway::{Gateway, Progress, StartError, the_upstream};
use crate::schema::{Row, Schema};

/// Where progress goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report(pub(super) Form);

impl Report {
    /// Tells one step of a start.
    pub(super) fn progress(self, progress: &Progress<'_>) {
        match (progress, self.0) {
            // Told beside the public address.
            (Progress::Operators(_), Form::Human) => {}
            (Progress::Operators(address), Form::Json) => {
                let address = address.to_string();
                tracing::info!(address, "operators are answered");
            }
            (
                Progress::Waiting {
                    upstream,
                    url,
                    cause,
                    next,
                },
                Form::Human,
            ) => terminal::note(&format!(
                "waiting for {}: {cause}; next try in {}",
                the_upstream(upstream, url),
                roughly(*next)
            )),
            (
                Progress::Waiting {
                    upstream,
                    url,
                    cause,
                    next,
                },
                Form::Json,
            ) => {
                let next = roughly(*next);
                tracing::warn!(
                    upstream,
                    url,
                    cause,
                    next_try_in = next,
                    "waiting for the upstream"
                );
            }
            (Progress::LeftOut(reason), _) => self.left_out(reason),
            (Progress::Ineffective(reason), Form::Human) => terminal::warn(reason),
            (Progress::Ineffective(reason), Form::Json) => tracing::warn!("{reason}"),
            (Progress::Schema(schema, rows), _) => self.schema(schema, rows),
            (Progress::Joined(schema, rows), form) => {
                if form == Form::Human {
                    terminal::print("\nthe schema by reflection has joined:");
                }
                self.schema(schema, rows);
            }
        }
    }

    /// What is served, and what was left out.
    fn schema(self, schema: &Schema, rows: &[Row]) {
        match self.0 {
            Form::Human => terminal::print(&table::text(rows)),
            Form::Json => {
                let methods = schema.methods().count();
                tracing::info!(methods, routes = rows.len(), "the schema is there");
            }
        }
        for refusal in schema.refusals() {
            self.left_out(refusal);
        }
    }

    /// A part of the schema that is not served.
    fn left_out(self, reason: &str) {
        match self.0 {
            Form::Human => terminal::warn(&format!("not served: {reason}")),
            Form::Json => tracing::warn!(reason, "not served"),
        }
    }

    /// The bound addresses.
    pub(super) fn listening(self, transport: Transport, gateway: &Gateway) {
        let (scheme, address) = (transport.scheme(), gateway.address());
        let (redirect, admin) = (gateway.redirect_address(), gateway.admin_address());
        match self.0 {
            Form::Human => {
                terminal::print(&format!(
                    "\n{GOOD}listening{GOOD:#} on {BOLD}{scheme}://{address}{BOLD:#}"
                ));
                for (name, address) in [("redirect", redirect), ("admin", admin)] {
                    if let Some(address) = address {
                        let line = format!("{DIM}{name:9} on http://{address}{DIM:#}");
                        terminal::print(&line);
                    }
                }
            }
            Form::Json => {
                let [redirect, admin] =
                    [redirect, admin].map(|address| address.map(|address| address.to_string()));
                let address = address.to_string();
                tracing::info!(scheme, address, redirect, admin, "listening");
            }
        }
    }

    /// The first signal came.
    pub(super) fn draining(self, most: Duration) {
        let most = Span(most).to_string();
        match self.0 {
            Form::Human => terminal::note(&format!(
                "stopping: running calls may take {most} to end; a second signal ends at once"
            )),
            Form::Json => tracing::info!(at_most = most, "stopping"),
        }
    }
}

/// A pause as people say it.
fn roughly(pause: Duration) -> String {
    match pause.as_millis() {
        millis @ ..1000 => format!("{millis}ms"),
        _ => format!("{:.1}s", pause.as_secs_f64()),
    }
}

/// Why a gateway did not start, with what to do about it.
pub(super) fn explain(error: &StartError) -> String {
    match error {
        StartError::Listen { address, cause } => no_listening(*address, cause, "--listen"),
        other => other.to_string(),
    }
}

/// Why nobody can listen there, and the flag that names another address.
pub(super) fn no_listening(address: SocketAddr, cause: &io::Error, flag: &str) -> String {
    match cause.kind() {
        io::ErrorKind::AddrInUse => format!(
            "cannot listen on {address}: another program does; choose another port with \
             {flag} {}:PORT (port 0 picks a free one)",
            match address {
                SocketAddr::V4(v4) => v4.ip().to_string(),
                SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
            }
        ),
        io::ErrorKind::AddrNotAvailable => format!(
            "cannot listen on {address}: this machine does not have that address; choose another \
             with {flag} ADDRESS"
        ),
        io::ErrorKind::PermissionDenied => format!(
            "cannot listen on {address}: {cause}; ports below 1024 need a privilege, another one \
             comes with {flag} ADDRESS"
        ),
        _ => format!("cannot listen on {address}: {cause}"),
    }
}
