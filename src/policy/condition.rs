//! Conditions of a rule: what has to be true of a caller, or of where it calls from.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::cel;
use crate::call::Network;
use crate::call::gate::Asked;
use crate::identity::Principal;
use crate::identity::principal::Kind;
use crate::identity::spiffe;

/// Conditions inside of conditions, at most.
pub const DEPTH_MAX: usize = 16;

/// What has to be true.
#[derive(Clone, Debug)]
pub enum Condition {
    /// All of them; with none it is true.
    All(Vec<Self>),
    /// At least one of them; with none it is false.
    Any(Vec<Self>),
    /// The opposite.
    Not(Box<Self>),
    /// The caller has all of these scopes.
    Scopes(Vec<String>),
    /// The caller has at least one of these scopes.
    AnyScope(Vec<String>),
    /// A claim of the caller is like this.
    Claim(Claim),
    /// The caller is one of these, for whoever vouches for it.
    Subject(Vec<String>),
    /// One of these vouches for the caller.
    Issuer(Vec<String>),
    /// The caller has shown the API key with one of these names.
    ApiKey(Vec<String>),
    /// The caller has shown a certificate with a SPIFFE id like one of these.
    Spiffe(Vec<spiffe::Pattern>),
    /// The caller was shown in one of these ways.
    Shown(Vec<Kind>),
    /// The client's address is in one of these networks.
    Network(Vec<Network>),
    /// An expression says so.
    Cel(Arc<cel::Expression>),
}

/// A claim, and what it has to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    path: Vec<String>,
    test: Test,
}

/// What a claim has to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// There, and not null.
    Present,
    /// This. Numbers are compared as numbers.
    Equals(Value),
    /// One of these.
    OneOf(Vec<Value>),
    /// A list with this in it. A text is no list: `admin` is not in `administrator`.
    Contains(Value),
}

/// A path of a claim that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "found the path {0:?}, expected names of claims with dots between, such as realm_access.roles; a dot in a name is written \\."
)]
pub struct NoPath(String);

impl Claim {
    /// A claim by its path: `email`, `realm_access.roles`, `https://example\.com/role`.
    ///
    /// # Errors
    /// A name in it is empty.
    pub fn new(path: &str, test: Test) -> Result<Self, NoPath> {
        Ok(Self {
            path: split(path)?,
            test,
        })
    }

    fn holds(&self, principal: &Principal) -> bool {
        let Some(found) = find(principal, &self.path) else {
            return false;
        };
        match &self.test {
            Test::Present => !found.is_null(),
            Test::Equals(value) => same(found, value),
            Test::OneOf(values) => values.iter().any(|value| same(found, value)),
            Test::Contains(value) => found
                .as_array()
                .is_some_and(|all| all.iter().any(|one| same(one, value))),
        }
    }
}

/// Reads a path of claims.
///
/// # Errors
/// A name in it is empty.
pub(super) fn split(path: &str) -> Result<Vec<String>, NoPath> {
    let mut names = vec![String::new()];
    let mut rest = path.chars();
    while let Some(next) = rest.next() {
        match next {
            '.' => names.push(String::new()),
            _ => {
                let next = if next == '\\' {
                    rest.next()
                } else {
                    Some(next)
                };
                let name = names.last_mut().zip(next);
                let (name, next) = name.ok_or_else(|| NoPath(path.to_owned()))?;
                name.push(next);
            }
        }
    }
    if names.iter().any(String::is_empty) {
        return Err(NoPath(path.to_owned()));
    }
    Ok(names)
}

/// The claim at a path.
pub(super) fn find<'p>(principal: &'p Principal, path: &[String]) -> Option<&'p Value> {
    let (first, rest) = path.split_first()?;
    let mut found = principal.claims.get(first)?;
    for name in rest {
        found = found.as_object()?.get(name)?;
    }
    Some(found)
}

/// JSON has one kind of number.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => {
            a.as_f64() == b.as_f64()
        }
        _ => a == b,
    }
}

/// What a condition is asked of.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) asked: &'a Asked<'a>,
    pub(super) principal: Option<&'a Principal>,
}

/// Nobody can say whether a condition holds: an expression failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Undecided;

impl Condition {
    /// Whether it is true. Of a caller that nobody is shown of, nothing about callers is.
    pub(super) fn holds(&self, about: About<'_>) -> Result<bool, Undecided> {
        if let Some(local) = self.of_caller(about.principal) {
            return Ok(local);
        }
        match self {
            Self::All(all) => {
                for one in all {
                    if !one.holds(about)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(any) => {
                for one in any {
                    if one.holds(about)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(one) => Ok(!one.holds(about)?),
            Self::Network(networks) => {
                let address = about.asked.peer.address.ip();
                Ok(networks.iter().any(|network| network.contains(address)))
            }
            Self::Cel(expression) => expression
                .holds(about.asked, about.principal)
                .map_err(|_| Undecided),
            Self::Scopes(_)
            | Self::AnyScope(_)
            | Self::Claim(_)
            | Self::Subject(_)
            | Self::Issuer(_)
            | Self::ApiKey(_)
            | Self::Spiffe(_)
            | Self::Shown(_) => Ok(false),
        }
    }

    /// Whether it is true, if it is about the caller alone.
    fn of_caller(&self, principal: Option<&Principal>) -> Option<bool> {
        let is = |test: &dyn Fn(&Principal) -> bool| Some(principal.is_some_and(test));
        let named = |names: &[String], name: &str| names.iter().any(|one| one == name);
        match self {
            Self::Scopes(scopes) => {
                is(&|caller| scopes.iter().all(|scope| caller.scopes.contains(scope)))
            }
            Self::AnyScope(scopes) => {
                is(&|caller| scopes.iter().any(|scope| caller.scopes.contains(scope)))
            }
            Self::Claim(claim) => is(&|caller| claim.holds(caller)),
            Self::Subject(names) => is(&|caller| {
                caller
                    .subject
                    .as_deref()
                    .is_some_and(|name| named(names, name))
            }),
            Self::Issuer(names) => is(&|caller| named(names, &caller.issuer)),
            Self::ApiKey(names) => is(&|caller| {
                caller.kind == Kind::Key
                    && caller
                        .subject
                        .as_deref()
                        .is_some_and(|name| named(names, name))
            }),
            // The issuer of a certificate is the trust domain of its SPIFFE id, if it has one.
            Self::Spiffe(patterns) => is(&|caller| {
                caller.kind == Kind::Certificate
                    && !caller.issuer.is_empty()
                    && patterns.iter().any(|pattern| match pattern {
                        spiffe::Pattern::TrustDomain(domain) => *domain == caller.issuer,
                        spiffe::Pattern::Exact(id) => {
                            caller.subject.as_deref() == Some(id.as_str())
                        }
                    })
            }),
            Self::Shown(kinds) => is(&|caller| kinds.contains(&caller.kind)),
            Self::All(_) | Self::Any(_) | Self::Not(_) | Self::Network(_) | Self::Cel(_) => None,
        }
    }

    /// Whether it could be true of somebody, where nobody is shown: false if what is known of the call
    /// alone says no.
    pub(super) fn could_hold(&self, about: About<'_>) -> bool {
        self.known(about) != Some(false)
    }

    /// What the call alone says; `None` if it depends on who calls.
    fn known(&self, about: About<'_>) -> Option<bool> {
        match self {
            Self::All(all) => {
                let mut known = Some(true);
                for one in all {
                    match one.known(about) {
                        Some(false) => return Some(false),
                        None => known = None,
                        Some(true) => {}
                    }
                }
                known
            }
            Self::Any(any) => {
                let mut known = Some(false);
                for one in any {
                    match one.known(about) {
                        Some(true) => return Some(true),
                        None => known = None,
                        Some(false) => {}
                    }
                }
                known
            }
            Self::Not(one) => one.known(about).map(|known| !known),
            Self::Network(_) => self.holds(about).ok(),
            Self::Cel(expression) if !expression.needs_principal() => self.holds(about).ok(),
            _ => None,
        }
    }

    /// True if a caller has to be known to say.
    pub(super) fn needs_identity(&self) -> bool {
        match self {
            Self::All(all) | Self::Any(all) => all.iter().any(Self::needs_identity),
            Self::Not(one) => one.needs_identity(),
            Self::Network(_) => false,
            Self::Cel(expression) => expression.needs_principal(),
            _ => true,
        }
    }

    /// True whatever is asked.
    pub(super) fn always(&self) -> bool {
        matches!(self, Self::All(all) if all.iter().all(Self::always))
    }

    /// How deep it is.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::All(all) | Self::Any(all) => {
                1 + all.iter().map(Self::depth).max().unwrap_or_default()
            }
            Self::Not(one) => 1 + one.depth(),
            _ => 1,
        }
    }

    /// The scopes that a caller would need, for the challenge.
    pub(super) fn scopes(&self) -> Vec<String> {
        match self {
            Self::Scopes(scopes) => scopes.clone(),
            Self::All(all) => all.iter().flat_map(Self::scopes).collect(),
            _ => Vec::new(),
        }
    }
}

/// For people: `scopes read, write and from 10.0.0.0/8`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = |all: &[String]| all.join(", ");
        match self {
            Self::All(all) if all.is_empty() => f.write_str("anybody"),
            Self::Any(any) if any.is_empty() => f.write_str("nobody"),
            Self::All(all) => joined(f, all, " and "),
            Self::Any(any) => joined(f, any, " or "),
            Self::Not(one) => write!(f, "not ({one})"),
            Self::Scopes(scopes) => write!(f, "scopes {}", texts(scopes)),
            Self::AnyScope(scopes) => write!(f, "a scope of {}", texts(scopes)),
            Self::Claim(claim) => claim.fmt(f),
            Self::Subject(names) => write!(f, "subject {}", texts(names)),
            Self::Issuer(names) => write!(f, "issuer {}", texts(names)),
            Self::ApiKey(names) => write!(f, "API key {}", texts(names)),
            Self::Spiffe(patterns) => {
                let patterns: Vec<_> = patterns
                    .iter()
                    .map(|pattern| match pattern {
                        spiffe::Pattern::TrustDomain(domain) => format!("spiffe://{domain}/**"),
                        spiffe::Pattern::Exact(id) => id.to_string(),
                    })
                    .collect();
                f.write_str(&texts(&patterns))
            }
            Self::Shown(kinds) => {
                let kinds: Vec<_> = kinds.iter().map(|kind| kind.name().to_owned()).collect();
                write!(f, "by {}", texts(&kinds))
            }
            Self::Network(networks) => {
                let networks: Vec<_> = networks.iter().map(ToString::to_string).collect();
                write!(f, "from {}", texts(&networks))
            }
            Self::Cel(expression) => f.write_str(expression.source()),
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.join(".");
        match &self.test {
            Test::Present => write!(f, "claim {path}"),
            Test::Equals(value) => write!(f, "claim {path} = {value}"),
            Test::OneOf(values) => {
                let values: Vec<_> = values.iter().map(ToString::to_string).collect();
                write!(f, "claim {path} one of {}", values.join(", "))
            }
            Test::Contains(value) => write!(f, "claim {path} contains {value}"),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, all: &[Condition], between: &str) -> fmt::Result {
    for (at, one) in all.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        match one {
            Condition::All(inner) | Condition::Any(inner) if inner.len() > 1 => {
                write!(f, "({one})")?;
            }
            _ => write!(f, "{one}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
