//! What a running gateway cannot change: what its threads and ports were made with.

use super::Config;

/// Keys of which the new configuration says something else, without an effect before a restart.
pub(super) fn fixed(was: &Config, now: &Config) -> Vec<&'static str> {
    let (a, b) = (&was.listener, &now.listener);
    let (limits, timeouts) = ((&a.limits, &b.limits), (&a.timeouts, &b.timeouts));
    let all = [
        ("listen", a.address != b.address),
        ("admin.listen", was.admin != now.admin),
        ("admin.hosts", was.admin_hosts != now.admin_hosts),
        (
            "admin.reflection",
            was.admin_reflection != now.admin_reflection,
        ),
        ("workers", was.workers != now.workers),
        ("traces", was.traces != now.traces),
        ("metrics", was.legacy_metrics != now.legacy_metrics),
        (
            "limits.streams_per_connection",
            limits.0.streams_per_connection != limits.1.streams_per_connection,
        ),
        (
            "limits.connections",
            limits.0.connections != limits.1.connections,
        ),
        (
            "limits.handshakes",
            limits.0.handshakes != limits.1.handshakes,
        ),
        ("tls.hsts", a.hsts != b.hsts),
        ("tls.redirect", was.redirect != now.redirect),
        ("proxy_protocol", a.proxies != b.proxies),
        // What is judged of a head follows at once; what is read of it does not.
        (
            "limits.header_bytes",
            limits.0.header_bytes != limits.1.header_bytes,
        ),
        ("limits.headers", limits.0.headers != limits.1.headers),
        (
            "timeouts.tls_handshake",
            timeouts.0.tls_handshake != timeouts.1.tls_handshake,
        ),
        ("timeouts.request_head", timeouts.0.head != timeouts.1.head),
        ("timeouts.preface", timeouts.0.preface != timeouts.1.preface),
        (
            "timeouts.connection_idle",
            timeouts.0.idle != timeouts.1.idle,
        ),
        (
            "timeouts.write_stall",
            timeouts.0.write_stall != timeouts.1.write_stall,
        ),
        ("timeouts.drain_delay", a.drain.delay != b.drain.delay),
        ("timeouts.drain_grace", a.drain.grace != b.drain.grace),
        ("limits.buffered_total", was.buffered != now.buffered),
        ("overload", was.policy.overload != now.policy.overload),
    ];
    let changed = all.into_iter().filter(|(_, is_other)| *is_other);
    changed.map(|(key, _)| key).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::control::otlp::{Authorities, Collector};
    use crate::gateway::{Hosts, Reflection, Traces};
    use crate::observe::metrics::LegacyMetrics;
    use crate::observe::trace;

    #[test]
    fn what_is_made_once_is_told_by_its_section() {
        let was = Config::for_upstream("http://127.0.0.1:1").unwrap();
        let mut now = was.clone();
        assert_eq!(fixed(&was, &now), Vec::<&str>::new());
        let tracing = trace::Config {
            sampling: trace::Sampling::Always,
            inbound: trace::Inbound::Linked,
            formats: Vec::new().into(),
            baggage: Vec::new(),
            failures: trace::Failures::default(),
            messages: trace::Messages::default(),
        };
        let mut collector = Collector {
            url: "http://127.0.0.1:2".parse().unwrap(),
            authorities: Authorities::default(),
            headers: Vec::new(),
            service: "a".to_owned(),
        };
        now.traces = Some(Traces {
            tracing: tracing.clone(),
            collector: collector.clone(),
        });
        now.legacy_metrics = LegacyMetrics::GoGrpc;
        now.admin_hosts = Hosts::of(vec!["transom.ops".to_owned()]);
        now.admin_reflection = Reflection::On;
        let all = ["admin.hosts", "admin.reflection", "traces", "metrics"];
        assert_eq!(fixed(&was, &now), all);

        // Another key for the collector, too: it is in a file.
        let mut later = now.clone();
        let key = (
            http::header::AUTHORIZATION,
            http::HeaderValue::from_static("x"),
        );
        collector.headers.push(key);
        later.traces = Some(Traces { tracing, collector });
        assert_eq!(fixed(&now, &later), ["traces"]);
    }
}
