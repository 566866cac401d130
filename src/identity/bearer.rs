//! The token among the headers of a request: one, in one place, and never in the URL, where it would be
//! logged on the way.
//!
//! ```text
//! authorization: Bearer TOKEN
//! sec-websocket-protocol: transom.json, bearer.TOKEN
//! sec-websocket-protocol: transom.json, base64url.bearer.authorization.BASE64URL   as Kubernetes has it
//! cookie: NAME=TOKEN                     if a name is configured, and only if there is none elsewhere
//! ```

use std::borrow::Cow;
use std::fmt;

use http::{HeaderMap, HeaderName, header};

use super::base64url;
use super::issuer::TOKEN_BYTES_MAX;

/// Before a token in a sub-protocol.
const PLAIN: &[u8] = b"bearer.";

/// Before a token in base64url, for those with characters that a sub-protocol cannot have.
const ENCODED: &[u8] = b"base64url.bearer.authorization.";

/// Where tokens are looked for, besides `authorization` and the sub-protocols.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The name of a cookie.
    pub cookie: Option<String>,
}

/// Where a token was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In `authorization`.
    Authorization,
    /// Among the sub-protocols of a WebSocket.
    SubProtocol,
    /// In a cookie.
    Cookie,
}

impl Place {
    /// Whether a browser sends it without being told, from any page: then the origin has to be checked.
    #[must_use]
    pub const fn is_ambient(self) -> bool {
        matches!(self, Self::Cookie)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::SubProtocol => "the sub-protocols",
            Self::Cookie => "the cookie",
        }
    }
}

/// A token, of which nothing is known yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Bearer<'a> {
    /// Its text: letters, digits and `-._~+/=`.
    pub token: Cow<'a, str>,
    /// Where it was.
    pub place: Place,
}

/// The token is shown to nobody.
impl fmt::Debug for Bearer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// A request of which nobody can say which token it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// More than one; two readers could take two different ones.
    #[error("found more than one token or header of it in {}, expected one", .0.name())]
    Several(Place),
    /// In two places that a client chooses.
    #[error("found a token in authorization and one among the sub-protocols, expected one of them")]
    TwoPlaces,
    /// Something else than a token.
    #[error("found no token of letters, digits and -._~+/= where one should be in {}", .0.name())]
    Malformed(Place),
    /// Too long.
    #[error("found a token of {found} bytes, expected at most {TOKEN_BYTES_MAX}")]
    TooLong {
        /// Its bytes.
        found: usize,
    },
}

impl<'a> Bearer<'a> {
    /// The token of a request, if it has one. An `authorization` of another scheme is none.
    ///
    /// # Errors
    /// More than one, or something that is no token where one should be.
    pub fn of(headers: &'a HeaderMap, places: &Places) -> Result<Option<Self>, BearerError> {
        let token = match (authorization(headers)?, sub_protocol(headers)?) {
            (Some(_), Some(_)) => return Err(BearerError::TwoPlaces),
            (Some(token), None) => Some((Cow::Borrowed(token), Place::Authorization)),
            (None, Some(token)) => Some((token, Place::SubProtocol)),
            (None, None) => match &places.cookie {
                Some(name) => {
                    cookie(headers, name)?.map(|token| (Cow::Borrowed(token), Place::Cookie))
                }
                None => None,
            },
        };
        let Some((token, place)) = token else {
            return Ok(None);
        };
        let token = match token {
            Cow::Borrowed(token) => Cow::Borrowed(checked(token, place)?),
            Cow::Owned(token) => Cow::Owned(checked(&token, place)?.to_owned()),
        };
        Ok(Some(Self { token, place }))
    }
}

fn authorization(headers: &HeaderMap) -> Result<Option<&[u8]>, BearerError> {
    let place = Place::Authorization;
    let Some(value) = only(headers, &header::AUTHORIZATION, place)? else {
        return Ok(None);
    };
    let scheme = value.split(|byte| *byte == b' ').next().unwrap_or_default();
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Ok(None);
    }
    let token = value.get(scheme.len()..).unwrap_or_default().trim_ascii();
    Ok(Some(token))
}

/// The value of a header that must not be there twice, of whatever scheme the values are.
fn only<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    place: Place,
) -> Result<Option<&'a [u8]>, BearerError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(BearerError::Several(place)),
        (value, None) => Ok(value.map(http::HeaderValue::as_bytes)),
    }
}

fn sub_protocol(headers: &HeaderMap) -> Result<Option<Cow<'_, [u8]>>, BearerError> {
    let place = Place::SubProtocol;
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let mut found = None;
    for name in names.map(<[u8]>::trim_ascii) {
        let token = if let Some(text) = name.strip_prefix(ENCODED) {
            // Longer is refused before it is decoded.
            check_length(text.len() / 4 * 3)?;
            Cow::Owned(base64url::decode(text).ok_or(BearerError::Malformed(place))?)
        } else if let Some(token) = name.strip_prefix(PLAIN) {
            Cow::Borrowed(token)
        } else {
            continue;
        };
        if found.replace(token).is_some() {
            return Err(BearerError::Several(place));
        }
    }
    Ok(found)
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a [u8]>, BearerError> {
    let values = headers.get_all(header::COOKIE).iter();
    let pairs = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    let mut found = None;
    for pair in pairs.map(<[u8]>::trim_ascii) {
        let Some(value) = pair
            .strip_prefix(name.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"="))
        else {
            continue;
        };
        // Two of a name: one may have been set by a neighbouring domain.
        if found.replace(value).is_some() {
            return Err(BearerError::Several(Place::Cookie));
        }
    }
    Ok(found.map(|value| {
        let quoted = value
            .strip_prefix(b"\"")
            .and_then(|value| value.strip_suffix(b"\""));
        quoted.unwrap_or(value)
    }))
}

const fn check_length(found: usize) -> Result<(), BearerError> {
    if found > TOKEN_BYTES_MAX {
        Err(BearerError::TooLong { found })
    } else {
        Ok(())
    }
}

/// True if all of it are characters of `b64token` (RFC 6750, 2.1), and there are some.
pub(crate) fn is_token(text: &[u8]) -> bool {
    let is_one = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
    !text.is_empty() && text.iter().all(is_one)
}

/// A text of `b64token` that is not too long.
fn checked(token: &[u8], place: Place) -> Result<&str, BearerError> {
    check_length(token.len())?;
    if !is_token(token) {
        return Err(BearerError::Malformed(place));
    }
    std::str::from_utf8(token).map_err(|_| BearerError::Malformed(place))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let field = |(name, value): &(&'static str, &str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        };
        fields.iter().map(field).collect()
    }

    fn find(fields: &[(&'static str, &str)]) -> Result<Option<(String, Place)>, BearerError> {
        let places = Places {
            cookie: Some("session".to_owned()),
        };
        let headers = headers(fields);
        Bearer::of(&headers, &places)
            .map(|found| found.map(|bearer| (bearer.token.into_owned(), bearer.place)))
    }

    #[test]
    fn row_133_the_scheme_has_any_case_and_other_schemes_are_no_tokens() {
        for value in [
            "Bearer a.b.c",
            "bearer a.b.c",
            "BEARER a.b.c",
            "bEaReR   a.b.c",
        ] {
            let found = find(&[("authorization", value)]);
            assert_eq!(
                found,
                Ok(Some(("a.b.c".to_owned(), Place::Authorization))),
                "{value}"
            );
        }
        for value in ["Basic YTpi", "a.b.c", "Bearers a.b.c", "", "Bearer\ta.b.c"] {
            assert_eq!(find(&[("authorization", value)]), Ok(None), "{value}");
        }
        for value in [
            "Bearer",
            "Bearer ",
            "Bearer a b",
            "Bearer a, Bearer b",
            "Bearer a,b",
            "Bearer \"a\"",
        ] {
            let error = BearerError::Malformed(Place::Authorization);
            assert_eq!(find(&[("authorization", value)]), Err(error), "{value}");
        }
    }

    #[test]
    fn row_133_two_authorization_headers_are_refused_whatever_they_say() {
        for (one, two) in [
            ("Bearer a", "Bearer a"),
            ("Basic a", "Bearer b"),
            ("Bearer b", ""),
        ] {
            let found = find(&[("authorization", one), ("authorization", two)]);
            assert_eq!(found, Err(BearerError::Several(Place::Authorization)));
        }
    }

    #[test]
    fn a_token_in_a_sub_protocol_is_plain_or_encoded() {
        let place = Place::SubProtocol;
        for (value, expected) in [
            ("transom.json", Ok(None)),
            (
                "transom.json, bearer.a.b-c_d~",
                Ok(Some(("a.b-c_d~".to_owned(), place))),
            ),
            (
                "base64url.bearer.authorization.YS9iPT0,transom.json",
                Ok(Some(("a/b==".to_owned(), place))),
            ),
            ("bearer.a, bearer.b", Err(BearerError::Several(place))),
            (
                "bearer.a, base64url.bearer.authorization.YQ",
                Err(BearerError::Several(place)),
            ),
            ("bearer.", Err(BearerError::Malformed(place))),
            (
                "base64url.bearer.authorization.",
                Err(BearerError::Malformed(place)),
            ),
            (
                "base64url.bearer.authorization.YQ==",
                Err(BearerError::Malformed(place)),
            ),
            (
                "base64url.bearer.authorization.IA",
                Err(BearerError::Malformed(place)),
            ),
            (
                "base64url.bearer.authorization._w",
                Err(BearerError::Malformed(place)),
            ),
        ] {
            assert_eq!(
                find(&[("sec-websocket-protocol", value)]),
                expected,
                "{value}"
            );
        }
        let both = find(&[
            ("sec-websocket-protocol", "bearer.a"),
            ("authorization", "Bearer a"),
        ]);
        assert_eq!(both, Err(BearerError::TwoPlaces));
    }

    #[test]
    fn a_cookie_counts_if_no_token_is_elsewhere() {
        let found = |token: &str| Ok(Some((token.to_owned(), Place::Cookie)));
        assert_eq!(
            find(&[("cookie", "a=b; session=x.y.z; c=d")]),
            found("x.y.z")
        );
        assert_eq!(
            find(&[("cookie", "a=b"), ("cookie", "session=\"x\"")]),
            found("x")
        );
        for value in ["Session=x", "xsession=x", "session", "sessions=x"] {
            assert_eq!(find(&[("cookie", value)]), Ok(None), "{value}");
        }
        let several = Err(BearerError::Several(Place::Cookie));
        assert_eq!(find(&[("cookie", "session=x; session=y")]), several);
        assert_eq!(
            find(&[("cookie", "session=x"), ("cookie", "session=x")]),
            several
        );
        assert_eq!(
            find(&[("cookie", "session=x y")]),
            Err(BearerError::Malformed(Place::Cookie))
        );
        let explicit = find(&[("cookie", "session=x"), ("authorization", "Bearer a")]);
        assert_eq!(explicit, Ok(Some(("a".to_owned(), Place::Authorization))));
        let unconfigured = headers(&[("cookie", "session=x")]);
        assert_eq!(Bearer::of(&unconfigured, &Places::default()), Ok(None));
        assert!(Place::Cookie.is_ambient() && !Place::SubProtocol.is_ambient());
    }

    #[test]
    fn row_134_a_token_of_a_mebibyte_is_refused_by_its_length() {
        let long = "x".repeat(1024 * 1024);
        let found = find(&[("authorization", &format!("Bearer {long}"))]);
        assert_eq!(found, Err(BearerError::TooLong { found: 1024 * 1024 }));
        let encoded = format!("base64url.bearer.authorization.{long}");
        assert!(matches!(
            find(&[("sec-websocket-protocol", &encoded)]),
            Err(BearerError::TooLong { .. })
        ));
        let longest = "x".repeat(TOKEN_BYTES_MAX);
        assert!(find(&[("authorization", &format!("Bearer {longest}"))]).is_ok());
    }

    #[test]
    fn a_token_is_not_printed() {
        let headers = headers(&[("authorization", "Bearer s3cret")]);
        let bearer = Bearer::of(&headers, &Places::default()).unwrap().unwrap();
        assert!(!format!("{bearer:?}").contains("s3cret"));
    }
}
