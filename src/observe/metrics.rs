//! Metrics in the text forms that Prometheus reads, its own and OpenMetrics: made of what there is when
//! somebody asks, so that calls pay for nothing but the counters beneath.
//!
//! Names are those of gRFC A66, A89, A91 and A96 where gRPC has them, else begin with `gateway_`.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::Observe;
use super::listeners::Listener;
use super::meter::Meters;
use super::overload::Overload;
use super::process::Process;
use super::upstreams::{Endpoint, State, Upstream};
use crate::call::buffers;

mod calls;
mod exemplars;
mod form;
mod legacy;
mod listeners;
mod overload;
mod served;
mod whole;

pub use form::Form;
pub use legacy::LegacyMetrics;

/// What metrics are made of.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// The ports that clients connect to.
    pub listeners: Vec<Listener>,
    /// The upstreams.
    pub upstreams: Vec<Upstream>,
    /// What is counted of the calls to each of them.
    pub calls: Vec<(String, Arc<Meters>)>,
    /// How often another schema began to be served.
    pub schema_generation: u64,
    /// How often another schema was refused, because it would break clients.
    pub schema_refused: u64,
    /// Configurations that were taken after the first.
    pub reloads: u64,
    /// Configurations that were refused.
    pub reloads_refused: u64,
    /// A number that is another whenever something in the configuration is.
    pub config_hash: u32,
    /// How much is used of what calls need, where that is measured.
    pub overload: Option<Overload>,
    /// What calls hold in memory.
    pub buffers: buffers::Counts,
    /// What is counted of the calls that clients make.
    pub observe: Observe,
    /// The process.
    pub process: Process,
}

/// The metrics as text of this form.
#[must_use]
pub fn text(metrics: Metrics, form: Form) -> String {
    let observe = metrics.observe.clone();
    let mut registry = Registry::default();
    registry.register_collector(Box::new(metrics));
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = text::encode(&mut out, &registry);
    match form {
        Form::OpenMetrics => exemplars::insert(out, &observe),
        Form::Prometheus => form::plain(&out),
    }
}

type Labels<'l, const N: usize> = [(&'static str, &'l str); N];

impl Collector for Metrics {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> fmt::Result {
        let to = &mut to;
        let generation = [([], self.schema_generation as f64)];
        gauges(
            to,
            "gateway_descriptor_generation",
            "The number of the schema that is served",
            generation,
        )?;
        let refused = [([], self.schema_refused)];
        let about = "Schemas that were refused, because they would break clients";
        counters(to, "gateway_schema_refused", about, refused)?;
        let reloads = [
            ([("result", "taken")], self.reloads),
            ([("result", "refused")], self.reloads_refused),
        ];
        counters(
            to,
            "gateway_config_reload",
            "Configurations read after the first",
            reloads,
        )?;
        listeners::encode(to, &self.listeners)?;
        let hash = [([], f64::from(self.config_hash))];
        let about = "A number that is another whenever something in the configuration is";
        gauges(to, "gateway_config_hash", about, hash)?;
        let decisions = self.observe.decisions().all();
        let decisions = decisions.iter().map(|(one, count)| {
            let decided = one.decided.name();
            let labels = [
                ("step", one.step),
                ("decision", decided),
                ("rule", &*one.rule),
            ];
            (labels, *count)
        });
        let about = "What steps of the policy have decided, by the rule that said so";
        counters(to, "gateway_policy_decisions", about, decisions)?;
        served::encode(to, &self.observe)?;
        whole::encode(to, &self.observe)?;
        overload::encode(to, self.overload.as_ref(), &self.buffers)?;
        whole::process(to, &self.process)?;
        legacy::encode(to, &self.observe)?;
        self.of_upstreams(to)?;
        self.of_endpoints(to)?;
        let metered = self.calls.iter().map(|(target, meters)| calls::Metered {
            target,
            meters: meters.used(),
        });
        calls::encode(to, &metered.collect::<Vec<_>>())
    }
}

impl Metrics {
    fn of_upstreams(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let each = |value: fn(&Upstream) -> u64| {
            let all = self.upstreams.iter();
            all.map(move |one| ([("grpc_target", &*one.name)], value(one)))
        };
        let now = |value: fn(&Upstream) -> f64| {
            let all = self.upstreams.iter();
            all.map(move |one| ([("grpc_target", &*one.name)], value(one)))
        };
        gauges(
            to,
            "gateway_upstream_requests",
            "Calls under way",
            now(|one| one.requests.now as f64),
        )?;
        let certificates = self.upstreams.iter().filter_map(|one| {
            let not_after = one.certificate_not_after?;
            Some(([("grpc_target", &*one.name)], not_after as f64))
        });
        gauges(
            to,
            "gateway_upstream_cert_not_after_seconds",
            "When the certificate ends that endpoints see, in seconds since 1970",
            certificates,
        )?;
        self.of_tokens(to)?;
        gauges(
            to,
            "gateway_upstream_pending",
            "Calls that wait for a connection",
            now(|one| one.pending.now as f64),
        )?;
        gauges(
            to,
            "gateway_circuit_open",
            "1 while a bound of the circuit breaker is reached",
            now(|one| {
                let is_open =
                    one.requests.now >= one.requests.max || one.pending.now >= one.pending.max;
                f64::from(u8::from(is_open))
            }),
        )?;
        let refused = self.upstreams.iter().flat_map(|one| {
            let of = |bound, usage: super::upstreams::Usage| {
                (
                    [("grpc_target", &*one.name), ("bound", bound)],
                    usage.refused as u64,
                )
            };
            [
                of("requests", one.requests),
                of("pending", one.pending),
                of("connections", one.connections),
            ]
        });
        counters(
            to,
            "gateway_circuit_overflow",
            "Calls, and connections, that a bound of the circuit breaker refused",
            refused,
        )?;
        gauges(
            to,
            "gateway_retry_tokens",
            "Tokens left for retries",
            now(|one| one.retries.tokens),
        )?;
        gauges(
            to,
            "gateway_retries_under_way",
            "Retries under way",
            now(|one| one.retries.under_way as f64),
        )?;
        counters(
            to,
            "gateway_upstream_retries",
            "Retries by a policy",
            each(|one| one.retries.made),
        )?;
        let about = "Retries of calls that no backend has looked at";
        counters(
            to,
            "gateway_upstream_transparent_retries",
            about,
            each(|one| one.retries.transparent),
        )?;
        counters(
            to,
            "gateway_upstream_hedges",
            "Attempts beside others",
            each(|one| one.retries.hedges),
        )?;
        gauges(
            to,
            "gateway_upstream_panic",
            "1 while health is ignored, because too few endpoints are healthy",
            now(|one| f64::from(u8::from(one.panic))),
        )?;
        let enforced = self.upstreams.iter().flat_map(|one| {
            one.ejections.iter().map(|of| {
                let labels = [
                    ("grpc_target", &*one.name),
                    ("grpc_lb_outlier_detection_detection_method", &*of.method),
                ];
                (labels, of.enforced)
            })
        });
        counters(
            to,
            "grpc_lb_outlier_detection_ejections_enforced",
            "Endpoints that were ejected",
            enforced,
        )?;
        let unenforced = self.upstreams.iter().flat_map(|one| {
            one.ejections.iter().flat_map(|of| {
                of.unenforced.iter().map(|(reason, count)| {
                    let labels = [
                        ("grpc_target", &*one.name),
                        ("grpc_lb_outlier_detection_detection_method", &*of.method),
                        ("grpc_lb_outlier_detection_unenforced_reason", &**reason),
                    ];
                    (labels, *count)
                })
            })
        });
        let about = "Endpoints that a rule found and that were not ejected";
        counters(
            to,
            "grpc_lb_outlier_detection_ejections_unenforced",
            about,
            unenforced,
        )
    }

    fn of_tokens(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let all = self.upstreams.iter();
        let all = all.filter_map(|one| Some((&*one.name, one.token.as_ref()?)));
        let ends = all.clone().filter_map(|(target, token)| {
            Some(([("grpc_target", target)], token.not_after? as f64))
        });
        gauges(
            to,
            "gateway_upstream_token_not_after_seconds",
            "When the token ends that calls carry, in seconds since 1970",
            ends,
        )?;
        let fetches = all.flat_map(|(target, token)| {
            let of = |result, count| ([("grpc_target", target), ("result", result)], count);
            [of("fetched", token.fetched), of("failed", token.failed)]
        });
        let about = "Tokens for calls that were asked for, by what came of it";
        counters(to, "gateway_upstream_token_fetches", about, fetches)
    }

    fn of_endpoints(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let pairs = || {
            self.upstreams.iter().flat_map(|upstream| {
                let all = upstream.endpoints.iter();
                all.map(move |endpoint| (upstream, endpoint))
            })
        };
        let each = |value: fn(&Endpoint) -> u64| {
            pairs().map(move |(upstream, endpoint)| (of(upstream, endpoint), value(endpoint)))
        };
        let now = |value: fn(&Endpoint) -> f64| {
            pairs().map(move |(upstream, endpoint)| (of(upstream, endpoint), value(endpoint)))
        };
        let states = [
            State::Healthy,
            State::Unhealthy,
            State::Ejected,
            State::Probation,
        ];
        let healthy = self.upstreams.iter().flat_map(|upstream| {
            states.map(|state| {
                let count = upstream
                    .endpoints
                    .iter()
                    .filter(|one| one.state == state)
                    .count();
                (
                    [("grpc_target", &*upstream.name), ("state", state.as_str())],
                    count as f64,
                )
            })
        });
        gauges(
            to,
            "gateway_upstream_endpoints",
            "Endpoints by state",
            healthy,
        )?;
        counters(
            to,
            "gateway_endpoint_attempts",
            "Attempts",
            each(|one| one.attempts),
        )?;
        counters(
            to,
            "gateway_endpoint_failures",
            "Attempts that failed by the endpoint's fault",
            each(|one| one.failures),
        )?;
        gauges(
            to,
            "gateway_endpoint_calls",
            "Attempts under way",
            now(|one| one.calls as f64),
        )?;
        gauges(
            to,
            "gateway_endpoint_latency_seconds",
            "Average of latency, as balancing sees it",
            now(|one| one.latency_ms / 1000.0),
        )?;
        gauges(
            to,
            "grpc_subchannel_open_connections",
            "Connections",
            now(|one| one.connections as f64),
        )?;
        counters(
            to,
            "grpc_subchannel_connection_attempts_succeeded",
            "Connections made",
            each(|one| one.connected),
        )?;
        counters(
            to,
            "grpc_subchannel_connection_attempts_failed",
            "Connections that could not be made",
            each(|one| one.connect_failures),
        )?;
        let partings = pairs().flat_map(|(upstream, one)| {
            one.disconnections.iter().map(move |(error, count)| {
                let [target, endpoint] = of(upstream, one);
                let error = ("grpc_disconnect_error", error.as_str());
                ([target, endpoint, error], *count)
            })
        });
        counters(
            to,
            "grpc_subchannel_disconnections",
            "Connections that ended, by why",
            partings,
        )
    }
}

fn of<'u>(upstream: &'u Upstream, endpoint: &'u Endpoint) -> Labels<'u, 2> {
    [
        ("grpc_target", &upstream.name),
        ("endpoint", &endpoint.address),
    ]
}

fn counters<'l, const N: usize>(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    samples: impl IntoIterator<Item = (Labels<'l, N>, u64)>,
) -> fmt::Result {
    let samples = samples
        .into_iter()
        .map(|(labels, value)| (labels, ConstCounter::new(value)));
    family(to, name, help, samples)
}

fn gauges<'l, const N: usize>(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    samples: impl IntoIterator<Item = (Labels<'l, N>, f64)>,
) -> fmt::Result {
    let samples = samples
        .into_iter()
        .map(|(labels, value)| (labels, ConstGauge::new(value)));
    family(to, name, help, samples)
}

fn family<'l, const N: usize, M: EncodeMetric>(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    samples: impl Iterator<Item = (Labels<'l, N>, M)>,
) -> fmt::Result {
    let mut samples = samples.peekable();
    let Some((_, first)) = samples.peek() else {
        return Ok(());
    };
    let mut to = to.encode_descriptor(name, help, None, first.metric_type())?;
    for (labels, metric) in samples {
        if N == 0 {
            metric.encode(to)?;
            return Ok(());
        }
        metric.encode(to.encode_family(&labels)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
