//! What routes are for in a schema: how much of it has a route's choices, and which routes have
//! nothing, most likely by a slip of the pen.

use super::{Applies, Choice, Conditions, Route};
use crate::schema::Schema;
use crate::schema::applies::flat;

/// Longest selector or pattern that is compared with names; the distance costs the product of the lengths.
const WANTED_BYTES_MAX: usize = 200;

/// How much of a schema has the choices of a route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Methods, on their own paths.
    pub methods: usize,
    /// REST bindings.
    pub bindings: usize,
    /// An earlier route has what this one applies to as well.
    earlier: Option<usize>,
}

impl Reach {
    /// The reach of each route.
    #[must_use]
    pub fn of(routes: &[Route], schema: &Schema) -> Vec<Self> {
        let mut all = vec![Self::default(); routes.len()];
        let kinds = kinds(routes);
        let mut count = |applies: &dyn Fn(&Applies) -> bool, add: fn(&mut Self)| {
            // The first route of each kind, of those that apply.
            let mut first = vec![None; kinds.len() + 1];
            for (index, (route, reach)) in routes.iter().zip(&mut all).enumerate() {
                if !applies(&route.applies) {
                    continue;
                }
                let kind = kinds.get(index).copied().unwrap_or_default();
                let same = first.get(kind).copied().flatten();
                match first.first().copied().flatten().or(same) {
                    None => add(reach),
                    earlier @ Some(_) => reach.earlier = reach.earlier.or(earlier),
                }
                if let Some(first) = first.get_mut(kind) {
                    *first = first.or(Some(index));
                }
            }
        };
        for method in schema.methods() {
            count(&|applies| applies.to_method(method), |reach| {
                reach.methods += 1;
            });
        }
        for binding in schema.bindings() {
            count(&|applies| applies.to_binding(binding), |reach| {
                reach.bindings += 1;
            });
        }
        all
    }

    const fn is_nothing(&self) -> bool {
        self.methods == 0 && self.bindings == 0
    }
}

/// For each route the kind of requests that have it: 0 for all of them, and one number for the same
/// conditions.
fn kinds(routes: &[Route]) -> Vec<usize> {
    let mut known: Vec<&Conditions> = Vec::new();
    let mut kinds = Vec::with_capacity(routes.len());
    for route in routes {
        kinds.push(match &route.choice {
            Choice::Always(_) => 0,
            Choice::When(case) => {
                let at = known.iter().position(|other| **other == case.conditions);
                1 + at.unwrap_or_else(|| {
                    known.push(&case.conditions);
                    known.len() - 1
                })
            }
        });
    }
    kinds
}

/// A sentence about each route whose choices nothing has.
#[must_use]
pub fn idle(routes: &[Route], schema: &Schema) -> Vec<String> {
    let reaches = Reach::of(routes, schema);
    let mut sentences = Vec::new();
    for (index, (route, reach)) in routes.iter().zip(&reaches).enumerate() {
        if !reach.is_nothing() {
            continue;
        }
        let why = match (reach.earlier, &route.applies) {
            (Some(earlier), _) => {
                format!("routes[{earlier}] comes first for all that it applies to")
            }
            (None, applies) => {
                let near = match applies {
                    Applies::Selector(selector) => nearest(selector.as_str(), schema),
                    Applies::Path(pattern) => nearest_path(pattern, schema),
                };
                let hint = near.map(|near| format!("; did you mean `{near}`?"));
                format!(
                    "it applies to nothing that is served{}",
                    hint.unwrap_or_default()
                )
            }
        };
        sentences.push(format!("routes[{index}] ({route}) has no effect: {why}"));
    }
    sentences
}

/// The selector somebody may have meant.
fn nearest(selector: &str, schema: &Schema) -> Option<String> {
    if selector.len() > WANTED_BYTES_MAX {
        return None;
    }
    let Some(names) = selector.strip_suffix(".*") else {
        // A service or a package was named, as if that were its methods.
        let is_above = |service: &str| {
            let rest = service.strip_prefix(selector);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if schema.services().any(is_above) {
            return Some(format!("{selector}.*"));
        }
        return schema.closest(selector).map(|near| near.replace('/', "."));
    };
    let wanted = names.to_ascii_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for service in schema.services() {
        let packages = service.match_indices('.').map(|(at, _)| service.get(..at));
        for name in packages.flatten().chain([service]) {
            let distance = strsim::damerau_levenshtein(&wanted, &name.to_ascii_lowercase());
            if distance <= wanted.len() / 3 && best.is_none_or(|(least, _)| distance < least) {
                best = Some((distance, name));
            }
        }
    }
    best.map(|(_, name)| format!("{name}.*"))
}

/// The pattern of paths somebody may have meant; below `/**` beginnings of paths are compared.
fn nearest_path(pattern: &str, schema: &Schema) -> Option<String> {
    if pattern.len() > WANTED_BYTES_MAX {
        return None;
    }
    let (wanted, below) = match pattern.strip_suffix("/**") {
        Some(wanted) => (wanted, "/**"),
        None => (pattern, ""),
    };
    let slashes = wanted.matches('/').count();
    let mut best: Option<(usize, String)> = None;
    for binding in schema.bindings() {
        let path = flat(&binding.template);
        let end = match below {
            "" => path.len(),
            _ => path
                .match_indices('/')
                .nth(slashes)
                .map_or(path.len(), |(at, _)| at),
        };
        let path = path.get(..end).unwrap_or(&path);
        let distance = strsim::damerau_levenshtein(wanted, path);
        // Paths have much in common, so that a third of the letters wrong is another path.
        let is_slip = distance <= wanted.len() / 4;
        if is_slip && best.as_ref().is_none_or(|(least, _)| distance < *least) {
            best = Some((distance, format!("{path}{below}")));
        }
    }
    best.map(|(_, path)| path)
}
