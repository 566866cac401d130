//! The sub-protocols that a client offers, and the token that may stand among them.
//!
//! ```text
//! sec-websocket-protocol: transom.json, bearer.eyJhbGciOi…
//!                         │             └ authorization: Bearer eyJhbGciOi… for the backend
//!                         └ chosen, and the only one that is told to the client
//! ```
//!
//! A page cannot set headers of a handshake, but name sub-protocols; so it has no other place for a
//! token that is not in the URL, where it would be logged.

use http::{HeaderMap, HeaderValue, header};

use crate::protocol::{Codec, field_value};

/// Before a token.
const BEARER: &[u8] = b"bearer.";

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
            if let Some(token) = name.strip_prefix(BEARER) {
                if offer.authorization.is_some() {
                    return Err(Unfit::TwoTokens);
                }
                if token.is_empty() {
                    return Err(Unfit::NoToken);
                }
                offer.authorization = bearer(token);
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
}
