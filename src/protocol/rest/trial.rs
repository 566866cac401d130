//! What would become of a request that has this verb and this URL: for people who ask, without a request.
//!
//! The same code judges that judges requests, so what is told is what happens.

use http::request::Parts;
use http::{Method as Verb, Uri};

use super::bind::{self, Request};
use super::body::Payload;
use super::error::Failure;
use super::{Subject, found};
use crate::protocol::Options;
use crate::schema::{Binding, Route, Schema};

/// What would become of it.
#[derive(Debug)]
pub(crate) enum Trial<'s> {
    /// A binding takes it.
    Taken {
        binding: &'s Binding,
        /// What each piece of the URL is taken for.
        given: Vec<Given>,
        /// The request message in wire form, as far as the URL gives it; or HTTP status and message.
        message: Result<Vec<u8>, (u16, String)>,
    },
    /// The path is there, for these verbs.
    WrongVerb(Vec<&'s str>),
    /// Nothing has the path.
    Nowhere,
    /// It is refused, whatever it leads to: HTTP status and message.
    Refused(u16, String),
}

/// A piece of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) place: Place,
    /// The variable, or the key as it is written, decoded.
    pub(crate) key: String,
    /// The field it means, dotted proto names.
    pub(crate) field: Option<String>,
    /// The text, decoded.
    pub(crate) text: String,
    pub(crate) fate: Fate,
}

/// Where in a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
}

/// What becomes of a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It sets its field.
    Taken,
    /// Path or body bind the field, so it changes nothing.
    Bound,
    /// It names no field, and is ignored.
    Unknown,
    /// The request is refused for it.
    Refused(String),
}

/// Tries a URL, which is a path with perhaps a query. `options` are those of a binding.
pub(crate) fn trial<'s, 'o>(
    schema: &'s Schema,
    verb: &str,
    url: &str,
    url_max: usize,
    options: impl FnOnce(&Binding) -> &'o Options,
) -> Trial<'s> {
    let parts = match parts(verb, url) {
        Ok(parts) => parts,
        Err(wrong) => return Trial::Refused(400, wrong),
    };
    if url.len() > url_max {
        let text = format!(
            "found a URL of {} bytes, expected at most {url_max}",
            url.len()
        );
        return Trial::Refused(414, text);
    }
    let path = parts.uri.path();
    let route = schema.route(parts.method.as_str(), path);
    let is_nowhere = matches!(route, Route::None);
    let allow = match &route {
        Route::WrongVerb { allow } => allow.clone(),
        Route::Found { .. } | Route::None => Vec::new(),
    };
    let (binding, captures) = match found(&parts, route) {
        Ok(Subject::Binding(binding, captures)) => (binding, captures),
        Ok(Subject::Options(allow)) => return Trial::WrongVerb(allow),
        Err(failure) => {
            return match failure.http().as_u16() {
                404 if is_nowhere => Trial::Nowhere,
                405 if !allow.is_empty() => Trial::WrongVerb(allow),
                status => Trial::Refused(status, failure.status.message),
            };
        }
    };
    let request = Request {
        path,
        captures: &captures,
        query: parts.uri.query(),
        payload: Payload::Empty,
    };
    let options = options(binding);
    let message = bind::message(schema.plans(), binding, &request, options);
    Trial::Taken {
        binding,
        given: bind::tell(schema.plans(), binding, &request, options),
        message: message
            .map(|message| message.payload_bytes().to_vec())
            .map_err(|failure: Failure| (failure.http().as_u16(), failure.status.message)),
    }
}

fn parts(verb: &str, url: &str) -> Result<Parts, String> {
    let method = Verb::from_bytes(verb.as_bytes());
    let method = method.map_err(|_| format!("{verb:?} is no HTTP method"))?;
    let uri: Uri = url
        .parse()
        .map_err(|error| format!("that is no URL: {error}"))?;
    let mut request = http::Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    Ok(request.into_parts().0)
}
