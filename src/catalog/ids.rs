//! Names of operations and tags: short where that is no question, else with the package.
//!
//! Which form a name has depends on what is served, never on the order of it.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::findings::Findings;
use super::{Catalog, Finding, FindingKind, Ids, Operation, Service};

/// Verbs that `*` stands for in documents, each with an id of its own: that of the operation and the verb.
pub(crate) const ANY_VERB: [&str; 5] = ["get", "put", "post", "delete", "patch"];

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
        |service, method, annotated, operation| match annotated.filter(|asked| !asked.is_empty()) {
            Some(wanted) => asked.push((
                numbered(wanted, operation.position),
                format!("{service}.{method}"),
            )),
            None => operation.id = claim(service, method, operation, &mut taken),
        },
    );
    // After all that are not annotated, so that an annotation renames nobody else.
    let mut refused = BTreeSet::new();
    let mut asked = asked.into_iter();
    each(catalog, |service, method, annotated, operation| {
        if annotated.is_none_or(str::is_empty) {
            return;
        }
        let Some((wanted, element)) = asked.next() else {
            return;
        };
        if take(&wanted, &operation.verb, &mut taken) {
            operation.id = wanted;
        } else {
            refused.insert((element, wanted));
            operation.id = claim(service, method, operation, &mut taken);
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
    operation: &Operation,
    taken: &mut HashSet<String>,
) -> String {
    let position = operation.position;
    let mut id = numbered(&operation.id, position);
    let mut number = 1;
    while !take(&id, &operation.verb, taken) {
        id = numbered(&format!("{}_{method}", service.replace('.', "_")), position);
        if number > 1 {
            id = format!("{id}__{number}");
        }
        number += 1;
    }
    id
}

/// Takes an id and, of an operation for any verb, those of its verbs. False, and nothing is taken, if one
/// of them is another's.
fn take(id: &str, verb: &str, taken: &mut HashSet<String>) -> bool {
    let mut all = vec![id.to_owned()];
    if verb == "*" {
        all.extend(ANY_VERB.map(|verb| format!("{id}_{verb}")));
    }
    let is_free = !all.iter().any(|id| taken.contains(id));
    if is_free {
        taken.extend(all);
    }
    is_free
}

/// The second binding of a method ends in `_2`.
fn numbered(id: &str, position: usize) -> String {
    match position {
        0 => id.to_owned(),
        _ => format!("{id}_{}", position + 1),
    }
}

/// Calls for every operation: service, method, annotated id, and the operation, whose id begins as that of
/// the method.
fn each(catalog: &mut Catalog, mut with: impl FnMut(&str, &str, Option<&str>, &mut Operation)) {
    for package in &mut catalog.packages {
        for service in &mut package.services {
            let tag = service.tag.replace('.', "_");
            for method in &mut service.methods {
                let name = &method.served.name;
                for operation in &mut method.operations {
                    if operation.id.is_empty() {
                        operation.id = format!("{tag}_{name}");
                    }
                    let annotated = method.annotations.id.as_deref();
                    with(&service.name, name, annotated, operation);
                }
            }
        }
    }
}
