//! Exemplars of OpenMetrics: beside how long calls took, a trace of one that took so long. What encodes
//! metrics lets nobody make an exemplar, so they are put into its text.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::observe::Observe;

const BUCKET: &str = "grpc_server_call_duration_seconds_bucket{le=\"";

/// The text with an exemplar for each method and status that has one, in the bucket where it belongs.
pub(super) fn insert(text: String, observe: &Observe) -> String {
    let mut all = HashMap::new();
    for served in observe.served() {
        for (code, ended) in served.ended() {
            if let Some((trace, taken)) = ended.exemplar() {
                let (method, code) = (served.method(), code.name());
                // As they stand behind the bucket's end; neither has anything to escape.
                let labels = format!("grpc_method=\"{method}\",grpc_status=\"{code}\"");
                all.insert(labels, (trace, taken.as_secs_f64()));
            }
        }
    }
    if all.is_empty() {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 100 * all.len());
    for line in text.lines() {
        out.push_str(line);
        if let Some((labels, end)) = bucket(line)
            && let Some((trace, seconds)) = all.get(labels).copied()
            && seconds <= end
        {
            all.remove(labels);
            let trace = trace.to_hex();
            let trace = String::from_utf8_lossy(&trace);
            // Writing to a string does not fail.
            let _ = write!(out, " # {{trace_id=\"{trace}\"}} {seconds}");
        }
        out.push('\n');
    }
    out
}

/// The labels of a bucket, and its end.
fn bucket(line: &str) -> Option<(&str, f64)> {
    let (end, rest) = line.strip_prefix(BUCKET)?.split_once("\",")?;
    let (labels, _) = rest.split_once('}')?;
    Some((labels, end.parse().ok()?))
}
