//! `transom call`: a gRPC client for the command line.
//!
//! It stands on the gateway's own road: schema, transcoder and upstream, without a dialect in
//! front. What it sends and prints is what a REST client would see.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use clap::Args;
use http::{HeaderName, HeaderValue};

use super::flags::Target;
use super::{Exit, on_runtime, refuse, routes, terminal};
use crate::call::{
    Answer, Call, Deadline, Encodings, Message, Metadata, Peer, Reply, Requests, Service as _,
    Transport,
};
use crate::config::Settings;
use crate::config::units::Span;
use crate::schema::{Method, Schema, Shape};
use crate::transcode::{ReadOptions, Scratch};
use crate::upstream::Upstream;

mod input;
mod output;
mod values;

use input::Input;
use output::{Form, Printer};

/// Flags of `call`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  transom call demo.echo.v1.EchoService/Get -d '{\"id\": 7}' \\
    -u http://127.0.0.1:50051
  transom call acme.Orders/Get -d @order.json -H 'authorization: Bearer a' \\
    -u $URL
  transom call acme.Orders/Import -d '{\"id\": 1} {\"id\": 2}' --proto . -u $URL
  transom call acme.Chat/Talk -d - -u $URL < messages.json

Exit codes: 0 for OK, 64 + n for gRPC status n (5 NOT_FOUND: 69), 1 if no call could be made.")]
pub(super) struct Arguments {
    /// The method, as pkg.Service/Method
    method: String,

    /// Request messages: JSON values one after the other, @FILE, or - for standard input.
    ///
    /// A unary or server-streaming method takes one message, an empty one if the flag is left out.
    /// Messages from standard input are sent as they come.
    #[arg(short, long, value_name = "JSON", allow_hyphen_values = true)]
    data: Option<String>,

    /// Metadata to send; may be given several times. A value of a -bin name is base64
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(HeaderName, HeaderValue)>,

    /// Deadline of the call, such as 5s [default: none]
    #[arg(long, value_name = "DURATION")]
    timeout: Option<Span>,

    /// One line of JSON a reply, instead of indented JSON
    #[arg(long)]
    compact: bool,

    /// Show response metadata and trailers, on standard error
    #[arg(short, long)]
    verbose: bool,

    #[command(flatten)]
    target: Target,
}

/// `name: value`, with names that gRPC does not reserve.
fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("expected `name: value`")?;
    let name: HeaderName =
        name.trim().to_ascii_lowercase().parse().map_err(|_| {
            "expected a name of letters, digits and `-_.` before the colon".to_owned()
        })?;
    if name.as_str().starts_with("grpc-") || matches!(name.as_str(), "te" | "content-type") {
        return Err(format!("`{name}` is gRPC's own; metadata cannot set it"));
    }
    let value: HeaderValue = value
        .trim()
        .parse()
        .map_err(|_| "expected a value in visible ASCII".to_owned())?;
    if name.as_str().ends_with("-bin") && !is_base64(value.as_bytes()) {
        return Err(format!("expected the value of `{name}` in base64"));
    }
    Ok((name, value))
}

/// True for base64 in the standard alphabet, padded or not: how gRPC sends bytes.
fn is_base64(text: &[u8]) -> bool {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = text.get(..text.len() - padding).unwrap_or_default();
    padding < 3 && base64_simd::STANDARD_NO_PAD.check(digits).is_ok()
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> Exit {
    match arguments.target.settings() {
        Ok(settings) => on_runtime(async move {
            match call(arguments, settings).await {
                Ok(exit) => exit,
                Err(message) => {
                    terminal::error(&message);
                    Exit::Failed
                }
            }
        }),
        Err(error) => refuse(&error),
    }
}

async fn call(arguments: &Arguments, settings: Settings) -> Result<Exit, String> {
    let (read, write) = (
        settings.gateway.protocol.options.read,
        settings.gateway.protocol.options.print,
    );
    let loaded = routes::load(&settings.gateway)
        .await
        .map_err(|error| error.to_string())?;
    let schema = Arc::new(loaded.schema);
    let method = find(&schema, &arguments.method)?;
    let input = Input::open(arguments.data.as_deref())?;
    let requests = match method.shape {
        Shape::Unary | Shape::ServerStream => {
            Requests::One(one(input, &schema, &method, &read).await?)
        }
        Shape::ClientStream | Shape::Bidi => {
            let reader = Reader {
                schema: Arc::clone(&schema),
                method: Arc::clone(&method),
                options: read,
            };
            input.into_requests(move |json| reader.message(json))
        }
    };
    let mut metadata = Metadata::new();
    for (name, value) in &arguments.headers {
        metadata.0.append(name, value.clone());
    }
    let call = Call {
        upstream: None,
        method: Arc::clone(&method),
        metadata,
        deadline: arguments
            .timeout
            .map_or(Deadline::Never, |timeout| Deadline::after(timeout.0)),
        peer: Peer {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            transport: Transport::Plaintext,
            secured: None,
        },
        encodings: Encodings::default(),
        trail: None,
        requests,
    };
    let upstream =
        Upstream::build(settings.gateway.upstreams, 1).map_err(|error| error.to_string())?;
    let form = if arguments.compact {
        Form::Compact
    } else {
        Form::Indented
    };
    let mut printer = Printer::new(&schema, &method, write, form);
    match upstream.call(call).await {
        Ok(reply) => Ok(print(reply, &mut printer, arguments.verbose).await),
        Err(status) => Ok(printer.status(&status)),
    }
}

/// The one message of a call that takes exactly one.
async fn one(
    mut input: Input,
    schema: &Schema,
    method: &Arc<Method>,
    options: &ReadOptions,
) -> Result<Message, String> {
    let first = input.next().await?.unwrap_or_else(|| b"{}".to_vec());
    if input.next().await?.is_some() {
        let takes = match method.shape {
            Shape::ServerStream => "the method streams its answer, not the request",
            _ => "the method is unary",
        };
        return Err(format!(
            "found more than one message, expected one: {takes}"
        ));
    }
    message(schema, method, options, &first)
}

/// What turns JSON into messages while a stream is sent.
struct Reader {
    schema: Arc<Schema>,
    method: Arc<Method>,
    options: ReadOptions,
}

impl Reader {
    fn message(&self, json: &[u8]) -> Result<Message, String> {
        message(&self.schema, &self.method, &self.options, json)
    }
}

fn message(
    schema: &Schema,
    method: &Method,
    options: &ReadOptions,
    json: &[u8],
) -> Result<Message, String> {
    let (plans, mut scratch) = (schema.plans(), Scratch::default());
    let built =
        Message::build(|wire| plans.to_wire(method.input, json, options, &mut scratch, wire));
    built.map_err(|error| {
        let at = error
            .offset
            .map(|offset| format!(" (at byte {offset})"))
            .unwrap_or_default();
        let colon = if error.path.is_empty() { "" } else { ": " };
        format!(
            "the request is not a {}: {}{colon}{}{at}",
            plans.name(method.input),
            error.path,
            error.message
        )
    })
}

/// The method of a name in any of its usual spellings.
fn find(schema: &Schema, name: &str) -> Result<Arc<Method>, String> {
    let bare = name.strip_prefix('/').unwrap_or(name);
    let path = match bare.rsplit_once('/').or_else(|| bare.rsplit_once('.')) {
        Some((service, method)) => format!("/{service}/{method}"),
        None => format!("/{bare}"),
    };
    if let Some(method) = schema.method(&path) {
        return Ok(Arc::clone(method));
    }
    let hint = match schema.closest(bare) {
        Some(near) => format!("did you mean {}?", near.trim_start_matches('/')),
        None => "`transom routes` lists them".to_owned(),
    };
    Err(format!(
        "there is no method {}; {hint}",
        crate::config::units::quoted(bare)
    ))
}

/// Prints a reply to its end.
async fn print(mut reply: Reply, printer: &mut Printer<'_>, verbose: bool) -> Exit {
    if verbose {
        output::metadata("<", &reply.metadata);
    }
    while let Some(answer) = reply.replies.next().await {
        match answer {
            Answer::Message(message) => {
                if let Err(exit) = printer.message(&message) {
                    return exit;
                }
            }
            Answer::End(end) => {
                if verbose {
                    output::metadata("< trailer", &end.trailers);
                }
                return if end.status.is_ok() {
                    Exit::Done
                } else {
                    printer.status(&end.status)
                };
            }
        }
    }
    terminal::error("the answer ended without a status");
    Exit::Failed
}
