//! Cases written by hand: `tests/data/transcode/*.case`.
//!
//! ```text
//! # A sentence on what is shown
//! message shop.Payment
//! options emit_defaults            any of: emit_defaults proto_names enum_numbers any_base64 ignore
//! json {"card": {}, "voucher": ""}
//! => refused: …
//! ```
//!
//! The input is a line of `json` (to wire bytes) or of `wire` in hexadecimal (to JSON), followed by
//! what must come of it: bytes, JSON, or the whole text of the refusal. Message and options hold until
//! they are named again, options at the latest until the next message.
//! `UPDATE_CASES=1` writes what comes of them into the files, to be read before it is kept.

use std::fmt::Write as _;
use std::path::Path;

use transom::transcode::{Lowered, Plans, PrintOptions, ReadOptions, Scratch, Unknown, UnknownAny};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/transcode");

#[test]
fn cases() {
    let mut compiler = protox::Compiler::new([DATA]).unwrap();
    compiler.include_imports(true);
    for file in ["shop.proto", "legacy.proto"] {
        compiler.open_file(file).unwrap();
    }
    let plans = Plans::compile(&compiler.descriptor_pool(), &Lowered::default());
    let mut files: Vec<_> = std::fs::read_dir(DATA)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "case")
        })
        .collect();
    files.sort();
    let failures: Vec<_> = files
        .iter()
        .filter_map(|path| check(&plans, path))
        .collect();
    assert!(
        files.len() > 4 && failures.is_empty(),
        "{}",
        failures.join("\n")
    );
}

/// Runs a file's cases; gives what differs.
fn check(plans: &Plans, path: &Path) -> Option<String> {
    let expected = std::fs::read_to_string(path).unwrap();
    let (mut found, mut message, mut options) = (String::new(), "", "");
    let mut result = None;
    for line in expected.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "message" => (message, options) = (rest, ""),
            "options" => options = rest,
            "json" | "wire" => result = Some(outcome(plans, message, options, word, rest)),
            _ => {}
        }
        match result.take_if(|_| word == "=>") {
            Some(result) => writeln!(found, "=> {result}").unwrap(),
            None => writeln!(found, "{line}").unwrap(),
        }
    }
    if std::env::var_os("UPDATE_CASES").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    let differs = |(found, expected): (&str, &str)| {
        (found != expected).then(|| {
            format!(
                "{}\n  expected {expected}\n  found    {found}",
                path.display()
            )
        })
    };
    found.lines().zip(expected.lines()).find_map(differs)
}

fn outcome(plans: &Plans, message: &str, options: &str, form: &str, input: &str) -> String {
    let plan = plans
        .find(message)
        .unwrap_or_else(|| panic!("no message {message:?}"));
    let given = |option| options.split(' ').any(|word| word == option);
    let mut scratch = Scratch::default();
    let mut out = Vec::new();
    if form == "json" {
        let unknown = if given("ignore") {
            Unknown::Ignore
        } else {
            Unknown::Refuse
        };
        let options = ReadOptions {
            unknown,
            ..ReadOptions::default()
        };
        match plans.to_wire(plan, input.as_bytes(), &options, &mut scratch, &mut out) {
            Ok(()) => hex(&out),
            Err(error) => format!("refused: {error}"),
        }
    } else {
        let options = PrintOptions {
            emit_defaults: given("emit_defaults"),
            proto_names: given("proto_names"),
            enum_numbers: given("enum_numbers"),
            unknown_any: if given("any_base64") {
                UnknownAny::Base64
            } else {
                UnknownAny::Refuse
            },
            ..PrintOptions::default()
        };
        match plans.to_json(plan, &bytes(input), &options, &mut scratch, &mut out) {
            Ok(()) => String::from_utf8(out).unwrap(),
            Err(error) => format!("refused: {error}"),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ")
}

/// Bytes in hexadecimal; `"text"` stands for its bytes.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for (nth, part) in text.split('"').enumerate() {
        if nth % 2 == 1 {
            out.extend(part.as_bytes());
        } else {
            let byte = |digits| u8::from_str_radix(digits, 16).unwrap();
            out.extend(part.split_whitespace().map(byte));
        }
    }
    out
}
