//! Who may call what, as a table: for each method the rules in the order in which they are asked.

use std::fmt::Write as _;

use crate::cli::terminal::{BOLD, DIM};
use crate::policy::access::{Access, Effect, Mode, Row};
use crate::policy::{Config, StepConfig};
use crate::schema::{Method, Schema};

/// Who may call a method that no rule lets anybody call.
const NOBODY: &str = "nobody";

/// A table for each step of access rules; none where there are no rules.
pub(super) fn tables(policy: &Config, schema: &Schema) -> Vec<String> {
    let methods: Vec<&Method> = schema.methods().map(|method| &**method).collect();
    let mut tables = Vec::new();
    for step in &policy.steps {
        // Rules that cannot be were refused when they were read.
        if let StepConfig::Access(rules) = step
            && let Ok(access) = Access::new(rules, methods.iter().copied())
        {
            tables.push(text(&access.rows(methods.iter().copied()), access.mode()));
        }
    }
    tables
}

/// The rows under their headings, columns as wide as their widest cell.
fn text(rows: &[Row], mode: Mode) -> String {
    let mut cells = Vec::new();
    for row in rows {
        let mut rpc = &*row.rpc;
        for line in &row.lines {
            let who = match line.effect {
                Effect::Allow => line.who.clone(),
                Effect::AllowPublic if line.who == "anybody" => "everybody".to_owned(),
                Effect::AllowPublic => format!("everybody, {}", line.who),
                Effect::Deny if line.who == "anybody" => NOBODY.to_owned(),
                Effect::Deny => format!("not {}", line.who),
            };
            cells.push([rpc.to_owned(), who, line.rule.clone()]);
            rpc = "";
        }
        if row.lines.is_empty() {
            cells.push([rpc.to_owned(), NOBODY.to_owned(), "-".to_owned()]);
        }
    }
    let width = |at: usize, heading: &str| {
        let widths = cells
            .iter()
            .filter_map(|row| Some(row.get(at)?.chars().count()));
        widths.max().unwrap_or(0).max(heading.len())
    };
    let (rpc, who) = (width(0, "RPC"), width(1, "WHO MAY CALL"));
    let mut text = format!(
        "{BOLD}{:rpc$}  {:who$}  RULE{BOLD:#}",
        "RPC", "WHO MAY CALL"
    );
    for [name, caller, rule] in &cells {
        let _ = write!(text, "\n{name:rpc$}  {caller:who$}  {DIM}{rule}{DIM:#}");
    }
    if mode == Mode::DryRun {
        let note = "dry run: what these rules would refuse passes, and is logged";
        let _ = write!(text, "\n{DIM}{note}{DIM:#}");
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::policy::access::Line;

    fn line(rule: &str, effect: Effect, who: &str) -> Line {
        Line {
            rule: rule.to_owned(),
            effect,
            who: who.to_owned(),
        }
    }

    #[test]
    fn each_method_has_its_rules_in_their_order_and_one_without_is_nobodys() {
        let row = |rpc: &str, lines: Vec<Line>| Row {
            rpc: rpc.to_owned(),
            lines,
            mode: Mode::DryRun,
        };
        let rows = [
            row(
                "a.S/Get",
                vec![line("open", Effect::AllowPublic, "anybody")],
            ),
            row(
                "a.S/Put",
                vec![
                    line("no guests", Effect::Deny, "a scope of guest"),
                    line("2", Effect::Allow, "scopes write"),
                ],
            ),
            row("a.S/Drop", vec![]),
        ];
        let shown = anstream::adapter::strip_str(&text(&rows, Mode::DryRun)).to_string();
        let expected = "\
RPC       WHO MAY CALL          RULE
a.S/Get   everybody             open
a.S/Put   not a scope of guest  no guests
          scopes write          2
a.S/Drop  nobody                -
dry run: what these rules would refuse passes, and is logged";
        assert_eq!(shown, expected);
    }
}
