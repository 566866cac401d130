//! Layers of choices: defaults, then a preset, then keys; for the gateway, and for each route over
//! what the gateway has.
//!
//! ```text
//! defaults ◄─ compat ◄─ keys                     the gateway
//!                        ◄─ compat ◄─ keys       a route
//! ```

use serde_saphyr::Location;

use super::choices::{Choices, Wrong};
use super::destinations::{conditions, split};
use super::load::FileError;
use super::raw::{Compat, File, Key, Route, Section as _};
use super::units::quoted;
use crate::protocol::options::{Applies, Case, Conditions, Destinations, Split};
use crate::schema::{Lead, Leads};
use crate::{protocol, schema};

/// Routes at most: each is compared with every method and binding of a schema.
const ROUTES_MAX: usize = 1000;

/// What the file chooses for everything that is served.
#[derive(Debug)]
pub(super) struct Layered {
    pub(super) gateway: protocol::Options,
    pub(super) routes: Vec<protocol::options::Route>,
    pub(super) schema: schema::Options,
}

impl Layered {
    /// Every choice that a call may come by: those of routes, and the gateway's.
    pub(super) fn options(&self) -> impl Iterator<Item = &protocol::Options> {
        let routes = self.routes.iter().filter_map(|route| route.options());
        routes.map(|options| &**options).chain([&self.gateway])
    }

    /// Lays a file's choices over each other. `upstreams` are the names that routes may lead to.
    ///
    /// # Errors
    /// The first that cannot be.
    pub(super) fn of(raw: &File, upstreams: &[&str]) -> Result<Self, Wrong> {
        let unreadable = |error: FileError| (Location::UNKNOWN, "compat".to_owned(), error.message);
        let preset = raw.compat.or(Compat::None).preset().map_err(unreadable)?;
        let routing = raw.routing.over(&preset.routing);
        let keys = Choices {
            rest: raw.rest.clone(),
            json: raw.json.clone(),
            metadata: raw.metadata.clone(),
            connect: raw.connect.clone(),
            validation: raw.validation.clone(),
            limits: raw.limits.of_route(),
            timeouts: raw.timeouts.of_route(),
        };
        let choices = keys.over(&preset.choices());
        keys.check(&choices, "")?;
        let gateway = choices.options("")?;
        if let Some(route) = raw.routes.get(ROUTES_MAX) {
            let message = format!("found {}, expected at most {ROUTES_MAX}", raw.routes.len());
            return Err((route.defined, "routes".to_owned(), message));
        }
        let mut routes = Vec::with_capacity(raw.routes.len());
        let mut leads = Vec::with_capacity(raw.routes.len());
        for (index, route) in raw.routes.iter().enumerate() {
            let at = format!("routes[{index}].");
            let applies = applies(&route.value, route.defined, &at)?;
            let (place, route) = (route.defined, &route.value);
            let conditions = conditions(route, &at)?;
            let split = split(route, upstreams, &at)?;
            if !conditions.is_empty() {
                let case = only_case(route, place, conditions, split, &at)?;
                routes.push(protocol::options::Route::when(applies, case));
                continue;
            }
            let beneath = match route.compat.value {
                None => choices.clone(),
                Some(compat) => {
                    let preset = compat.preset().map_err(unreadable)?;
                    preset.choices().over(&choices)
                }
            };
            let keys = Choices {
                rest: route.rest.clone(),
                json: route.json.clone(),
                metadata: route.metadata.clone(),
                connect: route.connect.clone(),
                validation: route.validation.clone(),
                limits: route.limits.clone(),
                timeouts: route.timeouts.clone(),
            };
            let choices = keys.over(&beneath);
            keys.check(&choices, &at)?;
            leads.push(Lead {
                applies: applies.clone(),
                leads: match split {
                    Some(_) => Leads::Named,
                    None => Leads::Own,
                },
            });
            let options = protocol::Options {
                destinations: split.map(Destinations::from).unwrap_or_default(),
                ..choices.options(&at)?
            };
            routes.push(protocol::options::Route::always(applies, options));
        }
        let default = schema::Options::default();
        Ok(Self {
            gateway,
            routes,
            schema: schema::Options {
                strict: routing.is_strict(),
                unannotated: match routing.unannotated.value {
                    None => default.unannotated,
                    Some(true) => schema::Unannotated::Serve,
                    Some(false) => schema::Unannotated::Off,
                },
                leads,
                // Rules stand in files of their own.
                ..default
            },
        })
    }
}

/// What a route for some requests only has: where they go, and nothing else, since how a request is
/// read and answered is chosen before it is known.
fn only_case(
    route: &Route,
    place: Location,
    conditions: Conditions,
    split: Option<Split>,
    at: &str,
) -> Result<Case, Wrong> {
    if let Some((key, place)) = route.first_option() {
        let message = "found a choice in a route with `hosts` or `headers`, expected `upstreams` \
                       alone; choices stand in a route without those";
        return Err((place, format!("{at}{key}"), message.to_owned()));
    }
    let Some(split) = split else {
        let message = "the key `upstreams` is missing: all that a route with `hosts` or `headers` says is \
                       where the calls go";
        let route = at.trim_end_matches('.').to_owned();
        return Err((place, route, message.to_owned()));
    };
    Ok(Case { conditions, split })
}

/// What a route is for.
fn applies(route: &Route, place: Location, at: &str) -> Result<Applies, Wrong> {
    let key = |name: &str| format!("{at}{name}");
    let read = |name: &str, text: &Key<String>, parsed: Result<Applies, String>| {
        parsed.map_err(|expected| {
            let found = quoted(text.value.as_deref().unwrap_or_default());
            (text.place, key(name), format!("found {found}, {expected}"))
        })
    };
    match (&route.selector.value, &route.path.value) {
        (Some(text), None) => read("selector", &route.selector, Applies::selector(text)),
        (None, Some(text)) => read("path", &route.path, Applies::path(text)),
        (None, None) | (Some(_), Some(_)) => {
            let message = "expected exactly one of the keys `selector` and `path`";
            Err((
                place,
                at.trim_end_matches('.').to_owned(),
                message.to_owned(),
            ))
        }
    }
}
