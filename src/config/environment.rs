//! What the variables of OpenTelemetry say of traces: programs that are told by their surroundings where
//! their telemetry goes need no key for it. A key of the file wins.

use std::path::PathBuf;

use super::raw::{Key, Traces};

/// Where spans go, by the variable that is for them alone, else by the one for everything.
const ENDPOINT: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];
const PROTOCOL: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
];
const CERTIFICATE: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
];
const HEADERS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OTEL_EXPORTER_OTLP_HEADERS",
];
const SERVICE: [&str; 1] = ["OTEL_SERVICE_NAME"];

/// The process' variables, by their names.
pub(super) type Variables<'v> = &'v dyn Fn(&str) -> Option<String>;

/// Those of this process.
pub(super) fn of_process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Fills in what the file leaves out. An endpoint that speaks another protocol than gRPC is not meant for us.
pub(super) fn fill(traces: &mut Traces, variables: Variables<'_>) {
    let is_grpc = first(&PROTOCOL, variables).is_none_or(|(_, protocol)| protocol == "grpc");
    if is_grpc && traces.endpoint.is_absent() {
        let found = first(&ENDPOINT, variables);
        traces.endpoint.value = found.map(|(_, url)| url);
    }
    if traces.service.is_absent() {
        let found = first(&SERVICE, variables);
        traces.service.value = found.map(|(_, name)| name);
    }
    if traces.ca.is_absent() {
        let found = first(&CERTIFICATE, variables);
        traces.ca = found.map_or_else(Key::default, |(_, path)| Key::of(PathBuf::from(path)));
    }
}

/// Headers with which a collector is asked: the variable, and `name=value` with commas between.
pub(super) fn headers(variables: Variables<'_>) -> Option<(&'static str, String)> {
    first(&HEADERS, variables)
}

/// The first that says something.
fn first(
    names: &'static [&'static str],
    variables: Variables<'_>,
) -> Option<(&'static str, String)> {
    let mut all = names.iter().filter_map(|name| {
        let value = variables(name)?.trim().to_owned();
        Some((*name, value)).filter(|(_, value)| !value.is_empty())
    });
    all.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(traces: &str, variables: &[(&str, &str)]) -> Traces {
        let mut traces: Traces = serde_saphyr::from_str(traces).unwrap_or_default();
        let of = |name: &str| {
            let mut found = variables.iter().filter(|(known, _)| *known == name);
            found.next().map(|(_, value)| (*value).to_owned())
        };
        fill(&mut traces, &of);
        traces
    }

    #[test]
    fn what_the_file_leaves_out_the_surroundings_say() {
        let url = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317");
        let name = ("OTEL_SERVICE_NAME", "edge");
        let all = filled("{}", &[url, name]);
        assert_eq!(all.endpoint.value.as_deref(), Some(url.1));
        assert_eq!(all.service.value.as_deref(), Some("edge"));

        let nearer = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1");
        let all = filled("{}", &[url, nearer]);
        assert_eq!(all.endpoint.value.as_deref(), Some(nearer.1));

        let off = filled("{ endpoint: '' }", &[url]);
        assert_eq!(off.endpoint.value.as_deref(), Some(""), "the file wins");
        let other = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        assert!(filled("{}", &[url, other]).endpoint.is_absent());
        assert!(
            filled("{}", &[("OTEL_SERVICE_NAME", " ")])
                .service
                .is_absent()
        );
    }
}
