//! `methodConfig`: names, and what is said about what they name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::json::Node;
use super::{MethodConfig, Repeats, ServiceConfigError};
use crate::upstream::retry::{CodeSet, Covers, Delays, DelaysError, Hedging, MaxAttempts, Policy};

type Methods = BTreeMap<(String, String), Arc<MethodConfig>>;

/// All entries, by the names they have. One without names is for nothing, as gRPC says.
pub(super) fn all(root: &Node<'_>) -> Result<Methods, ServiceConfigError> {
    let mut methods = Methods::new();
    for entry in root.items_of("methodConfig")? {
        entry.object()?;
        let named = Arc::new(config(&entry)?);
        for name in entry.items_of("name")? {
            name.object()?;
            let part = |key| match name.get(key) {
                Some(part) => part.text().map(str::to_owned),
                None => Ok(String::new()),
            };
            let (service, method) = (part("service")?, part("method")?);
            let config = match (service.as_str(), method.as_str()) {
                ("", "") => Arc::new(unnamed(&named)),
                ("", method) => {
                    let found = format!("the method \"{method}\" without a service");
                    return Err(name.error(found, "the service it is of"));
                }
                _ => Arc::clone(&named),
            };
            let shown = shown(&service, &method);
            if methods.insert((service, method), config).is_some() {
                return Err(name.error(format!("{shown} once more"), "each name once"));
            }
        }
    }
    Ok(methods)
}

fn shown(service: &str, method: &str) -> String {
    match (service, method) {
        ("", _) => "the name of all methods".to_owned(),
        (service, "") => format!("\"{service}\""),
        (service, method) => format!("\"{service}/{method}\""),
    }
}

/// The same for whatever there is: what may have had an effect is repeated only where a method's
/// `idempotency_level` allows it.
fn unnamed(named: &MethodConfig) -> MethodConfig {
    let repeats = named.repeats.map(|repeats| match repeats {
        Repeats::Retry(policy) => Repeats::Retry(Policy {
            covers: Covers::Idempotent,
            ..policy
        }),
        Repeats::Hedge(hedging) => Repeats::Hedge(hedging),
    });
    MethodConfig {
        repeats,
        ..named.clone()
    }
}

fn config(entry: &Node<'_>) -> Result<MethodConfig, ServiceConfigError> {
    let repeats = match (entry.get("retryPolicy"), entry.get("hedgingPolicy")) {
        (None, None) => None,
        (Some(retry), None) => Some(Repeats::Retry(policy(&retry)?)),
        (None, Some(hedging)) => Some(Repeats::Hedge(self::hedging(&hedging)?)),
        (Some(_), Some(_)) => {
            return Err(entry.error(
                "both retryPolicy and hedgingPolicy",
                "at most one of the two",
            ));
        }
    };
    let count = |key| entry.get(key).map(|bytes| bytes.count()).transpose();
    Ok(MethodConfig {
        timeout: entry
            .get("timeout")
            .map(|timeout| timeout.duration())
            .transpose()?,
        wait_for_ready: entry
            .get("waitForReady")
            .map(|wait| wait.flag())
            .transpose()?,
        max_request: count("maxRequestMessageBytes")?,
        max_response: count("maxResponseMessageBytes")?,
        repeats,
    })
}

fn policy(node: &Node<'_>) -> Result<Policy, ServiceConfigError> {
    node.object()?;
    let max_attempts = max_attempts(node)?;
    let initial = node.need("initialBackoff", "a duration above 0s")?;
    let max = node.need("maxBackoff", "a duration above 0s")?;
    let multiplier = node.need("backoffMultiplier", "a number above 0")?;
    let delays = Delays::new(initial.duration()?, max.duration()?, multiplier.number()?);
    let delays = delays.map_err(|error| match error {
        DelaysError::Initial => initial.wrong("a duration above 0s"),
        DelaysError::Max => max.wrong("a duration above 0s"),
        DelaysError::Multiplier => multiplier.wrong("a number above 0"),
    })?;
    let list = node.need("retryableStatusCodes", "a list of status codes")?;
    let codes = codes(&list)?;
    if codes.is_empty() {
        return Err(list.error("an empty list", "one status code at least"));
    }
    Ok(Policy {
        max_attempts,
        delays,
        codes,
        covers: Covers::Named,
    })
}

fn hedging(node: &Node<'_>) -> Result<Hedging, ServiceConfigError> {
    node.object()?;
    Ok(Hedging {
        max_attempts: max_attempts(node)?,
        delay: node
            .get("hedgingDelay")
            .map(|delay| delay.duration())
            .transpose()?
            .unwrap_or_default(),
        non_fatal: node
            .get("nonFatalStatusCodes")
            .map(|list| codes(&list))
            .transpose()?
            .unwrap_or_default(),
    })
}

fn max_attempts(node: &Node<'_>) -> Result<MaxAttempts, ServiceConfigError> {
    const EXPECTED: &str = "a whole number above 1";
    let attempts = node.need("maxAttempts", EXPECTED)?;
    MaxAttempts::new(attempts.count()?).ok_or_else(|| attempts.wrong(EXPECTED))
}

fn codes(list: &Node<'_>) -> Result<CodeSet, ServiceConfigError> {
    list.items()?.map(|code| code.code()).collect()
}
