//! Pages as Markdown, and their table of contents: for people at a terminal and for language models.

use std::fmt::{self, Write};

use super::{View, binding, kind, links, parts, proto_text};
use crate::catalog::{Body, Enum, Message, Method, Package, Service};

/// Methods in the table of contents.
const CONTENTS_MAX: usize = 5_000;

/// Rows of a list in one page.
const ROWS_MAX: usize = 2_000;

/// Text that is being written. Writing to a string cannot fail.
fn text(write: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut out = String::new();
    let _ = write(&mut out);
    out
}

/// One line of text: no line breaks, nothing that would begin a table's next cell.
fn one_line(text: &str) -> String {
    let first = text.trim().split("\n\n").next().unwrap_or_default();
    first
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}

/// `llms.txt`: what there is and where.
pub(super) fn index(view: &View<'_>) -> String {
    let (links, origin) = (view.links(), view.origin);
    text(|out| {
        writeln!(out, "# {}\n", view.site.title)?;
        if !view.site.description.is_empty() {
            writeln!(out, "> {}\n", one_line(&view.site.description))?;
        }
        writeln!(
            out,
            "Base URL: {origin}. Every page is there as Markdown too, with `.md` at its end.\n"
        )?;
        writeln!(
            out,
            "- [OpenAPI 3.1]({origin}{}.json): the whole API",
            view.site.documents
        )?;
        let mut room = CONTENTS_MAX;
        for package in view
            .catalog
            .packages
            .iter()
            .filter(|p| !p.services.is_empty())
        {
            let path = links.package(&package.name);
            writeln!(out, "\n## {}\n", parts::shown(package))?;
            writeln!(
                out,
                "- [{}]({origin}{path}.md): {}",
                parts::shown(package),
                one_line(super::home::about(package))
            )?;
            for service in &package.services {
                let path = links.service(package, service);
                writeln!(
                    out,
                    "- [{}]({origin}{path}.md): {}",
                    service.short,
                    one_line(&service.comment)
                )?;
                for method in &service.methods {
                    if room == 0 {
                        return writeln!(
                            out,
                            "\nMore methods than {CONTENTS_MAX}: the pages of services list them."
                        );
                    }
                    room -= 1;
                    let path = links.method(package, service, method);
                    writeln!(
                        out,
                        "  - [{}]({origin}{path}.md): {}",
                        method.served.name,
                        one_line(parts::summary(method))
                    )?;
                }
            }
        }
        Ok(())
    })
}

pub(super) fn package(view: &View<'_>, package: &Package) -> String {
    text(|out| {
        writeln!(
            out,
            "# {}\n\n{}\n",
            parts::shown(package),
            super::home::about(package)
        )?;
        let mut room = ROWS_MAX;
        for service in &package.services {
            writeln!(out, "## {}\n\n{}\n", service.short, service.comment)?;
            let shown = service.methods.len().min(room);
            room -= shown;
            methods(out, view, package, service, shown)?;
        }
        Ok(())
    })
}

pub(super) fn service(view: &View<'_>, package: &Package, service: &Service) -> String {
    text(|out| {
        writeln!(
            out,
            "# {}\n\n`{}`\n\n{}\n",
            service.short, service.name, service.comment
        )?;
        methods(out, view, package, service, ROWS_MAX)
    })
}

fn methods(
    out: &mut String,
    view: &View<'_>,
    package: &Package,
    service: &Service,
    most: usize,
) -> fmt::Result {
    writeln!(out, "| method | HTTP | |\n|---|---|---|")?;
    for method in service.methods.iter().take(most) {
        let http = method.operations.first();
        let http = http.map_or_else(String::new, |o| format!("`{} {}`", o.verb, o.path));
        let path = view.links().method(package, service, method);
        writeln!(
            out,
            "| [{}]({path}.md) | {http} | {} |",
            method.served.name,
            one_line(parts::summary(method))
        )?;
    }
    if service.methods.len() > most {
        writeln!(out, "\nand {} more", service.methods.len() - most)?;
    }
    writeln!(out)
}

pub(super) fn method(
    view: &View<'_>,
    package: &Package,
    service: &Service,
    method: &Method,
) -> String {
    let served = &method.served;
    text(|out| {
        writeln!(
            out,
            "# {}\n\n`{}` · {}\n",
            served.name,
            served.path,
            served.shape.name()
        )?;
        if method.deprecated {
            writeln!(out, "**Deprecated.**\n")?;
        }
        writeln!(
            out,
            "{}.\n\n{}\n",
            parts::summary(method),
            method.description
        )?;
        let service_path = view.links().service(package, service);
        writeln!(
            out,
            "Of [{}]({service_path}.md) in `{}`.\n",
            service.short, package.name
        )?;
        writeln!(out, "## HTTP\n")?;
        for operation in &method.operations {
            writeln!(out, "### `{} {}`\n", operation.verb, operation.path)?;
            for parameter in &operation.path_parameters {
                writeln!(
                    out,
                    "- path `{{{}}}` feeds `{}`",
                    parameter.name,
                    binding::dotted(&parameter.field)
                )?;
            }
            for parameter in operation.query.iter().take(ROWS_MAX) {
                let must = if parameter.required { ", required" } else { "" };
                let kind = parameter.field.last().map(kind::text).unwrap_or_default();
                writeln!(out, "- query `{}`: {kind}{must}", parameter.name)?;
            }
            match &operation.body {
                Body::None => {}
                Body::Message { without } if without.is_empty() => {
                    writeln!(out, "- body: the request message")?;
                }
                Body::Message { without } => {
                    writeln!(
                        out,
                        "- body: the request message without `{}`",
                        without.join("`, `")
                    )?;
                }
                Body::Field { field, .. } => {
                    writeln!(out, "- body: the field `{}`", binding::dotted(field))?;
                }
            }
            writeln!(out)?;
        }
        for (title, descriptor) in [
            ("Request", method.descriptor.input()),
            ("Answer", method.descriptor.output()),
        ] {
            writeln!(out, "## {title}: `{}`\n", descriptor.full_name())?;
            if let Some(message) = view.catalog.messages.get(descriptor.full_name()) {
                fields(out, message)?;
            }
        }
        Ok(())
    })
}

fn fields(out: &mut String, message: &Message) -> fmt::Result {
    writeln!(
        out,
        "{}\n\n| field | type | |\n|---|---|---|",
        message.comment
    )?;
    for field in message.fields.iter().take(ROWS_MAX) {
        let mut notes: Vec<String> = Vec::new();
        if field.is_required() {
            notes.push("required".to_owned());
        }
        notes.extend(
            field
                .behaviors
                .iter()
                .map(|b| super::fields::behavior(*b).to_owned()),
        );
        notes.dedup();
        if field.deprecated {
            notes.push("deprecated".to_owned());
        }
        if let Some(oneof) = message
            .oneofs
            .iter()
            .find(|o| o.fields.contains(&field.json_name))
        {
            notes.push(format!("one of {}", oneof.name));
        }
        notes.extend(field.rules.sentences.iter().cloned());
        let notes = if notes.is_empty() {
            String::new()
        } else {
            format!(" ({})", notes.join("; "))
        };
        writeln!(
            out,
            "| `{}` | {} | {}{} |",
            field.json_name,
            kind::text(&field.descriptor),
            one_line(&field.comment),
            one_line(&notes)
        )?;
    }
    writeln!(out)
}

pub(super) fn message(view: &View<'_>, message: &Message) -> String {
    text(|out| {
        writeln!(out, "# {}\n", message.descriptor.full_name())?;
        fields(out, message)?;
        writeln!(
            out,
            "```proto\n{}```",
            proto_text::message(view.catalog, message)
        )
    })
}

pub(super) fn enumeration(_view: &View<'_>, enumeration: &Enum) -> String {
    let descriptor = &enumeration.descriptor;
    text(|out| {
        writeln!(
            out,
            "# {}\n\n{}\n",
            descriptor.full_name(),
            enumeration.comment
        )?;
        let package = descriptor.package_name();
        writeln!(
            out,
            "`{}` of `{package}`\n",
            links::relative(package, descriptor.full_name())
        )?;
        writeln!(out, "| value | number | |\n|---|---|---|")?;
        for value in enumeration.values.iter().take(ROWS_MAX) {
            writeln!(
                out,
                "| `{}` | {} | {} |",
                value.name,
                value.number,
                one_line(&value.comment)
            )?;
        }
        Ok(())
    })
}
