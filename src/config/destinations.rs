//! Where the calls of a route go, and which requests have the route.

use http::{HeaderName, header};
use serde_saphyr::Location;

use super::build::known;
use super::choices::Wrong;
use super::raw::{Destination, HeaderMatch, Key, Route};
use super::units::quoted;
use crate::protocol::options::conditions::{CONDITIONS_MAX, Header, Host, NoHost, Value};
use crate::protocol::options::{Conditions, NoSplit, Split};
use crate::schema::Share;

/// What a request has to be like.
pub(super) fn conditions(route: &Route, at: &str) -> Result<Conditions, Wrong> {
    let hosts = list(&route.hosts, &format!("{at}hosts"), host)?;
    let headers = list(&route.headers, &format!("{at}headers"), header)?;
    if let Some(index) = twice(&headers, |header| &header.name) {
        let place = route.headers.value.as_ref().and_then(|all| all.get(index));
        let place = place.map_or(route.headers.place, |header| header.name.place);
        let message = "found the header a second time, expected it once".to_owned();
        return Err((place, format!("{at}headers[{index}].name"), message));
    }
    Ok(Conditions::new(hosts, headers))
}

/// Where the calls go, if the route says so.
pub(super) fn split(route: &Route, upstreams: &[&str], at: &str) -> Result<Option<Split>, Wrong> {
    let Some(destinations) = &route.upstreams.value else {
        return Ok(None);
    };
    let place = route.upstreams.place;
    let mut shares = Vec::with_capacity(destinations.len());
    for (index, destination) in destinations.iter().enumerate() {
        shares.push(share(
            destination,
            upstreams,
            place,
            &format!("{at}upstreams[{index}]"),
        )?);
    }
    if let Some(index) = twice(&shares, |share| &share.name) {
        let place = destinations
            .get(index)
            .map_or(place, |found| found.name.place);
        let message = "found the upstream a second time, expected it once".to_owned();
        return Err((place, format!("{at}upstreams[{index}].name"), message));
    }
    match Split::new(shares) {
        Ok(split) => Ok(Some(split)),
        Err(wrong @ (NoSplit::Empty | NoSplit::TooMany(_) | NoSplit::Weightless)) => {
            Err((place, format!("{at}upstreams"), wrong.to_string()))
        }
    }
}

fn share(
    destination: &Destination,
    upstreams: &[&str],
    place: Location,
    at: &str,
) -> Result<Share, Wrong> {
    let Some(name) = &destination.name.value else {
        let message = "the key `name` is missing".to_owned();
        return Err((place, at.to_owned(), message));
    };
    let name = known(name, upstreams)
        .map_err(|message| (destination.name.place, format!("{at}.name"), message))?;
    Ok(Share {
        name: name.into(),
        weight: destination.weight.value.unwrap_or_default().0,
    })
}

fn host(text: &Key<String>, place: Location, at: &str) -> Result<Host, Wrong> {
    let found = text.value.as_deref().unwrap_or_default();
    found.parse().map_err(|expected: NoHost| {
        let place = if text.is_absent() { place } else { text.place };
        let message = format!("found {}, {expected}", quoted(found));
        (place, at.to_owned(), message)
    })
}

fn header(raw: &HeaderMatch, place: Location, at: &str) -> Result<Header, Wrong> {
    let Some(name) = &raw.name.value else {
        let message = "the key `name` is missing".to_owned();
        return Err((place, at.to_owned(), message));
    };
    let wrong_name = |message: String| (raw.name.place, format!("{at}.name"), message);
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        let found = quoted(name);
        wrong_name(format!(
            "found {found}, expected a header's name, such as `x-canary`"
        ))
    })?;
    if parsed == header::HOST {
        let message =
            "found `host`, expected another header; `hosts` has the host of any version of HTTP";
        return Err(wrong_name(message.to_owned()));
    }
    let value = match (&raw.value.value, &raw.prefix.value) {
        (Some(value), None) => Value::Exact(value.clone()),
        (None, Some(prefix)) => Value::Prefix(prefix.clone()),
        (None, None) | (Some(_), Some(_)) => {
            let message = "expected exactly one of the keys `value` and `prefix`".to_owned();
            return Err((raw.name.place, at.to_owned(), message));
        }
    };
    Ok(Header {
        name: parsed,
        value,
    })
}

/// Reads every item of a list that is not there, or has at least one item and not too many.
fn list<T, U>(
    raw: &Key<Vec<T>>,
    at: &str,
    read: impl Fn(&T, Location, &str) -> Result<U, Wrong>,
) -> Result<Vec<U>, Wrong> {
    let wrong = |message: String| Err((raw.place, at.to_owned(), message));
    match raw.value.as_deref() {
        None => Ok(Vec::new()),
        Some([]) => wrong("found none, expected at least one, or no such key".to_owned()),
        Some(items) if items.len() > CONDITIONS_MAX => wrong(format!(
            "found {}, expected at most {CONDITIONS_MAX}",
            items.len()
        )),
        Some(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| read(item, raw.place, &format!("{at}[{index}]")))
            .collect(),
    }
}

/// The first item whose name an earlier one has.
fn twice<T, N: PartialEq>(items: &[T], name: impl Fn(&T) -> &N) -> Option<usize> {
    (1..items.len()).find(|&index| {
        let (before, from) = items.split_at(index);
        from.first()
            .is_some_and(|item| before.iter().any(|earlier| name(earlier) == name(item)))
    })
}
