//! Metrics as a whole: their names, that they are bounded, and the two forms.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use http::{StatusCode, request};

use super::*;
use crate::call::{Code, Status};
use crate::observe::{Protocol, trace};
use crate::schema::{Options, Schema};

fn parts(verb: &str, path: &str) -> request::Parts {
    let request = http::Request::builder().method(verb).uri(path).body(());
    request.unwrap().into_parts().0
}

fn scraped(observe: &Observe, form: Form) -> String {
    let metrics = Metrics {
        observe: observe.clone(),
        ..Metrics::default()
    };
    text(metrics, form)
}

/// Lines that are samples of something that was counted by name or label.
fn series(text: &str) -> BTreeSet<String> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            line.rsplit_once(' ')
                .map_or(line, |(name, _)| name)
                .to_owned()
        })
        .collect()
}

/// Rows 107 and 146.
#[test]
fn a_million_random_methods_and_paths_make_no_new_series() {
    let schema = Schema::build(Vec::new(), &Options::default()).unwrap();
    let observe = Observe::default();
    let table = observe.table(&schema, 1);
    let mut seen = None;
    for n in 0_u64..1_000_000 {
        let path = format!(
            "/{:x}.Random{n}/Call?x={n}",
            n.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        );
        let mut record = observe.begin(&parts("POST", &path), Some(&table));
        record.protocol(Protocol::ALL[usize::try_from(n % 8).unwrap()]);
        let status = Status::downstream(Code::Unimplemented, path);
        record.finish_with(StatusCode::NOT_FOUND, &status);
        if n == 100 {
            seen = Some(series(&scraped(&observe, Form::OpenMetrics)));
        }
    }
    let text = scraped(&observe, Form::OpenMetrics);
    assert_eq!(Some(series(&text)), seen);
    assert!(!text.contains("Random"));
    let of_grpc = "gateway_requests_total{listener=\"public\",protocol=\"grpc\",http_version=\"1.1\",\
                   method=\"_OTHER\",grpc_status=\"UNIMPLEMENTED\",http_status=\"404\",\
                   origin=\"downstream\"} 125000";
    assert!(text.contains(of_grpc), "{text}");
    assert!(text.contains("grpc_server_call_started_total{grpc_method=\"_OTHER\"} 500000"));
    assert!(text.contains("gateway_rejected_total{reason=\"unsupported\"} 1000000"));
}

#[test]
fn every_name_is_there_once_in_both_forms() {
    let observe = Observe::new(None, LegacyMetrics::GoGrpc, None);
    let schema = Schema::build(Vec::new(), &Options::default()).unwrap();
    let record = observe.begin(&parts("GET", "/"), Some(&observe.table(&schema, 1)));
    record.finish_with(
        StatusCode::NOT_FOUND,
        &Status::downstream(Code::NotFound, ""),
    );
    for (form, suffix) in [(Form::OpenMetrics, ""), (Form::Prometheus, "_total")] {
        let text = scraped(&observe, form);
        let types = text.lines().filter(|line| line.starts_with("# TYPE "));
        let types: Vec<_> = types.collect();
        let distinct: BTreeSet<_> = types.iter().collect();
        assert_eq!(types.len(), distinct.len(), "{types:?}");
        for counter in [
            "gateway_requests",
            "gateway_rejected",
            "gateway_config_reload",
            "gateway_log_dropped",
            "gateway_metadata_dropped",
        ] {
            let line = format!("# TYPE {counter}{suffix} counter");
            assert!(types.contains(&&*line), "{line}: {types:?}");
        }
        for gauge in [
            "gateway_active_streams",
            "gateway_config_hash",
            "gateway_descriptor_generation",
        ] {
            assert!(text.contains(&format!("# TYPE {gauge} gauge\n")), "{gauge}");
        }
        for histogram in ["gateway_message_bytes", "gateway_transcode_seconds"] {
            assert!(text.contains(&format!("# TYPE {histogram} histogram\n")));
        }
    }
}

#[test]
fn a_trace_stands_beside_the_bucket_of_its_call() {
    let config = trace::Config {
        sampling: trace::Sampling::Always,
        inbound: trace::Inbound::Linked,
        formats: Arc::new([]),
        baggage: Vec::new(),
        failures: trace::Failures::Told,
        messages: trace::Messages::Told,
    };
    let tracer = Arc::new(trace::Tracer::new(config).0);
    let observe = Observe::new(None, LegacyMetrics::Off, Some(tracer));
    let schema = Schema::build(Vec::new(), &Options::default()).unwrap();
    let mut record = observe.begin(&parts("POST", "/a.B/C"), Some(&observe.table(&schema, 1)));
    record.protocol(Protocol::Grpc);
    record.finish_with(StatusCode::OK, &Status::gateway(Code::Internal, ""));
    let text = scraped(&observe, Form::OpenMetrics);
    let with: Vec<_> = text.lines().filter(|line| line.contains(" # {")).collect();
    let [line] = &with[..] else {
        panic!("{with:?}")
    };
    let labels = "grpc_method=\"_OTHER\",grpc_status=\"INTERNAL\"} 1 # {trace_id=\"";
    assert!(line.contains(labels), "{line}");
    assert!(!scraped(&observe, Form::Prometheus).contains(" # {"));
}
