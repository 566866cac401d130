//! The transcoder as a testee of protobuf's own conformance suite: `tests/conformance/run.py`.
//!
//! The suite's runner starts it and speaks over its standard streams: each request and each response
//! is a message behind four bytes of length. JSON in is read by `to_wire`, JSON out is printed by
//! `to_json`, and JSON to JSON is the one after the other. Text format, and protobuf to protobuf,
//! which the gateway passes on unread, are skipped.
//!
//! ```text
//! testee SET        the file descriptor set of the suite's messages
//! ```

use std::error::Error;
use std::io::{self, Read, Write};

use prost::{Message, Oneof};
use transom::schema::{Options, Schema, Source};
use transom::transcode::{PlanId, PrintOptions, ReadOptions, Scratch, Unknown};

/// Bytes of a request at most; the suite's largest is a few KiB.
const REQUEST_MAX: usize = 64 << 20;

/// `conformance.WireFormat`.
const PROTOBUF: i32 = 1;
const JSON: i32 = 2;

/// `conformance.TestCategory`: unknown fields and enum values are passed over.
const IGNORE_UNKNOWN: i32 = 3;

/// `conformance.ConformanceRequest`, as much of it as matters here. Texts are bytes, so that what
/// is no UTF-8 reaches the transcoder.
#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(oneof = "Payload", tags = "1, 2, 7, 8")]
    payload: Option<Payload>,
    #[prost(int32, tag = "3")]
    output: i32,
    #[prost(string, tag = "4")]
    message_type: String,
    #[prost(int32, tag = "5")]
    category: i32,
}

#[derive(Clone, PartialEq, Oneof)]
enum Payload {
    #[prost(bytes, tag = "1")]
    Protobuf(Vec<u8>),
    #[prost(bytes, tag = "2")]
    Json(Vec<u8>),
    #[prost(bytes, tag = "7")]
    Jspb(Vec<u8>),
    #[prost(bytes, tag = "8")]
    Text(Vec<u8>),
}

/// `conformance.ConformanceResponse`.
#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(oneof = "Outcome", tags = "1, 2, 3, 4, 5, 6")]
    outcome: Option<Outcome>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Outcome {
    #[prost(string, tag = "1")]
    ParseError(String),
    #[prost(string, tag = "2")]
    RuntimeError(String),
    #[prost(bytes, tag = "3")]
    Protobuf(Vec<u8>),
    #[prost(bytes, tag = "4")]
    Json(Vec<u8>),
    #[prost(string, tag = "5")]
    Skipped(String),
    #[prost(string, tag = "6")]
    SerializeError(String),
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(set) = std::env::args_os().nth(1) else {
        return Err("usage: testee SET, a file descriptor set of the suite's messages".into());
    };
    let source = Source {
        name: "the suite's messages".to_owned(),
        descriptors: std::fs::read(set)?,
        upstream: "none".into(),
        reflected: false,
    };
    let options = Options {
        strict: true,
        ..Options::default()
    };
    let schema = Schema::build(vec![source], &options)?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    // One scratch for all of them, as a worker of the gateway has: its guesses must not matter.
    let mut scratch = Scratch::default();
    while let Some(request) = read(&mut input)? {
        let outcome = match Request::decode(request.as_slice()) {
            Ok(request) => answer(&schema, &request, &mut scratch),
            Err(error) => Outcome::RuntimeError(error.to_string()),
        };
        let response = Response {
            outcome: Some(outcome),
        };
        let response = response.encode_to_vec();
        output.write_all(&u32::try_from(response.len())?.to_le_bytes())?;
        output.write_all(&response)?;
        output.flush()?;
    }
    Ok(())
}

/// The next request; none at the end of the input.
fn read(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    if let Err(error) = input.read_exact(&mut length) {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => Ok(None),
            _ => Err(error),
        };
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > REQUEST_MAX {
        return Err(io::Error::other(format!("a request of {length} bytes")));
    }
    let mut request = vec![0; length];
    input.read_exact(&mut request)?;
    Ok(Some(request))
}

fn answer(schema: &Schema, request: &Request, scratch: &mut Scratch) -> Outcome {
    // The list of failures is the runner's option.
    if request.message_type == "conformance.FailureSet" {
        return Outcome::Protobuf(Vec::new());
    }
    let Some(plan) = schema.plans().find(&request.message_type) else {
        return Outcome::RuntimeError(format!("no message {}", request.message_type));
    };
    match (&request.payload, request.output) {
        (Some(Payload::Protobuf(wire)), JSON) => to_json(schema, plan, wire, scratch),
        (Some(Payload::Json(json)), PROTOBUF | JSON) => {
            let options = ReadOptions {
                unknown: match request.category {
                    IGNORE_UNKNOWN => Unknown::Ignore,
                    _ => Unknown::Refuse,
                },
                ..ReadOptions::default()
            };
            let mut wire = Vec::new();
            match schema
                .plans()
                .to_wire(plan, json, &options, scratch, &mut wire)
            {
                Err(error) => Outcome::ParseError(error.to_string()),
                Ok(()) if request.output == JSON => to_json(schema, plan, &wire, scratch),
                Ok(()) => Outcome::Protobuf(wire),
            }
        }
        (Some(Payload::Protobuf(wire)), PROTOBUF) => match to_json(schema, plan, wire, scratch) {
            Outcome::ParseError(error) => Outcome::ParseError(error),
            _ => Outcome::Skipped("protobuf is not written from protobuf".to_owned()),
        },
        _ => Outcome::Skipped("only protobuf and JSON".to_owned()),
    }
}

fn to_json(schema: &Schema, plan: PlanId, wire: &[u8], scratch: &mut Scratch) -> Outcome {
    let (options, mut json) = (PrintOptions::default(), Vec::new());
    let printed = schema
        .plans()
        .to_json(plan, wire, &options, scratch, &mut json);
    match printed {
        Ok(()) => Outcome::Json(json),
        // Broken wire bytes have a place in them, values that JSON has no form for have none.
        Err(error) if error.offset.is_some() => Outcome::ParseError(error.to_string()),
        Err(error) => Outcome::SerializeError(error.to_string()),
    }
}
