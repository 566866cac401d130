//! The guard before what is served: a schema that would break clients does not take the place of one
//! that serves them.

use std::fmt;
use std::time::Duration;

use crate::schema::Schema;
use crate::schema::breaking::breaking;

/// Changes that one log line tells at most.
const LOGGED_MAX: usize = 1000;

/// What becomes of a schema that would break clients of the one that is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBreaking {
    /// It is not served; the one that is served goes on.
    #[default]
    Refuse,
    /// It is served, and told.
    Warn,
    /// It is served.
    Allow,
}

/// How the schema follows its sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaReload {
    /// How often backends are asked by reflection.
    pub reflection_interval: Duration,
    /// What becomes of a schema that would break clients.
    pub on_breaking: OnBreaking,
}

impl Default for SchemaReload {
    fn default() -> Self {
        Self {
            reflection_interval: Duration::from_secs(30),
            on_breaking: OnBreaking::default(),
        }
    }
}

/// What a schema would break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// A sentence each; never none.
    pub(super) changes: Vec<String>,
    /// What the new schema does not serve and the old one did not refuse: mostly the cause.
    pub(super) refusals: Vec<String>,
}

impl Broken {
    /// Causes, then what they break.
    pub(super) fn lines(&self) -> impl Iterator<Item = &String> {
        self.refusals.iter().chain(&self.changes)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, line) in self.lines().take(LOGGED_MAX).enumerate() {
            let border = if n == 0 { "" } else { "\n  " };
            write!(f, "{border}{line}")?;
        }
        let more = (self.changes.len() + self.refusals.len()).saturating_sub(LOGGED_MAX);
        if more > 0 {
            write!(f, "\n  … and {more} more")?;
        }
        Ok(())
    }
}

/// Whether `new` may take the place of `old`.
///
/// # Errors
/// It would break clients, and what does is refused.
pub(super) fn guarded(on: OnBreaking, old: &Schema, new: &Schema) -> Result<(), Broken> {
    match (on, broken(old, new)) {
        (OnBreaking::Allow, _) | (_, None) => Ok(()),
        (OnBreaking::Warn, Some(broken)) => {
            tracing::warn!(changes = %broken, "the new schema breaks clients, and is served");
            Ok(())
        }
        (OnBreaking::Refuse, Some(broken)) => Err(broken),
    }
}

/// What breaks when `new` takes the place of `old`, if something does.
fn broken(old: &Schema, new: &Schema) -> Option<Broken> {
    let changes: Vec<_> = breaking(old, new).iter().map(ToString::to_string).collect();
    if changes.is_empty() {
        return None;
    }
    let refusals = new.refusals().iter();
    let refusals = refusals.filter(|refusal| !old.refusals().contains(refusal));
    Some(Broken {
        changes,
        refusals: refusals.cloned().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_before_what_it_breaks() {
        let broken = Broken {
            changes: vec!["p.S: removed, with all of its methods".to_owned()],
            refusals: vec!["p.S: one and two bring it, and no route decides".to_owned()],
        };
        let told = "p.S: one and two bring it, and no route decides\n  \
                    p.S: removed, with all of its methods";
        assert_eq!(broken.to_string(), told);
    }
}
