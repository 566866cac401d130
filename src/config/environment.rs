//! What the variables of OpenTelemetry say of traces: programs that are told by their surroundings where
//! their telemetry goes need no key for it. A key of the file wins.

use std::path::PathBuf;

use super::places::Notice;
use super::raw::{File, Key};
use super::units::quoted;

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

/// Fills in what the file leaves out, and writes down which variable said it. An endpoint that speaks another
/// protocol than gRPC is not meant for us: that comes as a notice.
pub(super) fn fill(file: &mut File, variables: Variables<'_>) -> Option<Notice> {
    let (traces, named) = (&mut file.traces, &mut file.variables);
    let mut notice = None;
    if traces.endpoint.is_absent()
        && let Some((endpoint, url)) = first(&ENDPOINT, variables)
    {
        match first(&PROTOCOL, variables) {
            Some((variable, protocol)) if protocol != "grpc" => {
                notice = Some(Notice::Protocol {
                    variable,
                    found: quoted(&protocol),
                    endpoint,
                });
            }
            Some(_) | None => {
                traces.endpoint = Key::of(url);
                named.insert("traces.endpoint", endpoint);
            }
        }
    }
    if traces.service.is_absent()
        && let Some((variable, name)) = first(&SERVICE, variables)
    {
        traces.service = Key::of(name);
        named.insert("traces.service", variable);
    }
    if traces.ca.is_absent()
        && let Some((variable, path)) = first(&CERTIFICATE, variables)
    {
        traces.ca = Key::of(PathBuf::from(path));
        named.insert("traces.ca", variable);
    }
    notice
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
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::build::settings;
    use crate::config::raw::Traces;

    const UPSTREAM: &str = "upstreams: { a: { url: 'http://h:1' } }";

    fn filled_file(text: &str, variables: &[(&str, &str)]) -> (File, Option<Notice>) {
        let mut file: File = serde_saphyr::from_str(text).unwrap_or_default();
        let of = |name: &str| {
            let mut found = variables.iter().filter(|(known, _)| *known == name);
            found.next().map(|(_, value)| (*value).to_owned())
        };
        let notice = fill(&mut file, &of);
        (file, notice)
    }

    fn filled(traces: &str, variables: &[(&str, &str)]) -> Traces {
        filled_file(&format!("traces: {traces}"), variables)
            .0
            .traces
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
    #[test]
    fn what_is_wrong_with_a_variable_is_told_by_its_name() {
        for (name, value, said) in [
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "127.0.0.1:4317",
                "found `127.0.0.1:4317`, expected a URL such as",
            ),
            (
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                "http://127.0.0.1:4318/v1/traces",
                "found `http://127.0.0.1:4318/v1/traces`, expected a URL such as",
            ),
        ] {
            let (file, notice) = filled_file(UPSTREAM, &[(name, value)]);
            assert_eq!(notice, None);
            for path in [None, Some(Path::new("transom.yaml"))] {
                let error = settings(&file, path).unwrap_err().to_string();
                assert!(error.starts_with(&format!("{name}: {said}")), "{error}");
            }
        }
        let url = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317");
        let absent = ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem");
        let (file, _) = filled_file(UPSTREAM, &[url, absent]);
        let error = settings(&file, None).unwrap_err().to_string();
        let said = "OTEL_EXPORTER_OTLP_CERTIFICATE: /nowhere/ca.pem: cannot read";
        assert!(error.starts_with(said), "{error}");
    }

    #[test]
    fn a_protocol_that_is_not_spoken_is_told() {
        let url = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        let (file, notice) = filled_file(UPSTREAM, &[url, protocol]);
        assert!(settings(&file, None).unwrap().gateway.traces.is_none());
        assert_eq!(
            notice.unwrap().to_string(),
            "OTEL_EXPORTER_OTLP_PROTOCOL: found `http/protobuf`, expected `grpc`, which alone is spoken here: no \
             traces are sent to what OTEL_EXPORTER_OTLP_ENDPOINT names"
        );
        let own = format!("{UPSTREAM}\ntraces: {{ endpoint: 'http://127.0.0.1:4317' }}");
        for (text, variables) in [
            (own.as_str(), &[url, protocol][..]),
            (UPSTREAM, &[protocol]),
            (UPSTREAM, &[url, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]),
        ] {
            assert_eq!(filled_file(text, variables).1, None, "{variables:?}");
        }
    }
}
