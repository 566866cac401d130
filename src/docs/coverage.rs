//! What is not described, or not as it was written, and why: for the authors of an API.

use maud::{Markup, html};

use super::layout::{self, Content, Here};
use super::{Tally, View, parts};
use crate::catalog::{Finding, FindingKind};

/// Findings of one kind that are listed.
const LISTED_MAX: usize = 200;

/// Every kind, with its title and what it means.
const KINDS: [(FindingKind, &str, &str); 6] = [
    (
        FindingKind::Refused,
        "Refused",
        "Bindings that are not served.",
    ),
    (
        FindingKind::NoBinding,
        "Without a binding",
        "Methods that REST reaches on their own path at most.",
    ),
    (
        FindingKind::LeftOut,
        "Left out",
        "Fields that no query parameter can express, or that were cut.",
    ),
    (
        FindingKind::DroppedAnnotation,
        "Dropped annotations",
        "Annotations that contradict the structure, or that cannot be expressed.",
    ),
    (
        FindingKind::Naming,
        "Names",
        "Names that had to be told apart.",
    ),
    (
        FindingKind::NoComment,
        "Without a comment",
        "Elements that nobody has described. Descriptors that come by reflection rarely have comments.",
    ),
];

pub(super) fn page(view: &View<'_>) -> Markup {
    let findings = &view.catalog.findings;
    let of = |kind: FindingKind| findings.iter().filter(move |finding| finding.kind == kind);
    let main = html! {
        h1 { "Coverage" }
        p class="lead" { (summary(view)) }
        @if let Some(tally) = view.checked { (checked(view, tally)) }
        @if findings.is_empty() {
            p { "Nothing is missing, and nothing had to be left out." }
        } @else {
            table {
                thead { tr { th scope="col" { "What" } th scope="col" { "How many" } th scope="col" { "Meaning" } } }
                tbody {
                    @for (at, (kind, title, meaning)) in KINDS.into_iter().enumerate() {
                        @let count = of(kind).count();
                        tr {
                            th scope="row" {
                                @if count > 0 { a href=(format!("#s-{at}")) { (title) } } @else { (title) }
                            }
                            td { (count) }
                            td { (meaning) }
                        }
                    }
                }
            }
            @for (at, (kind, title, _)) in KINDS.into_iter().enumerate() {
                @let count = of(kind).count();
                @if count > 0 {
                    section aria-labelledby=(format!("s-{at}")) {
                        h2 id=(format!("s-{at}")) { (title) }
                        (list(view, of(kind).take(LISTED_MAX)))
                        @if count > LISTED_MAX { p class="quiet" { "and " (count - LISTED_MAX) " more" } }
                    }
                }
            }
        }
    };
    let content = Content {
        title: "Coverage".to_owned(),
        plain: None,
        main,
    };
    let here = Here {
        own: Some("coverage"),
        ..Here::default()
    };
    layout::page(view, here, &content)
}

/// What was found of live answers.
fn checked(view: &View<'_>, tally: &Tally) -> Markup {
    let (checked, wrong, dropped) = tally.counts();
    let mismatches = tally.mismatches();
    html! {
        p {
            "Checked against " (checked) " live answers: " (wrong) " mismatches."
            @if dropped > 0 { " There was no time for " (dropped) " more." }
        }
        @if !mismatches.is_empty() {
            section aria-labelledby="s-mismatches" {
                h2 id="s-mismatches" { "Answers that are not what their documents say" }
                table {
                    thead { tr { th scope="col" { "Operation" } th scope="col" { "How often" } th scope="col" { "First, in its schema" } } }
                    tbody {
                        @for (operation, mismatch) in mismatches.iter().take(LISTED_MAX) {
                            tr {
                                th scope="row" { code { (operation) } " " (parts::reference(view, &mismatch.method)) }
                                td { (mismatch.count) }
                                td { code { (mismatch.place) } }
                            }
                        }
                    }
                }
                @if mismatches.len() > LISTED_MAX { p class="quiet" { "and " (mismatches.len() - LISTED_MAX) " more" } }
            }
        }
    }
}

fn summary(view: &View<'_>) -> String {
    let (mut methods, mut bound) = (0, 0);
    for (_, _, method) in view.catalog.methods() {
        methods += 1;
        if method
            .operations
            .iter()
            .any(|operation| operation.binding.is_some())
        {
            bound += 1;
        }
    }
    format!("{bound} of {methods} methods have a REST binding.")
}

fn list<'f>(view: &View<'_>, findings: impl Iterator<Item = &'f Finding>) -> Markup {
    html! {
        ul class="findings" {
            @for finding in findings {
                li {
                    (parts::reference(view, &finding.element)) ": " (finding.text)
                }
            }
        }
    }
}
