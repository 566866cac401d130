//! Who may call what, as a table for people.

use super::{Access, Effect, Mode};
use crate::schema::Method;

/// A method, and who may call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `pkg.Service/Method`.
    pub rpc: String,
    /// In the order in which they are asked, up to one that everybody matches. What none matches is denied.
    pub lines: Vec<Line>,
    /// Whether the rules count.
    pub mode: Mode,
}

/// One rule of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its name, or its place from 1.
    pub rule: String,
    /// What it does.
    pub effect: Effect,
    /// For whom: `scopes read and from 10.0.0.0/8`.
    pub who: String,
}

impl Row {
    /// True if nobody may call it, whoever asks.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.lines.iter().all(|line| line.effect == Effect::Deny)
    }
}

impl Access {
    /// A row for each method.
    pub fn rows<'m>(&self, methods: impl IntoIterator<Item = &'m Method>) -> Vec<Row> {
        methods.into_iter().map(|method| self.row(method)).collect()
    }

    /// The row of a method.
    #[must_use]
    pub fn row(&self, method: &Method) -> Row {
        let mut lines = Vec::new();
        for rule in self.of(method) {
            let who = match (rule.when.always(), rule.effect) {
                (true, Effect::Allow) => "anybody who is known".to_owned(),
                _ => rule.when.to_string(),
            };
            lines.push(Line {
                rule: rule.name.to_string(),
                effect: rule.effect,
                who,
            });
            // Behind it nothing is reached; a rule that allows the known leaves the unknown over.
            if rule.when.always() && rule.effect != Effect::Allow {
                break;
            }
        }
        Row {
            rpc: method.path.trim_start_matches('/').to_owned(),
            lines,
            mode: self.mode,
        }
    }
}
