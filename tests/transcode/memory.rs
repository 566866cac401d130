//! What a body of tiny parts costs: the peak of a process that transcodes one, with the body itself
//! and what comes of it, is under twenty times the body.
//!
//! Every body gets a process of its own, this binary again, so that nothing else counts and nothing
//! is left over from another body. The kernel keeps the peak, on Linux. With `RUN_SLOW_TESTS` in the
//! environment, bodies of an awkward size are measured too.

use std::fmt::Write as _;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use transom::protocol::Options;
use transom::transcode::{ErrorKind, Lowered, Plans, Scratch, UnknownAny};

/// Bytes of memory for a byte of body at most.
const TIMES_MAX: f64 = 20.0;

/// The default limit of a message.
const BODY: usize = 4 << 20;

/// Just over a power of two, where buffers that double are at their worst; and large enough that
/// the pages of 2 MiB, which each new buffer begins with, do not hide it.
const AWKWARD: usize = (8 << 20) + (64 << 10);

/// JSON bytes for a wire byte at most, as the gateway has it.
const GROWTH: usize = 8;

/// What the body in the child process is.
const VARIABLE: &str = "TRANSOM_TEST_BODY";

/// What is done with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// JSON to wire.
    Read,
    /// Wire to JSON.
    Print,
    /// Wire to JSON, with default values written.
    PrintAll,
}

struct Case {
    name: &'static str,
    message: &'static str,
    way: Way,
    body: fn(usize) -> Vec<u8>,
}

const fn case(
    name: &'static str,
    message: &'static str,
    way: Way,
    body: fn(usize) -> Vec<u8>,
) -> Case {
    Case {
        name,
        message,
        way,
        body,
    }
}

use Way::{Print, PrintAll, Read};

const CASES: [Case; 29] = [
    case("empty messages", "shop.Tree", Read, |size| {
        list(br#"{"children":["#, b"{}", b"]}", size)
    }),
    case("empty lists", "google.protobuf.ListValue", Read, |size| {
        list(b"[", b"[]", b"]", size)
    }),
    case("empty objects", "google.protobuf.Value", Read, |size| {
        list(b"[", b"{}", b"]", size)
    }),
    case("small numbers", "google.protobuf.Value", Read, |size| {
        list(b"[", b"0", b"]", size)
    }),
    case("lists of lists", "google.protobuf.Value", Read, |size| {
        list(b"[", b"[[],[]]", b"]", size)
    }),
    case("numbers", "transcode.third.Lists", Read, |size| {
        list(br#"{"fixed32s":["#, b"0", b"]}", size)
    }),
    case("names of values", "transcode.third.Lists", Read, |size| {
        list(br#"{"colors":["#, br#""RED""#, b"]}", size)
    }),
    case("escapes", "transcode.third.Node", Read, |size| {
        let mut body = br#"{"name":""#.to_vec();
        body.extend(br"\n".repeat(size / 2 - 8));
        body.extend(br#""}"#);
        body
    }),
    case("base64", "transcode.third.Scalars", Read, |size| {
        let mut body = br#"{"aBytes":""#.to_vec();
        body.extend(br"\u0041".repeat((size - 16) / 24 * 4));
        body.extend(br#""}"#);
        body
    }),
    case("entries", "transcode.third.Maps", Read, |size| {
        members(r#"{"ints":{"#, "0", "}}", size)
    }),
    case("members", "google.protobuf.Struct", Read, |size| {
        members("{", "[]", "}", size)
    }),
    case("entries of one key", "transcode.third.Maps", Read, |size| {
        list(br#"{"ints":{"#, br#""1":0"#, b"}}", size)
    }),
    case("an early type of many", "shop.Known", Read, |size| {
        let any = br#"{"@type":"t/google.protobuf.Empty","value":{}}"#;
        list(br#"{"details":["#, any, b"]}", size)
    }),
    case("a late type of many", "shop.Known", Read, |size| {
        let any = br#"{"value":{},"@type":"t/google.protobuf.Empty"}"#;
        list(br#"{"details":["#, any, b"]}", size)
    }),
    case("one late type", "google.protobuf.Any", Read, |size| {
        let end = br#"],"@type":"t/google.protobuf.ListValue"}"#;
        list(br#"{"value":["#, b"[]", end, size)
    }),
    case(
        "late types in a late one",
        "google.protobuf.Any",
        Read,
        |size| {
            let end = br#"],"@type":"t/google.protobuf.ListValue"}"#;
            list(br#"{"value":["#, br#"{"@type":0}"#, end, size)
        },
    ),
    case(
        "paths of a mask",
        "google.protobuf.FieldMask",
        Read,
        |size| list(b"\"", b"a", b"\"", size),
    ),
    case("empty messages", "shop.Tree", Print, |size| {
        b"\x12\0".repeat(size / 2)
    }),
    case("pieces of a message", "shop.Tree", Print, |size| {
        b"\x0a\0".repeat(size / 2)
    }),
    case("empty lists", "google.protobuf.ListValue", Print, |size| {
        b"\x0a\x02\x32\0".repeat(size / 4)
    }),
    case("packed bools", "transcode.third.Lists", Print, |size| {
        packed(0x6a, size)
    }),
    case("bools one by one", "transcode.third.Lists", Print, |size| {
        b"\x68\0".repeat(size / 2)
    }),
    case(
        "two lists in turn",
        "transcode.third.Lists",
        Print,
        |size| b"\x68\0\x18\0".repeat(size / 4),
    ),
    case("names of values", "transcode.third.Lists", Print, |size| {
        b"\x82\x01\x01\0".repeat(size / 4)
    }),
    case(
        "names of values, one by one",
        "transcode.third.Lists",
        Print,
        |size| b"\x80\x01\0".repeat(size / 3),
    ),
    case("empty entries", "transcode.third.Maps", Print, |size| {
        b"\x12\0".repeat(size / 2)
    }),
    case("entries in turn", "transcode.third.Maps", Print, |size| {
        b"\x12\x02\x08\x01\x12\0".repeat(size / 6)
    }),
    case("entries", "transcode.third.Maps", Print, |size| {
        let mut body = Vec::with_capacity(size);
        for key in (0..1 << 21).rev() {
            if body.len() + 6 > size {
                break;
            }
            let digits = [key as u8 | 0x80, (key >> 7) as u8 | 0x80, (key >> 14) as u8];
            body.extend([0x12, 4, 0x08]);
            body.extend(digits);
        }
        body
    }),
    case("all fields", "shop.Order", PrintAll, |size| {
        b"\x1a\0".repeat(size / 2)
    }),
];

/// As many of `element` as fit, with commas between them.
fn list(start: &[u8], element: &[u8], end: &[u8], size: usize) -> Vec<u8> {
    let count = (size - start.len() - end.len() + 1) / (element.len() + 1);
    let mut body = Vec::with_capacity(size);
    body.extend(start);
    for at in 0..count {
        if at > 0 {
            body.push(b',');
        }
        body.extend(element);
    }
    body.extend(end);
    body
}

/// As many members of different names as fit.
fn members(start: &str, value: &str, end: &str, size: usize) -> Vec<u8> {
    let mut body = String::with_capacity(size + 32);
    body.push_str(start);
    for key in 0.. {
        write!(body, "\"{key}\":{value}").unwrap();
        if body.len() + 32 > size {
            break;
        }
        body.push(',');
    }
    body.push_str(end);
    body.into_bytes()
}

/// One packed list.
fn packed(tag: u8, size: usize) -> Vec<u8> {
    let count = size - 6;
    let mut body = Vec::with_capacity(size);
    body.push(tag);
    let mut left = count;
    while left >= 0x80 {
        body.push(left as u8 | 0x80);
        left >>= 7;
    }
    body.push(left as u8);
    body.resize(body.len() + count, 1);
    body
}

#[test]
fn a_body_of_tiny_parts_stays_under_twenty_times_its_size() {
    let sizes = match std::env::var_os("RUN_SLOW_TESTS") {
        Some(_) => &[BODY, AWKWARD][..],
        None => &[BODY],
    };
    let bodies: Vec<_> = sizes
        .iter()
        .flat_map(|&size| (0..CASES.len()).map(move |index| (index, size)))
        .collect();
    let next = AtomicUsize::new(0);
    let over = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(&(index, size)) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (times, row) = measured(index, size);
                    println!("{row}");
                    if times >= TIMES_MAX {
                        over.lock().unwrap().push(row);
                    }
                }
            });
        }
    });
    let over = over.into_inner().unwrap();
    assert!(over.is_empty(), "{}", over.join("\n"));
}

/// How many times its size a body costs, and a line that says so.
fn measured(index: usize, size: usize) -> (f64, String) {
    let Case {
        name, message, way, ..
    } = CASES[index];
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["transcode::memory::one_body", "--exact", "--ignored"])
        .arg("--nocapture")
        .env(VARIABLE, format!("{index} {size}"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    let line = said.lines().find_map(|line| line.strip_prefix("measured "));
    let Some((bytes, outcome)) = line.and_then(|line| line.split_once(' ')) else {
        let error = String::from_utf8_lossy(&child.stderr);
        panic!("{name} of {message}: {said}{error}");
    };
    let times = bytes.parse::<usize>().unwrap() as f64 / size as f64;
    let row = format!("{times:5.1} times {size:>8}: {way:?} {message}, {name}: {outcome}");
    (times, row)
}

/// Not a test of its own: the process that the one above measures.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn one_body() {
    let Ok(wanted) = std::env::var(VARIABLE) else {
        return;
    };
    let (index, size) = wanted.split_once(' ').unwrap();
    let case = &CASES[index.parse::<usize>().unwrap()];
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/transcode");
    let mut compiler = protox::Compiler::new([data]).unwrap();
    for file in ["shop.proto", "third.proto"] {
        compiler.include_imports(true).open_file(file).unwrap();
    }
    let plans = Plans::compile(&compiler.descriptor_pool(), &Lowered::default());
    let plan = plans.find(case.message).unwrap();
    let size = size.parse().unwrap();
    // The gateway's own options; each body is as large as its limits allow.
    let mut options = Options::default();
    options.read.output_max = size;
    options.print.output_max = GROWTH * size;
    options.print.emit_defaults = case.way == PrintAll;
    options.print.unknown_any = UnknownAny::Base64;

    let body = (case.body)(size);
    let (mut out, mut scratch) = (Vec::new(), Scratch::default());
    // Where the kernel lets the peak be reset, it is; else the peak so far is what is exceeded.
    let _ = std::fs::write("/proc/self/clear_refs", "5\n");
    let before = peak();
    let outcome = match case.way {
        Read => plans.to_wire(plan, &body, &options.read, &mut scratch, &mut out),
        Print | PrintAll => plans.to_json(plan, &body, &options.print, &mut scratch, &mut out),
    };
    let used = peak() - before + body.len();
    let outcome = match outcome {
        Ok(()) => format!("{} bytes", out.len()),
        Err(error) if error.kind == ErrorKind::TooLarge => "too large".to_owned(),
        Err(error) => format!("refused: {error}"),
    };
    println!("measured {used} {outcome}");
}

/// The most memory that this process ever had.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().split_whitespace().next().unwrap();
    kib.parse::<usize>().unwrap() << 10
}
