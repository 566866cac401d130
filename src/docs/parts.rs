//! Small pieces that many pages have.

use std::time::Duration;

use maud::{Markup, html};

use super::View;
use super::links::Links;
use crate::catalog::example::{Examples, Side};
use crate::catalog::{Message, Method, Operation, Package, Service};
use crate::schema::Shape;

/// Bytes of an example that are shown.
const EXAMPLE_MAX: usize = 16 << 10;

/// Rows of a list on one page.
pub(super) const ROWS_MAX: usize = 200;

/// An HTTP method in its colour.
pub(super) fn verb(verb: &str) -> Markup {
    let class = match verb {
        "GET" | "HEAD" => "verb get",
        "POST" => "verb post",
        "PUT" => "verb put",
        "PATCH" => "verb patch",
        "DELETE" => "verb delete",
        _ => "verb other",
    };
    let text = if verb == "*" { "ANY" } else { verb };
    html! { span class=(class) { (text) } }
}

/// How one shows that a call streams; nothing for one that does not.
pub(super) fn shape(shape: Shape) -> Markup {
    match shape {
        Shape::Unary => html! {},
        Shape::ServerStream | Shape::ClientStream | Shape::Bidi => {
            html! { span class="badge stream" { (shape.name()) } }
        }
    }
}

/// When a method or service changed last, if that is known.
pub(super) fn changed(view: &View<'_>, name: &str) -> Markup {
    html! {
        @if let Some(at) = view.timeline.last(name) {
            p class="changed" {
                a href=(format!("{}#r-{}", view.links().own("changes"), at.stem())) { "changed " (at.markup()) }
            }
        }
    }
}

/// `pkg.Service.Method`.
pub(super) fn dotted_name(method: &Method) -> String {
    format!("{}.{}", method.served.service, method.served.name)
}

/// The word for what should no longer be used.
pub(super) fn deprecated(is: bool) -> Markup {
    html! { @if is { span class="badge warn" { "deprecated" } } }
}

/// A table of methods, a row each with how it is called first.
pub(super) fn methods<'m>(
    view: &View<'_>,
    package: &Package,
    service: &Service,
    methods: impl Iterator<Item = &'m Method>,
) -> Markup {
    let links = view.links();
    html! {
        table class="methods" {
            thead { tr { th scope="col" { "Method" } th scope="col" { "HTTP" } th scope="col" { "What it does" } } }
            tbody {
                @for method in methods {
                    tr {
                        th scope="row" {
                            a href=(links.method(package, service, method)) { (method.served.name) }
                            " " (shape(method.served.shape)) (deprecated(method.deprecated))
                            @if let Some(at) = view.timeline.last(&dotted_name(method)) {
                                span class="changed" { "changed " (at.markup()) }
                            }
                        }
                        td { (first_operation(method)) }
                        td { (super::markdown::line(view, summary(method))) }
                    }
                }
            }
        }
    }
}

/// The text in one line, annotations first.
pub(super) fn summary(method: &Method) -> &str {
    method
        .annotations
        .summary
        .as_deref()
        .unwrap_or(&method.summary)
}

fn first_operation(method: &Method) -> Markup {
    html! {
        @match method.operations.first() {
            Some(operation) => {
                (verb(&operation.verb)) " " code class="path" { (path(operation)) }
                @if method.operations.len() > 1 {
                    " " span class="more" { "+" (method.operations.len() - 1) }
                }
            }
            None => span class="quiet" { "gRPC, gRPC-Web, Connect" },
        }
    }
}

/// A path with places where a line may break.
pub(super) fn path(operation: &Operation) -> Markup {
    html! {
        @for (at, piece) in operation.path.split('/').enumerate() {
            @if at > 0 { "/" wbr; }
            (piece)
        }
    }
}

/// A name with places where a line may break.
pub(super) fn dotted(name: &str) -> Markup {
    html! {
        @for (at, piece) in name.split('.').enumerate() {
            @if at > 0 { "." wbr; }
            (piece)
        }
    }
}

/// Which part of a long list a page shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// From 1.
    number: usize,
    pages: usize,
}

impl Part {
    /// The page of this number; the last one if there are fewer.
    pub(super) fn of(number: usize, rows: usize) -> Self {
        let pages = rows.div_ceil(ROWS_MAX).max(1);
        Self {
            number: number.clamp(1, pages),
            pages,
        }
    }

    /// Rows before it.
    pub(super) const fn skip(self) -> usize {
        (self.number - 1) * ROWS_MAX
    }

    /// Links to its neighbours. `path` ends so that `page=2` can follow.
    pub(super) fn links(self, path: &str) -> Markup {
        html! {
            @if self.pages > 1 {
                nav class="pager" aria-label="Pages of this list" {
                    @if self.number > 1 {
                        a rel="prev" href=(format!("{path}page={}", self.number - 1)) { "← Previous" }
                    }
                    span { "Page " (self.number) " of " (self.pages) }
                    @if self.number < self.pages {
                        a rel="next" href=(format!("{path}page={}", self.number + 1)) { "Next →" }
                    }
                }
            }
        }
    }
}

/// A command or text that can be copied.
pub(super) fn copyable(label: &str, text: &str) -> Markup {
    html! {
        figure class="code" {
            figcaption { (label) }
            pre tabindex="0" { code { (text) } }
        }
    }
}

/// What a message looks like in JSON.
pub(super) fn example(view: &View<'_>, message: &Message, side: Side) -> Markup {
    let name = message.descriptor.full_name();
    let value = Examples::new(view.catalog).message(name, side);
    let text = serde_json::to_string_pretty(&value).unwrap_or_default();
    html! {
        @if text.len() <= EXAMPLE_MAX { (copyable("JSON, made from names, types and rules", &text)) }
    }
}

/// What names use something, as links; a long list ends in a number.
pub(super) fn used_by(view: &View<'_>, names: &[String]) -> Markup {
    html! {
        @if names.is_empty() {
            p class="quiet" { "Nothing that is shown here." }
        } @else {
            ul class="names" {
                @for name in names.iter().take(ROWS_MAX) {
                    li { (reference(view, name)) }
                }
                @if names.len() > ROWS_MAX {
                    li class="quiet" { "and " (names.len() - ROWS_MAX) " more" }
                }
            }
        }
    }
}

/// A full name, or the path of a method, as a link if it is shown somewhere.
pub(super) fn reference(view: &View<'_>, name: &str) -> Markup {
    let target = if name.starts_with('/') {
        super::resources::method(view.catalog, name)
            .map(|(package, service, method)| view.links().method(package, service, method))
    } else {
        super::resources::target(view, name)
    };
    let text = name.trim_start_matches('/');
    html! {
        @match target {
            Some(target) => a href=(target) { (dotted(text)) },
            None => span { (dotted(text)) },
        }
    }
}

/// Links from the site's start to here.
pub(super) fn trail(
    links: Links<'_>,
    package: Option<&Package>,
    service: Option<(&Package, &Service)>,
) -> Markup {
    html! {
        nav class="trail" aria-label="Where this page is" {
            ol {
                li { a href=(links.home()) { "API" } }
                @if let Some(package) = package {
                    li { a href=(links.package(&package.name)) { (shown(package)) } }
                }
                @if let Some((package, service)) = service {
                    li { a href=(links.service(package, service)) { (service.short) } }
                }
            }
        }
    }
}

/// A package's name; one that has none needs some word.
pub(super) fn shown(package: &Package) -> &str {
    if package.name.is_empty() {
        "(no package)"
    } else {
        &package.name
    }
}

/// A number of bytes as people write limits.
pub(super) fn bytes(count: usize) -> String {
    match count {
        0 => "0 bytes".to_owned(),
        n if n % (1 << 30) == 0 => format!("{} GiB", n >> 30),
        n if n % (1 << 20) == 0 => format!("{} MiB", n >> 20),
        n if n % (1 << 10) == 0 => format!("{} KiB", n >> 10),
        n => format!("{n} bytes"),
    }
}

/// A span of time as people write limits.
pub(super) fn time(span: Option<Duration>) -> String {
    let Some(span) = span else {
        return "none".to_owned();
    };
    let seconds = span.as_secs();
    if span.subsec_nanos() != 0 {
        return format!("{} s", span.as_secs_f64());
    }
    match seconds {
        0 => "0 s".to_owned(),
        s if s % 3600 == 0 => format!("{} h", s / 3600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
