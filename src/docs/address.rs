//! What a path of the site means: the other direction of `links`.

use percent_encoding::percent_decode_str;

use super::View;
use super::links::MARK;
use crate::catalog::{Enum, Message, Method, Package, Service};

/// What stands at a path.
#[derive(Clone, Copy, Debug)]
pub(super) enum Address<'a> {
    Home,
    Errors,
    Authentication,
    Changes,
    Feed,
    Coverage,
    Search,
    SearchIndex,
    TestUrl,
    Downloads,
    Descriptors,
    Llms,
    Package(&'a Package),
    Service(&'a Package, &'a Service),
    Method(&'a Package, &'a Service, &'a Method),
    Message(&'a Message),
    Enum(&'a Enum),
    PlainPackage(&'a Package),
    PlainService(&'a Package, &'a Service),
    PlainMethod(&'a Package, &'a Service, &'a Method),
    PlainMessage(&'a Message),
    MessageSchema(&'a Message),
    PlainEnum(&'a Enum),
    Proto(&'a Package),
    Postman(&'a Package),
    Bruno(&'a Package),
}

/// What the name of a message's JSON Schema ends in.
pub(super) const SCHEMA: &str = ".schema.json";

impl<'a> Address<'a> {
    /// What stands at a request's path, if anything.
    pub(super) fn of(view: &View<'a>, path: &str) -> Option<Self> {
        let beneath = path.strip_prefix(view.site.prefix.as_str())?;
        if !beneath.is_empty() && !beneath.starts_with('/') {
            return None;
        }
        let parts: Vec<_> = beneath.trim_matches('/').splitn(4, '/').collect();
        let parts: Option<Vec<String>> = parts
            .into_iter()
            .map(|part| {
                let decoded = percent_decode_str(part).decode_utf8().ok()?;
                Some(decoded.into_owned())
            })
            .collect();
        let parts = parts?;
        match parts.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [""] => Some(Self::Home),
            [name] => Self::own(name).or_else(|| Self::top(view, name)),
            [package, name] => Self::in_package(find_package(view, package)?, name),
            [package, "messages", name] => Self::message(view, unmarked(package), name),
            [package, "enums", name] => Self::enumeration(view, unmarked(package), name),
            [package, service, name] => {
                let package = find_package(view, package)?;
                Self::in_service(package, find_service(package, service)?, name)
            }
            _ => None,
        }
    }

    fn own(name: &str) -> Option<Self> {
        Some(match name {
            "errors" => Self::Errors,
            "authentication" => Self::Authentication,
            "changes" => Self::Changes,
            "changes.atom" => Self::Feed,
            "coverage" => Self::Coverage,
            "search" => Self::Search,
            "search.json" => Self::SearchIndex,
            "test" => Self::TestUrl,
            "downloads" => Self::Downloads,
            "api.binpb" => Self::Descriptors,
            "llms.txt" => Self::Llms,
            _ => return None,
        })
    }

    /// Whole names before names with an ending: a package may be called `a.md`.
    fn top(view: &View<'a>, name: &str) -> Option<Self> {
        let package = |name| find_package(view, name);
        package(name)
            .map(Self::Package)
            .or_else(|| Some(Self::PlainPackage(package(name.strip_suffix(".md")?)?)))
            .or_else(|| Some(Self::Proto(package(name.strip_suffix(".proto")?)?)))
            .or_else(|| Some(Self::Postman(package(name.strip_suffix(".postman.json")?)?)))
            .or_else(|| Some(Self::Bruno(package(name.strip_suffix(".bruno.json")?)?)))
    }

    fn in_package(package: &'a Package, name: &str) -> Option<Self> {
        if let Some(service) = find_service(package, name) {
            return Some(Self::Service(package, service));
        }
        let service = find_service(package, name.strip_suffix(".md")?)?;
        Some(Self::PlainService(package, service))
    }

    fn in_service(package: &'a Package, service: &'a Service, name: &str) -> Option<Self> {
        let find = |name: &str| {
            service
                .methods
                .iter()
                .find(|method| method.served.name == name)
        };
        if let Some(method) = find(name) {
            return Some(Self::Method(package, service, method));
        }
        let method = find(name.strip_suffix(".md")?)?;
        Some(Self::PlainMethod(package, service, method))
    }

    fn message(view: &View<'a>, package: &str, name: &str) -> Option<Self> {
        let find = |name: &str| {
            let message = view.catalog.messages.get(&full(package, name))?;
            (message.descriptor.package_name() == package).then_some(message)
        };
        find(name)
            .map(Self::Message)
            .or_else(|| Some(Self::PlainMessage(find(name.strip_suffix(".md")?)?)))
            .or_else(|| Some(Self::MessageSchema(find(name.strip_suffix(SCHEMA)?)?)))
    }

    fn enumeration(view: &View<'a>, package: &str, name: &str) -> Option<Self> {
        let find = |name: &str| {
            let enumeration = view.catalog.enums.get(&full(package, name))?;
            (enumeration.descriptor.package_name() == package).then_some(enumeration)
        };
        find(name)
            .map(Self::Enum)
            .or_else(|| Some(Self::PlainEnum(find(name.strip_suffix(".md")?)?)))
    }
}

fn full(package: &str, name: &str) -> String {
    if package.is_empty() {
        name.to_owned()
    } else {
        format!("{package}.{name}")
    }
}

fn unmarked(name: &str) -> &str {
    name.strip_prefix(MARK).unwrap_or(name)
}

fn find_package<'a>(view: &View<'a>, name: &str) -> Option<&'a Package> {
    view.catalog.package(unmarked(name))
}

fn find_service<'a>(package: &'a Package, name: &str) -> Option<&'a Service> {
    let name = unmarked(name);
    package
        .services
        .iter()
        .find(|service| service.short == name)
}
