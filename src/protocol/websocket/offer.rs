//! The sub-protocols that a client offers, and the token that may stand among them.
//!
//! ```text
//! sec-websocket-protocol: transom.json, bearer.eyJhbGciOi…
//!                         │             └ authorization: Bearer eyJhbGciOi…
//!                         └ chosen, and the only one that is told to the client
//! ```
//!
//! A token may have characters that a sub-protocol cannot, so `base64url.bearer.authorization.BASE64URL` is
//! taken as well, as Kubernetes has it.
//!
//! A page cannot set headers of a handshake, but name sub-protocols; so it has no other place for a
//! token that is not in the URL, where it would be logged.

use std::borrow::Cow;

use base64_simd::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};

use crate::protocol::{Codec, field_value};

/// Before a token.
const BEARER: &[u8] = b"bearer.";

/// Before a token in base64url.
const ENCODED: &[u8] = b"base64url.bearer.authorization.";

/// The sub-protocol in which messages are written so and in no other way.
pub(super) const fn sub_protocol(codec: Codec) -> &'static str {
    match codec {
        Codec::Json => "transom.json",
        Codec::Proto => "transom.proto",
    }
}

/// What a client offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Offer {
    /// How the first of its sub-protocols that is spoken here has messages written.
    pub(super) codec: Option<Codec>,
    /// A token, as the value of `authorization`.
    pub(super) authorization: Option<HeaderValue>,
}

/// An offer that nobody can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    /// A browser gives a connection up whose answer names none of what it offered.
    #[error(
        "found no sub-protocol that is spoken here, expected transom.json or transom.proto among them, or none at all"
    )]
    Unknown,
    /// Which of them is meant nobody can say.
    #[error("found two bearer tokens among the sub-protocols, expected one")]
    TwoTokens,
    /// There is nothing behind the prefix.
    #[error("found a bearer token without a character among the sub-protocols")]
    NoToken,
    /// What is behind the prefix is no token.
    #[error(
        "found a bearer token among the sub-protocols that is none, expected base64url without padding, of a header's characters"
    )]
    NotEncoded,
}

impl Offer {
    /// Reads the offer of a handshake.
    ///
    /// # Errors
    /// Something is offered, but nothing that is spoken here; or not one token.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Unfit> {
        let mut offer = Self::default();
        let mut is_empty = true;
        for name in field_value::items(headers, &header::SEC_WEBSOCKET_PROTOCOL) {
            is_empty = false;
            if let Some(token) = token(name)? {
                if offer.authorization.is_some() {
                    return Err(Unfit::TwoTokens);
                }
                if token.is_empty() {
                    return Err(Unfit::NoToken);
                }
                offer.authorization = Some(bearer(&token).ok_or(Unfit::NotEncoded)?);
            } else if offer.codec.is_none() {
                offer.codec = [Codec::Json, Codec::Proto]
                    .into_iter()
                    .find(|codec| sub_protocol(*codec).as_bytes() == name);
            }
        }
        if offer.codec.is_none() && !is_empty {
            return Err(Unfit::Unknown);
        }
        Ok(offer)
    }
}

/// The token in a sub-protocol, if it is one of those.
fn token(name: &[u8]) -> Result<Option<Cow<'_, [u8]>>, Unfit> {
    match (name.strip_prefix(BEARER), name.strip_prefix(ENCODED)) {
        (Some(token), _) => Ok(Some(Cow::Borrowed(token))),
        (None, Some(text)) => match URL_SAFE_NO_PAD.decode_to_vec(text) {
            Ok(token) => Ok(Some(Cow::Owned(token))),
            Err(_) => Err(Unfit::NotEncoded),
        },
        (None, None) => Ok(None),
    }
}

fn bearer(token: &[u8]) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_bytes(&[b"Bearer ", token].concat()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn offer(values: &[&'static str]) -> Result<Offer, Unfit> {
        let name = header::SEC_WEBSOCKET_PROTOCOL;
        let fields = values
            .iter()
            .map(|value| (name.clone(), HeaderValue::from_static(value)));
        Offer::of(&fields.collect())
    }

    #[test]
    fn the_first_sub_protocol_that_is_spoken_here_is_chosen() {
        for (values, expected) in [
            (&[][..], Ok(None)),
            (&[""], Ok(None)),
            (&["transom.json"], Ok(Some(Codec::Json))),
            (&["transom.proto, transom.json"], Ok(Some(Codec::Proto))),
            (&["chat", "transom.json"], Ok(Some(Codec::Json))),
            (&["chat"], Err(Unfit::Unknown)),
            (&["Transom.json"], Err(Unfit::Unknown)),
            (&["transom.jsonx"], Err(Unfit::Unknown)),
        ] {
            let chosen = offer(values).map(|offer| offer.codec);
            assert_eq!(chosen, expected, "{values:?}");
        }
    }

    #[test]
    fn a_token_is_taken_out_of_the_offer_and_shown_to_nobody() {
        let offered = offer(&["bearer.a.b-c_d~", "transom.proto"]).unwrap();
        assert_eq!(offered.codec, Some(Codec::Proto));
        let authorization = offered.authorization.unwrap();
        assert_eq!(authorization, "Bearer a.b-c_d~");
        assert!(authorization.is_sensitive());
        assert_eq!(offer(&["bearer.a"]), Err(Unfit::Unknown));
        assert_eq!(
            offer(&["transom.json, bearer.a, bearer.b"]),
            Err(Unfit::TwoTokens)
        );
        assert_eq!(offer(&["transom.json, bearer."]), Err(Unfit::NoToken));
    }

    #[test]
    fn a_token_may_be_encoded() {
        let offered = offer(&["base64url.bearer.authorization.YS9iPT0, transom.json"]).unwrap();
        assert_eq!(offered.authorization.unwrap(), "Bearer a/b==");
        for (text, expected) in [
            ("", Unfit::NoToken),
            ("YS9iPT0=", Unfit::NotEncoded),
            ("YQ, bearer.a", Unfit::TwoTokens),
            ("DQo", Unfit::NotEncoded), // a line's end
        ] {
            let value = format!("transom.json, base64url.bearer.authorization.{text}");
            let value = HeaderValue::try_from(value).unwrap();
            let headers = [(header::SEC_WEBSOCKET_PROTOCOL, value)];
            let found = Offer::of(&headers.into_iter().collect());
            assert_eq!(found, Err(expected), "{text}");
        }
    }
}
