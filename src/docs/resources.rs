//! Full names and resource types, and the elements they mean.

use super::View;
use super::links::Links;
use crate::catalog::{Catalog, Message, Method, Package, Service};

/// Methods that are offered for one resource, at most.
const METHODS_MAX: usize = 4;

/// The path of what a full name means: a message, enum, service, method or field.
pub(super) fn target(view: &View<'_>, name: &str) -> Option<String> {
    let (catalog, links) = (view.catalog, view.links());
    let name = name.trim_start_matches('.');
    if let Some(message) = catalog.messages.get(name) {
        return Some(links.message(message));
    }
    if let Some(enumeration) = catalog.enums.get(name) {
        return Some(links.enumeration(enumeration));
    }
    if let Some((package, service)) = service(catalog, name) {
        return Some(links.service(package, service));
    }
    let (parent, last) = name.rsplit_once('.')?;
    if let Some(message) = catalog.messages.get(parent) {
        let has = |name| {
            message
                .fields
                .iter()
                .any(|field| super::fields::anchor(&field.descriptor) == name)
        };
        return has(last).then(|| format!("{}#{last}", links.message(message)));
    }
    if let Some(enumeration) = catalog.enums.get(parent) {
        let path = links.enumeration(enumeration);
        let has = enumeration.values.iter().any(|value| value.name == last);
        return Some(if has { format!("{path}#{last}") } else { path });
    }
    let (package, service) = service(catalog, parent)?;
    let method = service
        .methods
        .iter()
        .find(|method| method.served.name == last)?;
    Some(links.method(package, service, method))
}

fn service<'a>(catalog: &'a Catalog, name: &str) -> Option<(&'a Package, &'a Service)> {
    // The package is a prefix, so that few packages are looked into.
    catalog
        .packages
        .iter()
        .filter(|package| name.starts_with(package.name.as_str()))
        .find_map(|package| {
            let service = package
                .services
                .iter()
                .find(|service| service.name == name)?;
            Some((package, service))
        })
}

/// The method at `/pkg.Service/Method`.
pub(super) fn method<'a>(
    catalog: &'a Catalog,
    path: &str,
) -> Option<(&'a Package, &'a Service, &'a Method)> {
    let (name, last) = path.trim_start_matches('/').split_once('/')?;
    let (package, service) = service(catalog, name)?;
    let method = service
        .methods
        .iter()
        .find(|method| method.served.name == last)?;
    Some((package, service, method))
}

/// The message of a resource type, preferably one of this package.
pub(super) fn message<'a>(catalog: &'a Catalog, kind: &str, package: &str) -> Option<&'a Message> {
    let mut fits = catalog.messages.values().filter(|message| {
        let resource = message.resource.as_ref();
        resource.is_some_and(|resource| resource.kind == kind)
    });
    let first = fits.next()?;
    if first.descriptor.package_name() == package {
        return Some(first);
    }
    fits.find(|message| message.descriptor.package_name() == package)
        .or(Some(first))
}

/// The methods of a package that get or list this message, with their paths.
pub(super) fn readers<'a>(
    catalog: &'a Catalog,
    links: Links<'_>,
    message: &Message,
) -> Vec<(&'a str, String)> {
    let package = catalog.package(message.descriptor.package_name());
    let mut found = Vec::new();
    for (package, service) in package.into_iter().flat_map(|package| {
        package
            .services
            .iter()
            .map(move |service| (package, service))
    }) {
        for method in &service.methods {
            let name = method.served.name.as_str();
            let output = method.descriptor.output();
            let gets = name.starts_with("Get") && output == message.descriptor;
            let lists = name.starts_with("List")
                && output.fields().any(|field| {
                    field.is_list() && field.kind().as_message() == Some(&message.descriptor)
                });
            if gets || lists {
                found.push((name, links.method(package, service, method)));
            }
            if found.len() == METHODS_MAX {
                return found;
            }
        }
    }
    found
}
