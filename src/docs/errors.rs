//! Errors: the codes in the words of each protocol as this gateway maps them, and what an answer that is
//! one means.

use maud::{Markup, html};

use super::layout::{self, Content, Here};
use super::query::Query;
use super::{View, markdown, parts};
use crate::call::Code;
use crate::catalog::Method;
use crate::protocol::rest::ErrorShape;

mod advice;
mod decoder;

/// Bytes of an error that the form takes; it travels in an address.
const PASTED_MAX: usize = 6 << 10;

pub(super) fn page(view: &View<'_>, query: &Query<'_>) -> Markup {
    let links = view.links();
    let pasted = query.text("error");
    let main = html! {
        h1 { "Errors" }
        p class="lead" {
            "A call ends with one of seventeen codes. Each protocol says it in its own words; this gateway \
            translates between them as the table shows, whoever failed."
        }
        section aria-labelledby="s-decode" {
            h2 id="s-decode" { "What does this error mean?" }
            form class="stack" method="get" action=(links.own("errors")) {
                label for="f-error" {
                    "Paste the JSON of an error, or the value of " code { "grpc-status-details-bin" }
                }
                textarea id="f-error" name="error" rows="5" maxlength=(PASTED_MAX) spellcheck="false" {
                    (pasted.as_deref().unwrap_or_default())
                }
                button type="submit" { "Explain" }
            }
            @if let Some(pasted) = &pasted {
                div class="result" role="status" { (decoder::explained(view, pasted)) }
            }
        }
        section aria-labelledby="s-codes" {
            h2 id="s-codes" { "Codes" }
            div class="wide" tabindex="0" role="group" aria-labelledby="s-codes" { (table()) }
        }
        section aria-labelledby="s-forms" {
            h2 id="s-forms" { "What an error looks like" }
            dl class="forms" {
                dt { "REST" }
                dd { (rest_form()) }
                dt { "Connect, and JSON on a method's own path" }
                dd { code { r#"{"code":"not_found","message":"…","details":[{"type":"…","value":"…","debug":{…}}]}"# } }
                dt { "gRPC and gRPC-Web" }
                dd { "trailers " code { "grpc-status" } ", " code { "grpc-message" } " and " code { "grpc-status-details-bin" } }
                dt { "A stream of lines, an array" }
                dd { "a last element " code { r#"{"error":{…}}"# } }
                dt { "Events" }
                dd { "a last " code { "event: error" } }
                dt { "WebSocket" }
                dd { "a last frame " code { r#"{"@status":{…}}"# } }
            }
        }
    };
    let content = Content {
        title: "Errors".to_owned(),
        plain: None,
        main,
    };
    let here = Here {
        own: Some("errors"),
        ..Here::default()
    };
    layout::page(view, here, &content)
}

fn rest_form() -> Markup {
    html! { code { r#"{"code":5,"message":"…","details":[{"@type":"type.googleapis.com/…",…}]}"# } }
}

fn table() -> Markup {
    html! {
        table {
            thead {
                tr {
                    th scope="col" { "gRPC" } th scope="col" { "Number" } th scope="col" { "HTTP" }
                    th scope="col" { "Connect" } th scope="col" { "What happened" } th scope="col" { "What to do" }
                }
            }
            tbody {
                @for code in Code::ALL {
                    tr id=(format!("code-{}", code.name())) {
                        th scope="row" { code { (code.name()) } }
                        td { (code.number()) }
                        td { (code.http().as_u16()) }
                        td { @if code == Code::Ok { "–" } @else { code { (code.connect_name()) } } }
                        td { (advice::meaning(code)) }
                        td { (advice::remedy(code)) }
                    }
                }
            }
        }
    }
}

/// How a method fails: what annotations name, and what this gateway itself answers.
pub(super) fn of_method(view: &View<'_>, method: &Method) -> Markup {
    let links = view.links();
    let shape = method
        .operations
        .first()
        .map_or(method.options.rest.errors, |operation| {
            operation.options.rest.errors
        });
    let form = match shape {
        ErrorShape::Status => "google.rpc.Status as JSON",
        ErrorShape::Aip193 => "{\"error\": {…}} with the HTTP status as its code",
        ErrorShape::Problem => "application/problem+json",
    };
    let row = |code: Code, details: &str, when: &str| {
        html! {
            tr {
                th scope="row" {
                    a href=(format!("{}#code-{}", links.own("errors"), code.name())) { code { (code.name()) } }
                }
                td { (code.http().as_u16()) }
                td { (when) }
                td { @if details.is_empty() { "–" } @else { (parts::reference(view, details)) } }
            }
        }
    };
    html! {
        section aria-labelledby="s-errors" {
            h2 id="s-errors" { "Errors" }
            @if !method.annotations.responses.is_empty() {
                h3 { "As the API says" }
                table {
                    thead { tr { th scope="col" { "HTTP" } th scope="col" { "When" } } }
                    tbody {
                        @for (code, response) in &method.annotations.responses {
                            tr {
                                th scope="row" { (code) }
                                td {
                                    @let text = response.get("description").and_then(|d| d.as_str());
                                    div class="text" { (markdown::block(view, text.unwrap_or_default())) }
                                }
                            }
                        }
                    }
                }
                h3 { "From the gateway" }
            }
            p {
                "By REST an error is " (form) ". The backend chooses among "
                a href=(links.own("errors")) { "all codes" } "; these the gateway answers by itself:"
            }
            div class="wide" tabindex="0" role="group" aria-labelledby="s-errors" {
                table {
                    thead { tr { th scope="col" { "Code" } th scope="col" { "HTTP" } th scope="col" { "When" } th scope="col" { "Details" } } }
                    tbody {
                        (row(Code::InvalidArgument, "google.rpc.BadRequest", "the path, the query or the body does not fit the request"))
                        (row(Code::ResourceExhausted, "", "a message is larger than its limit (HTTP says 413 then)"))
                        (row(Code::DeadlineExceeded, "", "the deadline has passed"))
                        (row(Code::Unavailable, "", "the backend cannot be reached, or the gateway is shutting down"))
                        (row(Code::Unimplemented, "", "the backend does not know the method"))
                    }
                }
            }
        }
    }
}
