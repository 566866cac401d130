//! What is read, compared with `DynamicMessage`; and what is refused, with its place and reason.

mod hostile;
mod known;
mod messages;
mod scalars;
mod url;

use prost::Message as _;
use prost_reflect::DynamicMessage;

use crate::transcode::tests::fixture;
use crate::transcode::{Error, ErrorKind, ReadOptions, Scratch};

fn full_name(message: &str) -> String {
    match message {
        "Old" | "Extra" => format!("transcode.second.{message}"),
        _ => format!("transcode.third.{message}"),
    }
}

fn read_with(message: &str, json: &[u8], options: &ReadOptions) -> Result<Vec<u8>, Error> {
    let (_, plans) = fixture();
    let plan = plans.find(&full_name(message)).unwrap();
    let mut out = b"before".to_vec();
    let outcome = plans.to_wire(plan, json, options, &mut Scratch::default(), &mut out);
    assert!(out.starts_with(b"before"));
    if outcome.is_err() {
        assert_eq!(
            out, b"before",
            "output of a failed call stays: {message} {json:?}"
        );
    }
    outcome.map(|()| out.split_off(6))
}

fn read(message: &str, json: &str) -> Result<Vec<u8>, Error> {
    read_with(message, json.as_bytes(), &ReadOptions::default())
}

fn judge(message: &str, json: &str) -> DynamicMessage {
    let (pool, _) = fixture();
    let descriptor = pool.get_message_by_name(&full_name(message)).unwrap();
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let parsed = DynamicMessage::deserialize(descriptor, &mut deserializer)
        .unwrap_or_else(|error| panic!("the judge refuses {message} {json}: {error}"));
    // Once over the wire, because the judge tells a zero that was set from one that was not.
    decode(message, &parsed.encode_to_vec())
}

fn decode(message: &str, wire: &[u8]) -> DynamicMessage {
    let (pool, _) = fixture();
    let descriptor = pool.get_message_by_name(&full_name(message)).unwrap();
    DynamicMessage::decode(descriptor, wire)
        .unwrap_or_else(|error| panic!("{message} {wire:02x?}: {error}"))
}

/// Reads as the judge reads `other`.
#[track_caller]
fn reads_as(message: &str, json: &str, other: &str) {
    let wire = read(message, json).unwrap_or_else(|error| panic!("{message} {json}: {error}"));
    let (ours, theirs) = (decode(message, &wire), judge(message, other));
    let show = |message| serde_json::to_string(message).unwrap();
    // NaN is not equal to itself, but its text is.
    assert!(
        ours == theirs || json.contains("NaN") && show(&ours) == show(&theirs),
        "{message} {json}\n ours {}\n judge {}",
        show(&ours),
        show(&theirs)
    );
}

#[track_caller]
fn reads(message: &str, json: &str) {
    reads_as(message, json, json);
}

#[track_caller]
fn refuses(message: &str, json: &str, path: &str, reason: &str) {
    match read(message, json) {
        Ok(wire) => panic!("{message} {json} is taken: {:?}", decode(message, &wire)),
        Err(error) => {
            assert_eq!(error.path, path, "{message} {json}: {error}");
            assert!(error.message.contains(reason), "{message} {json}: {error}");
            assert!(error.offset.is_some(), "{message} {json}: {error}");
            assert!(error.message.len() < 300, "{error}");
            assert_eq!(error.kind, ErrorKind::Invalid);
        }
    }
}
