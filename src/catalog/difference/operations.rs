//! Services, methods and their bindings.

use std::collections::{BTreeMap, BTreeSet};

use super::{ALL, Changes, Element, Surface, body, name, response};
use crate::catalog::{Method, Operation, Package, Service};

impl<'c> Changes<'c> {
    /// The services of a package.
    pub(super) fn services(&mut self, old: &'c Package, new: &'c Package) {
        let was: BTreeMap<&str, &Service> = by_name(old);
        let is: BTreeMap<&str, &Service> = by_name(new);
        let names: BTreeSet<&str> = was.keys().chain(is.keys()).copied().collect();
        for short in names {
            match (was.get(short), is.get(short)) {
                (Some(was), Some(is)) => self.service(was, is),
                (Some(was), None) => self.gone(was),
                (None, Some(is)) => self.fresh(is),
                (None, None) => {}
            }
        }
    }

    /// A package that is gone.
    pub(super) fn all_gone(&mut self, package: &Package) {
        for service in &package.services {
            self.gone(service);
        }
    }

    /// A package that was not there.
    pub(super) fn all_new(&mut self, package: &Package) {
        for service in &package.services {
            self.fresh(service);
        }
    }

    fn gone(&mut self, service: &Service) {
        let name = self.now(&service.name);
        let count = service.methods.len();
        self.add(
            Element::Service,
            &name,
            ALL,
            format!("removed, with {count} methods"),
        );
    }

    fn fresh(&mut self, service: &Service) {
        let count = service.methods.len();
        self.add(
            Element::Service,
            &service.name,
            [],
            format!("added, with {count} methods"),
        );
    }

    fn service(&mut self, old: &Service, new: &Service) {
        let of = |service: &'_ Service| -> BTreeMap<String, usize> {
            let all = service.methods.iter().enumerate();
            all.map(|(at, method)| (method.served.name.clone(), at))
                .collect()
        };
        let (was, is) = (of(old), of(new));
        for (short, at) in &was {
            let Some(method) = old.methods.get(*at) else {
                continue;
            };
            match is.get(short).and_then(|at| new.methods.get(*at)) {
                Some(now) => self.method(method, now),
                None => {
                    let called = self.now(&name(method));
                    self.add(Element::Method, &called, ALL, "removed");
                }
            }
        }
        for (short, at) in &is {
            if let (false, Some(method)) = (was.contains_key(short), new.methods.get(*at)) {
                self.add(Element::Method, &name(method), [], "added");
            }
        }
    }

    fn method(&mut self, old: &Method, new: &Method) {
        let called = name(new);
        for (what, was, is) in [
            ("takes", old.descriptor.input(), new.descriptor.input()),
            ("gives", old.descriptor.output(), new.descriptor.output()),
        ] {
            let was = self.now(was.full_name());
            if was != is.full_name() {
                let text = format!("{what} {} instead of {was}", is.full_name());
                self.add(Element::Method, &called, ALL, text);
            }
        }
        let (was, is) = (old.served.shape, new.served.shape);
        if was != is {
            let text = format!("was {} and is {}", was.name(), is.name());
            self.add(Element::Method, &called, ALL, text);
        }
        if !old.deprecated && new.deprecated {
            self.add(Element::Method, &called, [], "is deprecated now");
        }
        self.bindings(&called, old, new);
    }

    fn bindings(&mut self, called: &str, old: &Method, new: &Method) {
        let is: BTreeMap<(String, String), &Operation> = new
            .operations
            .iter()
            .map(|own| ((own.verb.clone(), erased(&own.path)), own))
            .collect();
        let mut kept: BTreeSet<(String, String)> = BTreeSet::new();
        for own in &old.operations {
            let path = self.path_now(own);
            let key = (own.verb.clone(), erased(&path));
            let Some(now) = is.get(&key) else {
                let text = format!("removed: {} {}", own.verb, own.path);
                self.add(Element::Binding, called, [Surface::Rest], text);
                continue;
            };
            kept.insert(key);
            let binding = format!("{} {}", now.verb, now.path);
            for (was, is, what) in [
                (body(own), body(now), "takes"),
                (response(own), response(now), "answers with"),
            ] {
                if was != is {
                    let text = format!("{binding}: {what} {is} instead of {was}");
                    self.add(Element::Binding, called, [Surface::Rest], text);
                }
            }
        }
        for (key, own) in &is {
            if !kept.contains(key) {
                let text = format!("added: {} {}", own.verb, own.path);
                self.add(Element::Binding, called, [], text);
            }
        }
    }

    /// An old path as it would be now: the version in it counts as the name of the package does.
    fn path_now(&self, own: &Operation) -> String {
        let segments = own.path.split('/').map(|segment| match &self.versions {
            Some((old, new)) if segment == old => new.clone(),
            // The own path of a method: `/pkg.v1.Service/Method`.
            _ if own.binding.is_none() => self.now(segment),
            _ => segment.to_owned(),
        });
        segments.collect::<Vec<_>>().join("/")
    }
}

fn by_name(package: &Package) -> BTreeMap<&str, &Service> {
    let all = package.services.iter();
    all.map(|service| (service.short.as_str(), service))
        .collect()
}

/// A path without the names of its parameters.
fn erased(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (_, after) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str("{}");
        rest = after;
    }
    out.push_str(rest);
    out
}
