//! The transcoder beside prost-reflect, on a small and on a 10 KB message, both ways.
//!
//! Each way is first asserted to give the same message as the other. A figure is the best of many
//! short batches, so that what else the machine does counts little; MB/s are of JSON text.
//! `cargo bench --bench transcode` runs it.
#![allow(clippy::unwrap_used, missing_docs)]
#![allow(clippy::disallowed_methods)] // a clock that is never paused is what measuring needs

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde_json::Value;
use transom::transcode::{Lowered, Plans, PrintOptions, ReadOptions, Scratch};

/// Items of the large message: 44 make about 10.6 KB of JSON.
const ITEMS: usize = 44;
/// One batch runs about this long.
const BATCH: Duration = Duration::from_millis(4);
/// The best of so many batches counts.
const BATCHES: usize = 101;

fn main() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/transcode");
    let files = protox::compile(["shop.proto"], [data]).unwrap();
    let pool = DescriptorPool::from_file_descriptor_set(files).unwrap();
    let plans = Plans::compile(&pool, &Lowered::default());
    println!(
        "{:<22} {:>7} {:>7} {:>10} {:>6} {:>11} {:>6} {:>6}",
        "", "JSON B", "wire B", "ours ns", "MB/s", "reflect ns", "MB/s", "gain"
    );
    for (label, name, text) in [
        ("small", "shop.Small", small()),
        ("large", "shop.Order", large()),
    ] {
        compare(&plans, &pool, label, name, &text);
    }
}

fn small() -> String {
    concat!(
        r#"{"id":"order-000123","count":42,"active":true,"#,
        r#""price":19.99,"stamp":"1700000000123456"}"#
    )
    .to_owned()
}

fn large() -> String {
    let small = small();
    let mut text = format!(r#"{{"orderId":"2026-11-0042","customer":{small},"items":["#);
    for nth in 0..ITEMS {
        let comma = if nth == 0 { "" } else { "," };
        let name = match nth % 4 {
            0 => r#"Plain name of a product"#,
            1 => r#"Name with \"quotes\" and a \n line"#,
            2 => "Überlänge für Straße",
            _ => "Bolt M8 x 40",
        };
        write!(
            text,
            concat!(
                r#"{}{{"sku":"SKU-{:05}","name":"{}","quantity":{},"#,
                r#""price":{{"currencyCode":"EUR","units":"{}","nanos":990000000}},"#,
                r#""labels":{{"colour":"blue","size":"xl"}},"#,
                r#""codes":["{}","-7","900000000{}"],"status":"STATUS_SHIPPED","gift":true}}"#
            ),
            comma,
            nth * 37,
            name,
            nth + 1,
            nth * 13 + 5,
            nth + 300,
            nth
        )
        .unwrap();
    }
    text.push_str(concat!(
        r#"],"total":{"currencyCode":"EUR","units":"123456","nanos":5},"#,
        r#""note":"leave at the door","weight":12.75}"#
    ));
    text
}

fn compare(plans: &Plans, pool: &DescriptorPool, label: &str, name: &str, text: &str) {
    let plan = plans.find(name).unwrap();
    let descriptor = pool.get_message_by_name(name).unwrap();
    let (read, print) = (ReadOptions::default(), PrintOptions::default());
    let mut scratch = Scratch::default();
    let mut out = Vec::new();

    let wire = reflect_to_wire(&descriptor, text);
    plans
        .to_wire(plan, text.as_bytes(), &read, &mut scratch, &mut out)
        .unwrap();
    let ours = DynamicMessage::decode(descriptor.clone(), out.as_slice()).unwrap();
    let theirs = DynamicMessage::decode(descriptor.clone(), wire.as_slice()).unwrap();
    assert_eq!(ours, theirs);
    out.clear();
    plans
        .to_json(plan, &wire, &print, &mut scratch, &mut out)
        .unwrap();
    let ours: Value = serde_json::from_slice(&out).unwrap();
    let theirs: Value = serde_json::from_slice(&reflect_to_json(&descriptor, &wire)).unwrap();
    assert_eq!(ours, theirs);
    assert_eq!(ours, serde_json::from_str::<Value>(text).unwrap());

    let ours = best(|| {
        out.clear();
        let json = black_box(text.as_bytes());
        plans
            .to_wire(plan, json, &read, &mut scratch, &mut out)
            .unwrap();
        black_box(&out);
    });
    let theirs = best(|| {
        black_box(reflect_to_wire(&descriptor, black_box(text)));
    });
    let label_read = format!("{label}, JSON -> wire");
    row(&label_read, text.len(), wire.len(), ours, theirs);
    let ours = best(|| {
        out.clear();
        let wire = black_box(&wire);
        plans
            .to_json(plan, wire, &print, &mut scratch, &mut out)
            .unwrap();
        black_box(&out);
    });
    let theirs = best(|| {
        black_box(reflect_to_json(&descriptor, black_box(&wire)));
    });
    let label_print = format!("{label}, wire -> JSON");
    row(&label_print, text.len(), wire.len(), ours, theirs);
}

fn reflect_to_wire(descriptor: &MessageDescriptor, text: &str) -> Vec<u8> {
    let mut json = serde_json::Deserializer::from_str(text);
    let message = DynamicMessage::deserialize(descriptor.clone(), &mut json).unwrap();
    json.end().unwrap();
    message.encode_to_vec()
}

fn reflect_to_json(descriptor: &MessageDescriptor, wire: &[u8]) -> Vec<u8> {
    let message = DynamicMessage::decode(descriptor.clone(), wire).unwrap();
    serde_json::to_vec(&message).unwrap()
}

/// Nanoseconds one run takes in the best batch.
fn best(mut run: impl FnMut()) -> f64 {
    let mut runs = 1u32;
    loop {
        let start = Instant::now();
        (0..runs).for_each(|_| run());
        if start.elapsed() >= BATCH {
            break;
        }
        runs *= 2;
    }
    let mut batch = || {
        let start = Instant::now();
        (0..runs).for_each(|_| run());
        start.elapsed().as_nanos() as f64 / f64::from(runs)
    };
    (0..BATCHES).map(|_| batch()).fold(f64::INFINITY, f64::min)
}

fn row(label: &str, json: usize, wire: usize, ours: f64, theirs: f64) {
    let rate = |nanos: f64| json as f64 * 1_000.0 / nanos;
    println!(
        "{label:<22} {json:>7} {wire:>7} {ours:>10.0} {:>6.0} {theirs:>11.0} {:>6.0} {:>5.1}x",
        rate(ours),
        rate(theirs),
        theirs / ours
    );
}
