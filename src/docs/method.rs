//! The page of a method: everything one has to know to call it.

use maud::{Markup, html};

use super::fields::List;
use super::layout::{self, Content, Here};
use super::query::Query;
use super::{View, binding, errors, markdown, parts, samples, test_url, tryit};
use crate::catalog::example::Side;
use crate::catalog::{Method, Operation, Package, Service};
use crate::protocol::Options;
use crate::schema::{Idempotency, Shape};

pub(super) fn page(
    view: &View<'_>,
    package: &Package,
    service: &Service,
    method: &Method,
    query: &Query<'_>,
) -> Markup {
    let links = view.links();
    let path = links.method(package, service, method);
    let annotated = method.annotations.description.as_deref();
    let main = html! {
        (parts::trail(links, Some(package), Some((package, service))))
        h1 { (method.served.name) }
        p class="badges" { (badges(method)) }
        p class="full" { code { (parts::dotted(method.served.path.trim_start_matches('/'))) } }
        (parts::changed(view, &parts::dotted_name(method)))
        @if method.deprecated {
            p class="note warn" { "This method should no longer be used." }
        }
        div class="text lead" {
            p { (markdown::line(view, parts::summary(method))) "." }
            (markdown::block(view, annotated.unwrap_or(&method.description)))
        }
        (on_this_page())
        section aria-labelledby="s-http" {
            h2 id="s-http" { "HTTP" }
            (binding::cards(view, method))
        }
        (tryit::section(view, package, service, method))
        (samples::section(view, package, service, method))
        (message(view, ("s-request", "Request", ""), &method.descriptor.input(), Side::Request))
        (message(view, ("s-answer", "Answer", "answer-"), &method.descriptor.output(), Side::Response))
        (errors::of_method(view, method))
        (limits(method))
        (test_url::section(view, method, &path, query))
    };
    let content = Content {
        title: format!("{} · {}", method.served.name, service.short),
        plain: Some(format!("{path}.md")),
        main,
    };
    let here = Here {
        package: Some(package),
        service: Some(service),
        method: Some(method),
        own: None,
    };
    layout::page(view, here, &content)
}

fn badges(method: &Method) -> Markup {
    html! {
        @match method.served.shape {
            Shape::Unary => span class="badge" { "one request, one answer" },
            Shape::ServerStream => span class="badge stream" { "one request, a stream of answers" },
            Shape::ClientStream => span class="badge stream" { "a stream of requests, one answer" },
            Shape::Bidi => span class="badge stream" { "streams both ways" },
        }
        @match method.served.idempotency {
            Idempotency::Unknown => {}
            Idempotency::NoSideEffects => { " " span class="badge" { "changes nothing" } }
            Idempotency::Idempotent => { " " span class="badge" { "may be repeated" } }
        }
        " " (parts::deprecated(method.deprecated))
    }
}

fn on_this_page() -> Markup {
    html! {
        nav class="sections" aria-label="On this page" {
            ul {
                li { a href="#s-http" { "HTTP" } }
                li { a href="#s-try" { "Try it" } }
                li { a href="#s-code" { "Code" } }
                li { a href="#s-request" { "Request" } }
                li { a href="#s-answer" { "Answer" } }
                li { a href="#s-errors" { "Errors" } }
                li { a href="#s-limits" { "Limits" } }
                li { a href="#s-test" { "Test a URL" } }
            }
        }
    }
}

fn message(
    view: &View<'_>,
    (id, title, ids): (&str, &str, &'static str),
    descriptor: &prost_reflect::MessageDescriptor,
    side: Side,
) -> Markup {
    let known = view.catalog.messages.get(descriptor.full_name());
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (title) }
            p class="full" { (parts::reference(view, descriptor.full_name())) }
            @if let Some(known) = known {
                div class="text" { (markdown::block(view, &known.comment)) }
                (List::deep(view, ids).of(known))
                @if !known.fields.is_empty() {
                    details {
                        summary { "Example" }
                        (parts::example(view, known, side))
                    }
                }
            }
        }
    }
}

/// What holds for calls of this method, by each way to call it that differs.
fn limits(method: &Method) -> Markup {
    let mut columns: Vec<(String, &Options)> = Vec::new();
    for operation in method.operations.iter().filter(|o| o.binding.is_some()) {
        columns.push((label(operation), &operation.options));
    }
    columns.push(("its own path".to_owned(), &method.options));
    let streams = method.served.shape != Shape::Unary;
    let row = |name: &str, value: &dyn Fn(&Options) -> String| {
        html! {
            tr {
                th scope="row" { (name) }
                @for (_, options) in &columns { td { (value(options)) } }
            }
        }
    };
    html! {
        section aria-labelledby="s-limits" {
            h2 id="s-limits" { "Limits" }
            div class="wide" tabindex="0" role="group" aria-labelledby="s-limits" {
                table {
                    thead {
                        tr {
                            th scope="col" { "As configured for" }
                            @for (name, _) in &columns { th scope="col" { (name) } }
                        }
                    }
                    tbody {
                        (row("Deadline, if the caller names none", &|o| {
                            parts::time(if streams { o.timeouts.stream_default } else { o.timeouts.unary_default })
                        }))
                        (row("Longest deadline", &|o| {
                            parts::time(if streams { o.timeouts.stream_cap } else { o.timeouts.unary_cap })
                        }))
                        (row("One request message", &|o| parts::bytes(o.limits.request_message)))
                        (row("One answer message", &|o| parts::bytes(o.limits.response_message)))
                        @if streams {
                            (row("A stream without a message", &|o| parts::time(o.timeouts.stream_idle)))
                        }
                    }
                }
            }
        }
    }
}

fn label(operation: &Operation) -> String {
    format!("{} {}", operation.verb, operation.path)
}
