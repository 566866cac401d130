//! Names of operations and tags: short where that is no question, else with the package.
//!
//! Which form a name has depends on what is served, never on the order of it.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::findings::Findings;
use super::{Catalog, Finding, FindingKind, Ids, Service};

/// The tag of each service: its short name, or its full name where another has the short one too.
pub(super) fn tags(services: &mut [&mut Service], ids: Ids, findings: &mut Findings) {
    let mut count: HashMap<String, usize> = HashMap::new();
    for service in services.iter() {
        *count.entry(service.short.clone()).or_default() += 1;
    }
    for service in services {
        let is_alone = count.get(&service.short) == Some(&1);
        if !is_alone && ids == Ids::Short {
            findings.add(Finding {
                kind: FindingKind::Naming,
                element: service.name.clone(),
                text: format!(
                    "another service is called {} too; its operations are named with their package",
                    service.short
                ),
            });
        }
        service.tag = match ids {
            Ids::Short if is_alone => service.short.clone(),
            Ids::Short | Ids::Qualified => service.name.clone(),
        };
    }
}

/// Names every operation. What an annotation says wins unless it is taken.
pub(super) fn operations(catalog: &mut Catalog, findings: &mut Findings) {
    let mut taken: HashSet<String> = HashSet::new();
    let mut asked: Vec<(String, String)> = Vec::new();
    each(
        catalog,
        |service, method, annotated, position, id| match annotated.filter(|asked| !asked.is_empty())
        {
            Some(wanted) => asked.push((numbered(wanted, position), format!("{service}.{method}"))),
            None => *id = claim(service, method, position, id, &mut taken),
        },
    );
    // After all that are not annotated, so that an annotation renames nobody else.
    let mut refused = BTreeSet::new();
    let mut asked = asked.into_iter();
    each(catalog, |service, method, annotated, position, id| {
        if annotated.is_none_or(str::is_empty) {
            return;
        }
        let Some((wanted, element)) = asked.next() else {
            return;
        };
        if taken.insert(wanted.clone()) {
            *id = wanted;
        } else {
            refused.insert((element, wanted));
            *id = claim(service, method, position, id, &mut taken);
        }
    });
    for (element, wanted) in refused {
        findings.add(Finding {
            kind: FindingKind::DroppedAnnotation,
            element,
            text: format!(
                "asks for the operation id {wanted}, which another has; it keeps its own"
            ),
        });
    }
}

/// The id that an operation has by itself, made free if names are such that two come to one.
fn claim(
    service: &str,
    method: &str,
    position: usize,
    own: &str,
    taken: &mut HashSet<String>,
) -> String {
    let mut id = numbered(own, position);
    let mut number = 1;
    while !taken.insert(id.clone()) {
        id = numbered(&format!("{}_{method}", service.replace('.', "_")), position);
        if number > 1 {
            id = format!("{id}__{number}");
        }
        number += 1;
    }
    id
}

/// The second binding of a method ends in `_2`.
fn numbered(id: &str, position: usize) -> String {
    match position {
        0 => id.to_owned(),
        _ => format!("{id}_{}", position + 1),
    }
}

/// Calls for every operation: service, method, annotated id, position, and the id, which begins as that
/// of the method.
fn each(catalog: &mut Catalog, mut with: impl FnMut(&str, &str, Option<&str>, usize, &mut String)) {
    for package in &mut catalog.packages {
        for service in &mut package.services {
            let tag = service.tag.replace('.', "_");
            for method in &mut service.methods {
                let name = &method.served.name;
                for operation in &mut method.operations {
                    if operation.id.is_empty() {
                        operation.id = format!("{tag}_{name}");
                    }
                    with(
                        &service.name,
                        name,
                        method.annotations.id.as_deref(),
                        operation.position,
                        &mut operation.id,
                    );
                }
            }
        }
    }
}
