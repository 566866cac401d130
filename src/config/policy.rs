//! The list `policy` as the chain has it: names are read, and what cannot be is told before anything starts.

use std::str::FromStr;
use std::sync::Arc;

use http::HeaderName;
use serde_saphyr::Location;

use super::choices::Wrong;
use super::raw::{
    Access, Ceiling, Claim, ExtAuthz, GlobalRateLimits, Key, PolicyStep, RateLimit, Rule, When,
};
use super::units::quoted;
use crate::call::{Network, NetworkError};
use crate::identity::spiffe;
use crate::policy::access::{self, Policy};
use crate::policy::cel::Expression;
use crate::policy::chain::STEPS_MAX;
use crate::policy::condition::{self, Condition, Test};
use crate::policy::global_limits::{Descriptor, Entry, Settings};
use crate::policy::limits::{self, By, Limit, Limits, Rate, Tell};
use crate::policy::{StepConfig, concurrency, ext_authz, order};
use crate::schema::Selector;

mod server;

pub(super) use server::files;

/// Conditions inside of conditions at most, before they are counted by the rules themselves.
const DEPTH_MAX: usize = 16;

/// Checks the steps.
pub(super) fn policy(raw: &Key<Vec<Key<PolicyStep>>>) -> Result<Vec<StepConfig>, Wrong> {
    let steps = raw.value.as_deref().unwrap_or_default();
    if steps.len() > STEPS_MAX {
        let message = format!("found {} steps, expected at most {STEPS_MAX}", steps.len());
        return Err((raw.place, "policy".to_owned(), message));
    }
    let mut made = Vec::with_capacity(steps.len());
    for (index, key) in steps.iter().enumerate() {
        made.push(step(
            &key.or(PolicyStep::default()),
            key.place,
            &format!("policy[{index}]"),
        )?);
    }
    order::check(&made).map_err(|(at, message)| {
        let place = steps.get(at).map_or(raw.place, |step| step.place);
        (place, format!("policy[{at}]"), message)
    })?;
    Ok(made)
}

fn step(raw: &PolicyStep, place: Location, at: &str) -> Result<StepConfig, Wrong> {
    let PolicyStep {
        identify,
        access,
        rate_limits,
        concurrency,
        global_rate_limits,
        ext_authz,
    } = raw;
    let given = [
        identify.is_absent(),
        access.is_absent(),
        rate_limits.is_absent(),
        concurrency.is_absent(),
        global_rate_limits.is_absent(),
        ext_authz.is_absent(),
    ];
    let given = given.into_iter().filter(|is_absent| !is_absent).count();
    if given != 1 {
        let message = format!(
            "found {given} keys, expected exactly one of `identify`, `access`, `rate_limits`, \
             `concurrency`, `global_rate_limits` and `ext_authz`"
        );
        return Err((place, at.to_owned(), message));
    }
    if !identify.is_absent() {
        return Ok(StepConfig::Identify);
    }
    if let Some(raw) = &access.value {
        return of_access(raw, access.place, &format!("{at}.access"));
    }
    if let Some(raw) = &rate_limits.value {
        return of_rate_limits(raw, rate_limits.place, &format!("{at}.rate_limits"));
    }
    if let Some(raw) = &concurrency.value {
        return of_concurrency(raw, &format!("{at}.concurrency"));
    }
    if let Some(raw) = &global_rate_limits.value {
        return of_global(
            raw,
            global_rate_limits.place,
            &format!("{at}.global_rate_limits"),
        );
    }
    let raw = ext_authz.or(ExtAuthz::default());
    of_ext_authz(&raw, ext_authz.place, &format!("{at}.ext_authz"))
}

fn of_access(raw: &Access, place: Location, at: &str) -> Result<StepConfig, Wrong> {
    let mut rules = Vec::new();
    for (index, key) in raw.rules.or(Vec::new()).iter().enumerate() {
        rules.push(rule(
            &key.or(Rule::default()),
            key.place,
            &format!("{at}.rules[{index}]"),
        )?);
    }
    let policy = Policy {
        rules,
        mode: raw.mode.value.map_or(access::Mode::Enforced, Into::into),
    };
    access::Access::new(&policy, []).map_err(|error| (place, at.to_owned(), error.to_string()))?;
    Ok(StepConfig::Access(policy))
}

fn rule(raw: &Rule, place: Location, at: &str) -> Result<access::Rule, Wrong> {
    let Some(effect) = raw.effect.value else {
        let message = "found no `effect`, expected `allow`, `public` or `deny`".to_owned();
        return Err((place, at.to_owned(), message));
    };
    Ok(access::Rule {
        name: raw.name.value.as_deref().map(Into::into),
        methods: methods(&raw.methods, at)?,
        effect: effect.into(),
        when: when(
            &raw.when.or(When::default()),
            raw.when.place,
            &format!("{at}.when"),
            0,
        )?,
    })
}

/// Methods by name; none where all are meant.
fn methods(raw: &Key<Vec<Key<String>>>, at: &str) -> Result<Vec<Selector>, Wrong> {
    each(raw, &format!("{at}.methods"), |text: &String| {
        Selector::from_str(text).map_err(|error| format!("found {}, {error}", quoted(text)))
    })
}

/// Reads each entry of a list.
fn each<T, R: Clone>(
    raw: &Key<Vec<Key<R>>>,
    at: &str,
    read: impl Fn(&R) -> Result<T, String>,
) -> Result<Vec<T>, Wrong> {
    let mut all = Vec::new();
    for (index, key) in raw.value.as_deref().unwrap_or_default().iter().enumerate() {
        if let Some(value) = &key.value {
            all.push(
                read(value).map_err(|message| (key.place, format!("{at}[{index}]"), message))?,
            );
        }
    }
    Ok(all)
}

/// What makes a condition of names.
type MakeOfNames = fn(Vec<String>) -> Condition;

fn when(raw: &When, place: Location, at: &str, depth: usize) -> Result<Condition, Wrong> {
    if depth > DEPTH_MAX {
        let message = format!("found conditions more than {DEPTH_MAX} deep, expected fewer");
        return Err((place, at.to_owned(), message));
    }
    let mut all = Vec::new();
    let lists: [(&Key<Vec<String>>, MakeOfNames); 5] = [
        (&raw.scopes, Condition::Scopes),
        (&raw.any_scope, Condition::AnyScope),
        (&raw.subjects, Condition::Subject),
        (&raw.issuers, Condition::Issuer),
        (&raw.api_keys, Condition::ApiKey),
    ];
    for (list, make) in lists {
        all.extend(list.value.clone().map(make));
    }
    for claim in each(&raw.claims, &format!("{at}.claims"), claim)? {
        all.push(Condition::Claim(claim));
    }
    if !raw.spiffe.is_absent() {
        let pattern = |text: &String| {
            spiffe::Pattern::parse(text).map_err(|error| format!("found {}: {error}", quoted(text)))
        };
        all.push(Condition::Spiffe(each(
            &raw.spiffe,
            &format!("{at}.spiffe"),
            pattern,
        )?));
    }
    if let Some(shown) = &raw.shown.value {
        all.push(Condition::Shown(
            shown.iter().copied().map(Into::into).collect(),
        ));
    }
    if !raw.networks.is_absent() {
        all.push(Condition::Network(each(
            &raw.networks,
            &format!("{at}.networks"),
            |text: &String| network(text),
        )?));
    }
    if let Some(text) = &raw.cel.value {
        let expression = Expression::compile(text)
            .map_err(|error| (raw.cel.place, format!("{at}.cel"), error.to_string()))?;
        all.push(Condition::Cel(Arc::new(expression)));
    }
    if let Some(any) = &raw.any.value {
        let at = format!("{at}.any");
        let any = any
            .iter()
            .map(|one| when(one, raw.any.place, &at, depth + 1));
        all.push(Condition::Any(any.collect::<Result<_, _>>()?));
    }
    if let Some(not) = &raw.not.value {
        let at = format!("{at}.not");
        for one in not {
            let one = when(one, raw.not.place, &at, depth + 1)?;
            all.push(Condition::Not(Box::new(one)));
        }
    }
    Ok(Condition::All(all))
}

fn claim(raw: &Claim) -> Result<condition::Claim, String> {
    let test = match (&raw.equals.value, &raw.one_of.value, &raw.contains.value) {
        (None, None, None) => Test::Present,
        (Some(value), None, None) => Test::Equals(value.clone()),
        (None, Some(values), None) => Test::OneOf(values.clone()),
        (None, None, Some(value)) => Test::Contains(value.clone()),
        _ => return Err("expected at most one of `equals`, `one_of` and `contains`".to_owned()),
    };
    condition::Claim::new(&raw.path.or(String::new()), test).map_err(|error| error.to_string())
}

/// A network, or one address.
fn network(text: &str) -> Result<Network, String> {
    let found = |error| format!("found {}, {error}", quoted(text));
    text.parse().map_err(|error: NetworkError| found(error))
}

fn of_rate_limits(raw: &[Key<RateLimit>], place: Location, at: &str) -> Result<StepConfig, Wrong> {
    let mut all = Vec::new();
    for (index, key) in raw.iter().enumerate() {
        all.push(rate_limit(
            &key.or(RateLimit::default()),
            key.place,
            &format!("{at}[{index}]"),
        )?);
    }
    Limits::new(&all, Tell::Always, [], None)
        .map_err(|error| (place, at.to_owned(), error.to_string()))?;
    Ok(StepConfig::Limits {
        limits: all,
        tell: Tell::Always,
    })
}

fn rate_limit(raw: &RateLimit, place: Location, at: &str) -> Result<Limit, Wrong> {
    let (Some(name), Some(calls), Some(per)) = (&raw.name.value, raw.calls.value, raw.per.value)
    else {
        let message =
            "expected `name`, `calls` and `per`, such as `{ name: callers, calls: 100, per: 1s }`";
        return Err((place, at.to_owned(), message.to_owned()));
    };
    let by = |text: &String| match text.as_str() {
        "identity" => Ok(By::Identity),
        "api_key" => Ok(By::ApiKey),
        "address" => Ok(By::Address),
        "method" => Ok(By::Method),
        other => match header(other) {
            Some(name) => Ok(By::Header(name)),
            None => Err(format!(
                "found {}, expected `identity`, `api_key`, `address`, `method` or `header:NAME`",
                quoted(other)
            )),
        },
    };
    Ok(Limit {
        name: name.as_str().into(),
        methods: methods(&raw.methods, at)?,
        by: each(&raw.by, &format!("{at}.by"), by)?,
        rate: Rate {
            calls: calls.0,
            per: per.0,
            burst: raw.burst.value.unwrap_or(calls).0,
        },
        keys: raw
            .keys
            .value
            .map_or(limits::KEYS, super::units::Count::get),
    })
}

/// The header in `header:NAME`.
fn header(text: &str) -> Option<HeaderName> {
    HeaderName::try_from(text.strip_prefix("header:")?).ok()
}

fn of_concurrency(raw: &[Key<Ceiling>], at: &str) -> Result<StepConfig, Wrong> {
    let mut all = Vec::new();
    for (index, key) in raw.iter().enumerate() {
        let at = format!("{at}[{index}]");
        let given = key.or(Ceiling::default());
        let (Some(name), Some(calls)) = (&given.name.value, given.calls.value) else {
            let message = "expected `name` and `calls`, such as `{ name: all, calls: 1000 }`";
            return Err((key.place, at, message.to_owned()));
        };
        all.push(concurrency::Ceiling {
            name: name.as_str().into(),
            methods: methods(&given.methods, &at)?,
            most: calls.get(),
        });
    }
    Ok(StepConfig::Concurrency(all))
}

fn of_global(raw: &GlobalRateLimits, place: Location, at: &str) -> Result<StepConfig, Wrong> {
    let (Some(_), Some(domain)) = (&raw.server.value, &raw.domain.value) else {
        let message = "expected `server`, `domain` and `descriptors`".to_owned();
        return Err((place, at.to_owned(), message));
    };
    let entry = |text: &String| {
        Ok(match text.as_str() {
            "method" => Entry::Method,
            "service" => Entry::Service,
            "remote_address" => Entry::RemoteAddress,
            "masked_remote_address" => Entry::MaskedRemoteAddress,
            "identity" => Entry::Identity,
            "api_key" => Entry::ApiKey,
            other => match (header(other), other.split_once('=')) {
                (Some(header), _) => Entry::Header {
                    key: header.as_str().to_owned(),
                    header,
                },
                (None, Some((key, value))) if !key.is_empty() => Entry::Generic {
                    key: key.to_owned(),
                    value: value.to_owned(),
                },
                (None, _) => {
                    return Err(format!(
                        "found {}, expected `method`, `service`, `remote_address`, \
                         `masked_remote_address`, `identity`, `api_key`, `header:NAME` or `KEY=VALUE`",
                        quoted(other)
                    ));
                }
            },
        })
    };
    let mut descriptors = Vec::new();
    for (index, key) in raw
        .descriptors
        .value
        .as_deref()
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        let at = format!("{at}.descriptors[{index}]");
        let given = key.value.clone().unwrap_or_default();
        let entries = each(&given.entries, &format!("{at}.entries"), entry)?;
        if entries.is_empty() {
            let message = "found no `entries`, expected at least one".to_owned();
            return Err((key.place, at, message));
        }
        descriptors.push(Descriptor {
            methods: methods(&given.methods, &at)?,
            entries,
        });
    }
    Ok(StepConfig::GlobalLimits {
        server: server::of_global(raw, at)?,
        settings: Settings {
            domain: domain.clone(),
            descriptors,
        },
    })
}

fn of_ext_authz(raw: &ExtAuthz, place: Location, at: &str) -> Result<StepConfig, Wrong> {
    if raw.server.is_absent() {
        let message = "found no `server`, expected one such as http://127.0.0.1:9191".to_owned();
        return Err((place, at.to_owned(), message));
    }
    let name = |text: &String| {
        HeaderName::try_from(text.as_str())
            .map_err(|_| format!("found {}, expected the name of a header", quoted(text)))
    };
    let headers = match raw.headers.is_absent() {
        true => None,
        false => Some(each(&raw.headers, &format!("{at}.headers"), name)?),
    };
    Ok(StepConfig::ExtAuthz {
        server: server::of_ext_authz(raw, at)?,
        settings: ext_authz::Settings {
            headers,
            context: raw.context.or(Default::default()),
        },
    })
}
