//! What an operator says of the calls of some methods and that has no effect, most likely by a slip of the
//! pen.

use super::{Choice, Plan, Which};
use crate::schema::Schema;
use crate::upstream::Config;

/// The rules for methods of an upstream that hold for none that is served; why, a sentence each.
#[must_use]
pub fn idle(config: &Config, schema: &Schema) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut left: Vec<_> = schema.methods().collect();
    for (index, said) in config.retries.said.iter().enumerate() {
        let Which::Selected(selector) = &said.of else {
            continue;
        };
        let is_selected = schema.methods().any(|method| said.of.has(method));
        let (its, others) = left.into_iter().partition(|method| said.of.has(method));
        left = others;
        let its: Vec<_> = its;
        let is_made = |choice: &Choice| its.iter().any(|method| choice.plan(method) != Plan::Once);
        let reason = match &said.choice {
            _ if !is_selected => "no method that is served has such a name",
            _ if its.is_empty() => "earlier rules are for all of its methods",
            Choice::Retry(_) if !is_made(&said.choice) => {
                "none of its methods is marked idempotent (`idempotency_level`)"
            }
            Choice::Hedge(_) if !is_made(&said.choice) => {
                "none of its methods is marked idempotent (`idempotency_level`) and takes one message, \
                 without which nothing is hedged"
            }
            Choice::Once | Choice::Retry(_) | Choice::Hedge(_) => continue,
        };
        reasons.push(format!(
            "upstreams.{}.retries.methods[{index}] ({selector}) has no effect: {reason}",
            config.name
        ));
    }
    reasons
}
