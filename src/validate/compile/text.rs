//! Rules of strings and of bytes.

use super::number::listed;
use super::rules::{Subject, Type};
use super::{Collected, Compiled, Fault, words};
use crate::schema::record::Record;
use crate::validate::formats::{Format, Strict, Version};
use crate::validate::judge::{Bytes, Length, Test, Text, Wanted};
use crate::validate::pattern;

/// Numbers that `StringRules` have.
pub(super) const STRING: &[u32] = &[
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
    27, 28, 29, 30, 31, 32, 33, 34, 35, 37, 38,
];

/// Numbers that `BytesRules` have.
pub(super) const BYTES: &[u32] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Forms by their numbers, with their names and how they are called.
const FORMATS: [(u32, Format, &str, &str); 17] = [
    (12, Format::Email, "email", "email address"),
    (13, Format::Hostname, "hostname", "hostname"),
    (14, Format::Ip(Version::Any), "ip", "IP address"),
    (15, Format::Ip(Version::V4), "ipv4", "IPv4 address"),
    (16, Format::Ip(Version::V6), "ipv6", "IPv6 address"),
    (17, Format::Uri, "uri", "URI"),
    (18, Format::UriRef, "uri_ref", "URI Reference"),
    (21, Format::Address, "address", "hostname, or ip address"),
    (22, Format::Uuid, "uuid", "UUID"),
    (
        26,
        Format::IpPrefix(Version::Any, Strict::No),
        "ip_with_prefixlen",
        "IP prefix",
    ),
    (
        27,
        Format::IpPrefix(Version::V4, Strict::No),
        "ipv4_with_prefixlen",
        "IPv4 address with prefix length",
    ),
    (
        28,
        Format::IpPrefix(Version::V6, Strict::No),
        "ipv6_with_prefixlen",
        "IPv6 address with prefix length",
    ),
    (
        29,
        Format::IpPrefix(Version::Any, Strict::Yes),
        "ip_prefix",
        "IP prefix",
    ),
    (
        30,
        Format::IpPrefix(Version::V4, Strict::Yes),
        "ipv4_prefix",
        "IPv4 prefix",
    ),
    (
        31,
        Format::IpPrefix(Version::V6, Strict::Yes),
        "ipv6_prefix",
        "IPv6 prefix",
    ),
    (33, Format::Tuuid, "tuuid", "trimmed UUID"),
    (35, Format::Ulid, "ulid", "ULID"),
];

/// Those that are called otherwise when nothing is there.
const OTHER_FORMATS: [(u32, Format, &str, &str, &str); 3] = [
    (
        32,
        Format::HostAndPort,
        "host_and_port",
        "host (hostname or IP address) and port pair",
        "host and port pair",
    ),
    (
        37,
        Format::Fqn,
        "protobuf_fqn",
        "fully-qualified Protobuf name",
        "fully-qualified Protobuf name",
    ),
    (
        38,
        Format::DotFqn,
        "protobuf_dot_fqn",
        "fully-qualified Protobuf name with a leading dot",
        "fully-qualified Protobuf name with a leading dot",
    ),
];

/// Rules of strings.
pub(super) fn string(
    subject: &Subject<'_>,
    of: Type,
    rules: &Record,
    out: &mut Collected,
) -> Compiled<()> {
    let mut push = |number: u32, id: &str, description: String, test: Text| {
        let check = subject.check(of, number, id, description, Test::Text(test));
        out.checks.push(check);
    };
    if let Some(wanted) = rules.text(1) {
        push(
            1,
            "const",
            format!("must equal `{wanted}`"),
            Text::Is(wanted),
        );
    }
    for (number, id, how, unit, is) in [
        (
            19,
            "len",
            "",
            "characters",
            Length::Exactly as fn(u64) -> Length,
        ),
        (2, "min_len", "at least ", "characters", Length::AtLeast),
        (3, "max_len", "at most ", "characters", Length::AtMost),
        (20, "len_bytes", "", "bytes", Length::Exactly),
        (4, "min_bytes", "at least ", "bytes", Length::AtLeast),
        (5, "max_bytes", "at most ", "bytes", Length::AtMost),
    ] {
        if let Some(length) = rules.varint(number) {
            let test = match unit {
                "bytes" => Text::ByteLen(is(length)),
                _ => Text::Len(is(length)),
            };
            push(number, id, format!("must be {how}{length} {unit}"), test);
        }
    }
    if let Some(source) = rules.text(6) {
        let regex =
            pattern::compile(&source).map_err(|reason| Fault::new("string.pattern", reason))?;
        let description = format!("does not match regex pattern `{source}`");
        push(6, "pattern", description, Text::Pattern(Box::new(regex)));
    }
    for (number, id, words, test) in [
        (
            7,
            "prefix",
            "does not have prefix",
            Text::Prefix as fn(String) -> Text,
        ),
        (8, "suffix", "does not have suffix", Text::Suffix),
        (9, "contains", "does not contain substring", Text::Contains),
        (23, "not_contains", "contains substring", Text::NotContains),
    ] {
        if let Some(part) = rules.text(number) {
            push(number, id, format!("{words} `{part}`"), test(part));
        }
    }
    for (number, wanted) in [(10, Wanted::In), (11, Wanted::NotIn)] {
        let list = rules.texts(number);
        if !list.is_empty() {
            let (id, description) = listed(wanted, &list);
            push(number, id, description, Text::List(list.into(), wanted));
        }
    }
    let others = FORMATS
        .iter()
        .map(|&(number, format, id, called)| (number, format, id, called, called));
    for (number, format, id, called, empty) in others.chain(OTHER_FORMATS) {
        if !rules.flag(number) {
            continue;
        }
        push(
            number,
            id,
            format!("must be a valid {called}"),
            Text::Format(format),
        );
        if format != Format::UriRef {
            let description = format!("value is empty, which is not a valid {empty}");
            push(number, &format!("{id}_empty"), description, Text::NotEmpty);
        }
    }
    let strict = match rules.varint(25) {
        Some(0) => Strict::No,
        _ => Strict::Yes,
    };
    match rules.varint(24) {
        Some(1) => {
            let called = "HTTP header name";
            let id = "well_known_regex.header_name";
            let test = Text::Format(Format::HeaderName(strict));
            push(24, id, format!("must be a valid {called}"), test);
            let description = format!("value is empty, which is not a valid {called}");
            push(24, &format!("{id}_empty"), description, Text::NotEmpty);
        }
        Some(2) => {
            let test = Text::Format(Format::HeaderValue(strict));
            let description = "must be a valid HTTP header value".to_owned();
            push(24, "well_known_regex.header_value", description, test);
        }
        None | Some(0) => {}
        Some(number) => {
            return Err(Fault::new(
                "string.well_known_regex",
                format!("it has the value {number}; 0 to 2 are known"),
            ));
        }
    }
    Ok(())
}

/// Rules of bytes.
pub(super) fn bytes(
    subject: &Subject<'_>,
    of: Type,
    rules: &Record,
    out: &mut Collected,
) -> Compiled<()> {
    let mut push = |number: u32, id: &str, description: String, test: Bytes| {
        let check = subject.check(of, number, id, description, Test::Bytes(test));
        out.checks.push(check);
    };
    if let Some(wanted) = rules.bytes(1) {
        let description = format!("must be {}", words::hex(wanted));
        push(1, "const", description, Bytes::Is(wanted.to_vec()));
    }
    for (number, id, how, is) in [
        (13, "len", "", Length::Exactly as fn(u64) -> Length),
        (2, "min_len", "at least ", Length::AtLeast),
        (3, "max_len", "at most ", Length::AtMost),
    ] {
        if let Some(length) = rules.varint(number) {
            let description = format!("must be {how}{length} bytes");
            push(number, id, description, Bytes::Len(is(length)));
        }
    }
    if let Some(source) = rules.text(4) {
        let regex =
            pattern::compile(&source).map_err(|reason| Fault::new("bytes.pattern", reason))?;
        let description = format!("must match regex pattern `{source}`");
        push(4, "pattern", description, Bytes::Pattern(Box::new(regex)));
    }
    for (number, id, words, test) in [
        (
            5,
            "prefix",
            "does not have prefix",
            Bytes::Prefix as fn(Vec<u8>) -> Bytes,
        ),
        (6, "suffix", "does not have suffix", Bytes::Suffix),
        (7, "contains", "does not contain", Bytes::Contains),
    ] {
        if let Some(part) = rules.bytes(number) {
            let description = format!("{words} {}", words::hex(part));
            push(number, id, description, test(part.to_vec()));
        }
    }
    for (number, wanted) in [(8, Wanted::In), (9, Wanted::NotIn)] {
        let list: Vec<Vec<u8>> = rules.all_bytes(number).map(|one| one.to_vec()).collect();
        if !list.is_empty() {
            let (id, description) =
                listed(wanted, list.iter().map(|one| String::from_utf8_lossy(one)));
            push(number, id, description, Bytes::List(list.into(), wanted));
        }
    }
    for (number, id, called, lengths) in [
        (10, "ip", "IP address", &[4usize, 16][..]),
        (11, "ipv4", "IPv4 address", &[4]),
        (12, "ipv6", "IPv6 address", &[16]),
        (15, "uuid", "UUID", &[16]),
    ] {
        if rules.flag(number) {
            push(
                number,
                id,
                format!("must be a valid {called}"),
                Bytes::OneOf(lengths),
            );
            let description = format!("value is empty, which is not a valid {called}");
            push(number, &format!("{id}_empty"), description, Bytes::NotEmpty);
        }
    }
    Ok(())
}
