//! The keys of retries, and the rules of a service config, as the upstream has them.

use std::path::Path;
use std::time::Duration;

use serde_saphyr::Location;

use crate::config::choices::Wrong;
use crate::config::raw::{CodeName, Hedge, Key, MethodRetry, RATIO, Retries, Retry, TOKENS};
use crate::config::service_config::{MethodConfig, Repeats, ServiceConfig};
use crate::config::units::quoted;
use crate::schema::Selector;
use crate::upstream::plan::{Choice, Readiness, Rule, Sizes};
use crate::upstream::retry::{CodeSet, Covers, Delays, Hedging, MaxAttempts, Policy, Throttling};
use crate::upstream::{balance, config, health, plan};

/// What of it is the same for every key: where it stands, and how it is named.
struct At<'a> {
    key: &'a dyn Fn(&str) -> String,
}

impl At<'_> {
    fn wrong<T>(&self, place: Location, key: &str, message: String) -> Result<T, Wrong> {
        Err((place, (self.key)(key), message))
    }

    fn choice(&self, raw: &Retry, key: &str, covers: Covers) -> Result<Choice, Wrong> {
        let default = Policy::default();
        let attempts = raw
            .attempts
            .value
            .map_or(default.max_attempts.get(), |count| count.0);
        let Some(max_attempts) = MaxAttempts::new(attempts) else {
            return Ok(Choice::Once);
        };
        let delays = Delays::default();
        let span = |key: &Key<crate::config::units::Span>, default: Duration| {
            key.value.map_or(default, |span| span.0)
        };
        let delays = Delays::new(
            span(&raw.initial_backoff, delays.initial()),
            span(&raw.max_backoff, delays.max()),
            raw.multiplier.or(delays.multiplier()),
        );
        let delays = delays
            .or_else(|wrong| self.wrong(raw.initial_backoff.place, key, wrong.to_string()))?;
        Ok(Choice::Retry(Policy {
            max_attempts,
            delays,
            codes: codes(&raw.codes, default.codes),
            covers,
        }))
    }

    fn hedging(&self, raw: &Hedge, key: &str) -> Result<Choice, Wrong> {
        let attempts = raw
            .attempts
            .value
            .map_or(MaxAttempts::MIN.get(), |count| count.0);
        let Some(max_attempts) = MaxAttempts::new(attempts) else {
            let message = format!("found `{attempts}`, expected at least 2 attempts");
            return self.wrong(raw.attempts.place, key, message);
        };
        Ok(Choice::Hedge(Hedging {
            max_attempts,
            delay: raw
                .delay
                .value
                .map_or(Duration::from_millis(100), |span| span.0),
            non_fatal: codes(
                &raw.non_fatal,
                CodeSet::of(&[crate::call::Code::Unavailable]),
            ),
        }))
    }

    fn rule(&self, raw: &MethodRetry, index: usize) -> Result<Rule, Wrong> {
        let key = |key: &str| format!("retries.methods[{index}]{key}");
        let text = raw.selector.value.as_deref().unwrap_or_default();
        let selector: Selector = text.parse().or_else(|wrong| {
            let message = format!("found {}, {wrong}", quoted(text));
            self.wrong(raw.selector.place, &key(".selector"), message)
        })?;
        // Whoever means every method does not know that each may be repeated.
        let covers = if text == "*" {
            Covers::Idempotent
        } else {
            Covers::Named
        };
        let choice = match (&raw.retry.value, &raw.hedge.value) {
            (Some(retry), None) => self.choice(retry, &key(".retry"), covers)?,
            (None, Some(hedge)) => self.hedging(hedge, &key(".hedge"))?,
            (Some(_), Some(_)) | (None, None) => {
                let message = "expected exactly one of the keys `retry` and `hedge`".to_owned();
                return self.wrong(raw.selector.place, &key(""), message);
            }
        };
        Ok(Rule {
            choice: Some(choice),
            ..Rule::of(selector)
        })
    }
}

fn codes(key: &Key<Vec<CodeName>>, default: CodeSet) -> CodeSet {
    key.value
        .as_ref()
        .map_or(default, |codes| codes.iter().map(|code| code.0).collect())
}

/// Which calls are made again.
pub(super) fn retries(raw: &Retries, key: &dyn Fn(&str) -> String) -> Result<plan::Retries, Wrong> {
    let at = At { key };
    let rules = raw.methods.value.iter().flatten().enumerate();
    let rules: Result<Vec<_>, _> = rules.map(|(index, raw)| at.rule(raw, index)).collect();
    let throttling = Throttling::new(raw.max_tokens.or(TOKENS), raw.token_ratio.or(RATIO));
    let throttling = throttling.or_else(|wrong| {
        at.wrong(
            raw.max_tokens.place,
            "retries.max_tokens",
            wrong.to_string(),
        )
    })?;
    Ok(plan::Retries {
        rules: rules?,
        otherwise: at.choice(&raw.idempotent, "retries.idempotent", Covers::Idempotent)?,
        throttling,
    })
}

/// Lays a service config beneath what the file says.
///
/// # Errors
/// The file cannot be read, or is no service config.
pub(super) fn service_config(
    path: &Path,
    place: Location,
    upstream: &mut config::Config,
) -> Result<(), Wrong> {
    let key = format!("upstreams.{}.service_config", upstream.name);
    let wrong = |message: String| (place, key.clone(), message);
    let text = std::fs::read_to_string(path)
        .map_err(|error| wrong(format!("cannot read {}: {error}", path.display())))?;
    let found: ServiceConfig = text
        .parse()
        .map_err(|error| wrong(format!("{}: {error}", path.display())))?;
    let mut rules: Vec<(usize, Rule)> = Vec::new();
    for (service, method) in found.names() {
        let (selector, rank) = match (service, method) {
            ("", _) => ("*".to_owned(), 2),
            (service, "") => (format!("{service}.*"), 1),
            (service, method) => (format!("{service}.{method}"), 0),
        };
        let selector: Selector = selector
            .parse()
            .map_err(|error| wrong(format!("{}: {selector}: {error}", path.display())))?;
        if let Some(config) = found.method(service, method) {
            rules.push((rank, rule(selector, config)));
        }
    }
    // The entry that names the method, else the service, else all: the first rule counts.
    rules.sort_by_key(|(rank, _)| *rank);
    upstream
        .retries
        .rules
        .extend(rules.into_iter().map(|(_, rule)| rule));
    if let Some(throttling) = found.throttling {
        upstream.retries.throttling = throttling;
    }
    if let (Some(balancing), true) = (
        found.balancing,
        upstream.balance == balance::Config::default(),
    ) {
        upstream.balance.policy = balancing.policy();
    }
    if let Some(service) = found.health_service {
        let health = upstream.health.get_or_insert_with(health::Config::default);
        health.service = service;
    }
    Ok(())
}

fn rule(selector: Selector, config: &MethodConfig) -> Rule {
    let size = |bytes: Option<u32>| bytes.and_then(|bytes| usize::try_from(bytes).ok());
    Rule {
        choice: config.repeats.map(|repeats| match repeats {
            Repeats::Retry(policy) => Choice::Retry(policy),
            Repeats::Hedge(hedging) => Choice::Hedge(hedging),
        }),
        timeout: config.timeout,
        readiness: if config.wait_for_ready == Some(true) {
            Readiness::Awaited
        } else {
            Readiness::FailFast
        },
        sizes: Sizes {
            request: size(config.max_request),
            response: size(config.max_response),
        },
        ..Rule::of(selector)
    }
}
