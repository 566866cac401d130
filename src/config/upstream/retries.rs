//! The keys of retries, and the rules of a service config, as the upstream has them.

use std::path::Path;
use std::time::Duration;

use serde_saphyr::Location;

use crate::config::choices::Wrong;
use crate::config::raw::{
    CodeName, Hedge, Key, MethodRetry, Retries, Retry, Section as _, Upstream,
};
use crate::config::service_config::{MethodConfig, Repeats, ServiceConfig};
use crate::config::units::quoted;
use crate::schema::Selector;
use crate::upstream::plan::{Choice, Readiness, Rule, Said, Sizes, Which};
use crate::upstream::retry::{
    CodeSet, Covers, Delays, DelaysError, Hedging, MaxAttempts, Policy, Throttling, ThrottlingError,
};
use crate::upstream::{config, plan};

use super::balance;

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
        let delays = delays.or_else(|wrong| {
            let (place, own) = match wrong {
                DelaysError::Initial => (raw.initial_backoff.place, "initial_backoff"),
                DelaysError::Max => (raw.max_backoff.place, "max_backoff"),
                DelaysError::Multiplier => (raw.multiplier.place, "multiplier"),
            };
            self.wrong(place, &format!("{key}.{own}"), wrong.to_string())
        })?;
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

    fn said(&self, raw: &MethodRetry, index: usize) -> Result<Said, Wrong> {
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
        Ok(Said {
            of: Which::Selected(selector),
            choice,
        })
    }

    /// Tokens: what the file says, else what is beneath.
    fn throttling(&self, raw: &Retries, beneath: Throttling) -> Result<Throttling, Wrong> {
        let max_tokens = raw.max_tokens.or(beneath.max_tokens());
        let ratio = raw.token_ratio.or(beneath.ratio());
        Throttling::new(max_tokens, ratio).or_else(|wrong| {
            let (place, key) = match wrong {
                ThrottlingError::MaxTokens(_) => (raw.max_tokens.place, "retries.max_tokens"),
                ThrottlingError::Ratio(_) => (raw.token_ratio.place, "retries.token_ratio"),
            };
            self.wrong(place, key, wrong.to_string())
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
    let said = raw.methods.value.iter().flatten().enumerate();
    let said: Result<Vec<_>, _> = said.map(|(index, raw)| at.said(raw, index)).collect();
    let mut said = said?;
    let choice = at.choice(&raw.idempotent, "retries.idempotent", Covers::Idempotent)?;
    if raw.idempotent.first().is_some() {
        let choice = choice.clone();
        let of = Which::Idempotent;
        said.push(Said { of, choice });
    }
    Ok(plan::Retries {
        said,
        rules: Vec::new(),
        otherwise: choice,
        throttling: at.throttling(raw, Throttling::default())?,
    })
}

/// Lays a service config beneath what the file says.
///
/// # Errors
/// The file cannot be read, or is no service config.
pub(super) fn service_config(
    path: &Path,
    raw: &Upstream,
    upstream: &mut config::Config,
) -> Result<(), Wrong> {
    let place = raw.service_config.place;
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
    upstream.retries.rules = rules.into_iter().map(|(_, rule)| rule).collect();
    if let Some(beneath) = found.throttling {
        let key = |key: &str| format!("upstreams.{}.{key}", upstream.name);
        upstream.retries.throttling = At { key: &key }.throttling(&raw.retries, beneath)?;
    }
    if let (Some(balancing), true) = (found.balancing, raw.balance.policy.is_absent()) {
        upstream.balance.policy = balancing.policy();
    }
    if let (Some(service), true) = (found.health_service, raw.health.check.or(true)) {
        let asked = || balance::asked(&raw.health);
        let health = upstream.health.get_or_insert_with(asked);
        health.service = raw.health.service.or(service);
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
