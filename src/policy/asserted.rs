//! What the gateway says of a caller to the backend, in metadata that no client can write: whatever a
//! client sends under these names is taken away first, also where nothing is known of it.

use http::{HeaderName, HeaderValue};
use serde_json::Value;

use super::condition::{NoPath, find, split};
use crate::call::gate::{Asked, Change, Decision, Gate, Passed};
use crate::identity::Principal;

/// Bytes of a value at most; a longer one is left out.
pub const VALUE_BYTES_MAX: usize = 4096;

/// A name of metadata, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asserted {
    /// The name.
    pub name: HeaderName,
    /// What of the caller.
    pub says: Says,
}

/// What of a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// Its subject.
    Subject,
    /// Who vouches for it.
    Issuer,
    /// Its scopes, with spaces between.
    Scopes,
    /// How it was shown: `token`, `key`, `certificate`.
    Kind,
    /// A claim: text as it is, members of a list with commas between, other values as JSON.
    Claim(ClaimPath),
}

/// A path of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(Vec<String>);

impl ClaimPath {
    /// Reads a path: `email`, `realm_access.roles`; a dot in a name is written `\.`.
    ///
    /// # Errors
    /// A name in it is empty.
    pub fn new(path: &str) -> Result<Self, NoPath> {
        split(path).map(Self)
    }
}

/// All that is said.
#[derive(Clone, Debug, Default)]
pub struct Assertions(pub Vec<Asserted>);

impl Gate for Assertions {
    fn ask<'r>(&'r self, _: Asked<'r>, so_far: &Passed) -> Decision<'r> {
        let principal = so_far.principal.as_deref();
        let change = |asserted: &Asserted| {
            let value = principal.and_then(|principal| asserted.says.of(principal));
            let value = value.filter(|value| value.len() <= VALUE_BYTES_MAX);
            // A text that is no value of a header is left out, never half of it.
            let value = value.and_then(|value| HeaderValue::from_str(&value).ok());
            let name = asserted.name.clone();
            match value {
                Some(value) => Change::Set(name, value),
                None => Change::Remove(name),
            }
        };
        Decision::Now(Ok(Passed {
            changes: self.0.iter().map(change).collect(),
            ..Passed::default()
        }))
    }
}

impl Assertions {
    /// In which metadata.
    pub fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.0.iter().map(|asserted| &asserted.name)
    }
}

impl Says {
    fn of(&self, principal: &Principal) -> Option<String> {
        let text = match self {
            Self::Subject => principal.subject.as_deref()?.to_owned(),
            Self::Issuer => principal.issuer.to_string(),
            Self::Scopes => principal.scopes.iter().collect::<Vec<_>>().join(" "),
            Self::Kind => principal.kind.name().to_owned(),
            Self::Claim(ClaimPath(path)) => text(find(principal, path)?)?,
        };
        (!text.is_empty()).then_some(text)
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        // A comma inside of a member would make two of one.
        Value::Array(all) => all
            .iter()
            .map(|one| text(one).filter(|text| !text.contains(',')))
            .collect::<Option<Vec<_>>>()
            .map(|all| all.join(",")),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => Some(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::json;

    use super::*;
    use crate::policy::fixtures::{Question, caller, method};

    fn said(principal: Option<serde_json::Value>) -> HeaderMap {
        let claim = |path| Says::Claim(ClaimPath::new(path).unwrap());
        let all = [
            ("x-user", Says::Subject),
            ("x-roles", claim("realm.roles")),
            ("x-email", claim("email")),
            ("x-how", Says::Kind),
        ];
        let all = all.map(|(name, says)| Asserted {
            name: HeaderName::from_static(name),
            says,
        });
        let assertions = Assertions(all.into());
        let question = Question::of(method(0, "a.S", "Get"));
        let so_far = Passed {
            principal: principal.map(caller),
            ..Passed::default()
        };
        let Decision::Now(Ok(passed)) = assertions.ask(question.asked(), &so_far) else {
            panic!()
        };
        let mut metadata = HeaderMap::new();
        for name in ["x-user", "x-roles", "x-email", "x-how", "x-other"] {
            metadata.append(name, HeaderValue::from_static("forged"));
            metadata.append(name, HeaderValue::from_static("twice"));
        }
        passed.change(&mut metadata);
        metadata
    }

    #[test]
    fn what_a_client_says_under_an_asserted_name_is_gone_whoever_it_is() {
        let of_nobody = said(None);
        assert_eq!(
            of_nobody.keys().map(HeaderName::as_str).collect::<Vec<_>>(),
            ["x-other"]
        );
        assert_eq!(of_nobody.get_all("x-other").iter().count(), 2);

        let known = said(Some(json!({
            "sub": "ada", "realm": {"roles": ["a", "b"]}, "email": "a\r\nx-admin: 1",
        })));
        assert_eq!(known["x-user"], "ada");
        assert_eq!(known["x-roles"], "a,b");
        assert_eq!(known["x-how"], "token");
        assert!(!known.contains_key("x-email"), "no line can be smuggled in");

        let odd = said(Some(json!({"sub": "ada", "realm": {"roles": ["a,b"]}})));
        assert!(!odd.contains_key("x-roles"));
    }
}
