//! The two text forms of metrics. What encodes them has OpenMetrics; the older form, which everything
//! reads, says a little less.

use std::fmt::Write as _;

/// A text form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Prometheus' own.
    Prometheus,
    /// OpenMetrics.
    OpenMetrics,
}

impl Form {
    /// What this `accept` asks for: OpenMetrics where it is named.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        let mut ranges = accept.split(',');
        let names = |range: &str| {
            let essence = range.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/openmetrics-text")
        };
        if ranges.any(names) {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// In the older form a counter is named with its suffix everywhere, there are no exemplars, and no word at
/// the end.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line == "# EOF" || line.starts_with("# UNIT ") {
            continue;
        }
        // What is helped with is typed in the next line.
        let typed = lines.peek().filter(|_| line.starts_with("# HELP "));
        let is_counter = typed.unwrap_or(&line).ends_with(" counter");
        let mut words = line.splitn(4, ' ');
        let head = (words.next(), words.next(), words.next(), words.next());
        if let (true, (Some("#"), Some(kind), Some(name), rest)) = (is_counter, head) {
            let rest = rest.unwrap_or_default();
            // Writing to a string does not fail.
            let _ = writeln!(out, "# {kind} {name}_total {rest}");
            continue;
        }
        let line = line.split_once(" # {").map_or(line, |(sample, _)| sample);
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_metrics_is_for_who_names_it() {
        for (accept, form) in [
            ("", Form::Prometheus),
            ("*/*", Form::Prometheus),
            ("text/plain;version=0.0.4", Form::Prometheus),
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2",
                Form::OpenMetrics,
            ),
            ("text/html, Application/OpenMetrics-Text", Form::OpenMetrics),
        ] {
            assert_eq!(Form::accepted(accept), form, "{accept:?}");
        }
    }

    #[test]
    fn the_older_form_names_counters_whole_and_has_no_exemplars() {
        let open = "# HELP a What a is.\n# TYPE a counter\na_total{b=\"c\"} 1 # {t=\"x\"} 1.0\n\
                    # HELP g Of a counter\n# TYPE g gauge\ng 1\n# EOF\n";
        let plain = "# HELP a_total What a is.\n# TYPE a_total counter\na_total{b=\"c\"} 1\n\
                     # HELP g Of a counter\n# TYPE g gauge\ng 1\n";
        assert_eq!(super::plain(open), plain);
    }
}
