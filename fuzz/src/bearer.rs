//! Signed tokens, from the header of a request to a principal, against a reader that asks serde_json.
//!
//! Input: a byte that chooses the issuer, a byte that chooses who signs, a byte that chooses where the
//! token stands; then header, claims and signature, each up to a `0xff`.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Map, Value};
use transom::identity::Principal;
use transom::identity::algorithm::Algorithm;
use transom::identity::bearer::{Bearer, Places};
use transom::identity::challenge::Challenge;
use transom::identity::issuer::{Issuer, Issuers, Settings, TOKEN_BYTES_MAX};
use transom::identity::keys::Keys;
use transom::identity::token::{Token, TokenError};

use crate::budget::within;
use crate::cursor::{Cursor, chosen};
use crate::json;

/// Now, for every input.
const NOW: u64 = 1_800_000_000;

/// Seconds by which clocks may differ.
const LEEWAY: u64 = 60;

/// Members of an object, at most.
const MEMBERS_MAX: usize = 256;

/// Characters of what is said of a token, at most: a few texts that are cut, and words between.
const SAID_MAX: usize = 600;

const SECRET: &[u8] = b"a shared secret of at least 32 bytes";
const SEED: [u8; 32] = [7; 32];
const OTHER_SEED: [u8; 32] = [8; 32];

/// An issuer of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It has a key pair.
    Pair,
    /// It has a secret, which the gateway has too.
    Secret,
}

impl Kind {
    const fn iss(self) -> &'static str {
        match self {
            Self::Pair => "https://pair.example",
            Self::Secret => "https://secret.example",
        }
    }

    const fn algorithm(self) -> &'static str {
        match self {
            Self::Pair => "EdDSA",
            Self::Secret => "HS256",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signer {
    /// Whoever the issuer says.
    Issuer,
    /// Somebody with a key of the same kind.
    Other,
    /// Somebody who takes the public key of the pair for a secret.
    Confused,
    /// Nobody: the input says the signature's text, and what else stands there.
    Nobody,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Authorization,
    SubProtocol,
    Cookie,
}

struct Trust {
    pair: Ed25519KeyPair,
    other: Ed25519KeyPair,
    keys: Keys,
    issuers: Issuers,
}

static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let pair = |seed: &[u8]| Ed25519KeyPair::from_seed_unchecked(seed).expect("a seed is a key");
    let public = base64(pair(&SEED).public_key().as_ref());
    let jwks =
        serde_json::json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": public}]});
    let set = Keys::parse(jwks.to_string().as_bytes()).expect("the set is one");
    assert_eq!(set.ignored, []);
    let issuers = [Kind::Pair, Kind::Secret].map(|kind| {
        let mut settings = Settings::new(kind.iss(), vec!["library".to_owned()]);
        if kind == Kind::Secret {
            settings.secret = Some(SECRET.to_vec());
            settings.algorithms = vec![Algorithm::named("HS256").expect("it is known")];
        }
        Issuer::new(settings).expect("the settings make an issuer")
    });
    Trust {
        pair: pair(&SEED),
        other: pair(&OTHER_SEED),
        keys: set.keys,
        issuers: Issuers::new(issuers.to_vec()).expect("they have names of their own"),
    }
});

/// Nobody passes whom the issuer has not signed for, in these words; whoever passes is whom the claims name;
/// and what is said of a token that is refused is one short line without its signature.
pub fn bearer_token(data: &[u8]) {
    let mut input = Cursor(data);
    let kind = *chosen(input.byte(), &[Kind::Pair, Kind::Secret]);
    let signers = [
        Signer::Issuer,
        Signer::Other,
        Signer::Confused,
        Signer::Nobody,
    ];
    let signer = *chosen(input.byte(), &signers);
    let places = [Place::Authorization, Place::SubProtocol, Place::Cookie];
    let place = *chosen(input.byte(), &places);
    let (header, claims, rest) = (input.text(), input.text(), input.text());

    let signed = format!("{}.{}", base64(header), base64(claims));
    let trust = &*TRUST;
    let hmac = |key: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        base64(hmac::sign(&key, signed.as_bytes()).as_ref())
    };
    let signature = match (signer, kind) {
        (Signer::Issuer, Kind::Pair) => base64(trust.pair.sign(signed.as_bytes()).as_ref()),
        (Signer::Issuer, Kind::Secret) => hmac(SECRET),
        (Signer::Other, Kind::Pair) => base64(trust.other.sign(signed.as_bytes()).as_ref()),
        (Signer::Other, Kind::Secret) => hmac(b"another secret of at least 32 bytes!"),
        (Signer::Confused, _) => hmac(trust.pair.public_key().as_ref()),
        (Signer::Nobody, _) => String::from_utf8_lossy(rest).into_owned(),
    };
    let token = format!("{signed}.{signature}");
    let Some(headers) = headers(place, &token) else {
        return;
    };

    let found = within("a token", data.len(), || found(&headers));
    let expected = expected(kind, signer, header, claims)
        .filter(|_| token.len() <= TOKEN_BYTES_MAX && signer == Signer::Issuer);
    match (found, expected) {
        (Ok(Some(principal)), Some(claims)) => {
            assert_eq!(&*principal.issuer, kind.iss());
            let subject = claims.get("sub").and_then(Value::as_str);
            assert_eq!(principal.subject.as_deref(), subject);
            assert_eq!(principal.claims, claims);
        }
        (Ok(Some(_)), None) => panic!("passes, and should not: {token}"),
        (Ok(None), expected) => assert_eq!(expected, None, "not found: {token}"),
        (Err(said), expected) => {
            assert_eq!(expected, None, "refused by {said}: {token}");
            assert!(
                said.len() <= SAID_MAX && !said.contains(char::is_control),
                "{said}"
            );
            let tells = signature.len() > 8 && said.contains(&signature);
            assert!(!tells, "{said} tells a signature");
        }
    }
}

/// The headers of a request with the token in its place; none if HTTP would not have it.
fn headers(place: Place, token: &str) -> Option<HeaderMap> {
    let (name, value) = match place {
        Place::Authorization => ("authorization", format!("Bearer {token}")),
        Place::SubProtocol => (
            "sec-websocket-protocol",
            format!("transom.json, bearer.{token}"),
        ),
        Place::Cookie => ("cookie", format!("a=b; session={token}")),
    };
    let value = HeaderValue::from_str(&value).ok()?;
    Some(HeaderMap::from_iter([(
        HeaderName::from_static(name),
        value,
    )]))
}

/// What the gateway finds; nothing if there is no token, and what it says if it takes none.
fn found(headers: &HeaderMap) -> Result<Option<Principal>, String> {
    let places = Places {
        cookie: Some("session".to_owned()),
    };
    let bearer = Bearer::of(headers, &places).map_err(|error| error.to_string())?;
    let Some(bearer) = bearer else {
        return Ok(None);
    };
    let checked = |text: &str| -> Result<Principal, TokenError> {
        let token = Token::parse(text)?;
        let named = TRUST.issuers.named(token.unverified_iss()?);
        // Nobody's.
        let (_, issuer) = named.ok_or(TokenError::Missing("iss"))?;
        token.verify(issuer, Some(&TRUST.keys), NOW)
    };
    checked(&bearer.token).map(Some).map_err(|error| {
        let header = Challenge::from(&error).www_authenticate();
        assert!(
            header
                .to_str()
                .is_ok_and(|text| text.starts_with("Bearer error="))
        );
        error.to_string()
    })
}

/// The claims that hold, by a reader that asks serde_json; none if the token is not to pass.
fn expected(
    kind: Kind,
    signer: Signer,
    header: &[u8],
    claims: &[u8],
) -> Option<Map<String, Value>> {
    let (header, claims) = (object(header)?, object(claims)?);
    let is_absent_or = |object: &Map<String, Value>, name: &str, is: fn(&Value) -> bool| {
        object.get(name).is_none_or(is)
    };
    let kid = match (kind, header.get("kid")) {
        (_, None) | (Kind::Secret, Some(Value::String(_))) => true,
        (Kind::Pair, Some(kid)) => kid == "ed",
        (Kind::Secret, Some(_)) => false,
    };
    let is_signed = signer == Signer::Issuer
        && kid
        && !header.contains_key("crit")
        && header.get("alg") == Some(&kind.algorithm().into());
    let is_ours = claims.get("iss") == Some(&kind.iss().into())
        && match claims.get("aud")? {
            Value::String(one) => one == "library",
            Value::Array(all) => {
                all.iter().all(Value::is_string) && all.contains(&"library".into())
            }
            _ => false,
        };
    let is_now = claims.get("exp")?.as_u64()?.saturating_add(LEEWAY) > NOW
        && ["nbf", "iat"].iter().all(|name| {
            is_absent_or(&claims, name, |at| {
                at.as_u64().is_some_and(|at| at <= NOW + LEEWAY)
            })
        });
    let is_readable = is_absent_or(&claims, "sub", |sub| {
        sub.as_str().is_some_and(|sub| !sub.is_empty())
    }) && is_absent_or(&claims, "scope", Value::is_string)
        && is_absent_or(&claims, "scp", |scp| match scp {
            Value::Array(all) => all.iter().all(Value::is_string),
            other => other.is_string(),
        });
    (is_signed && is_ours && is_now && is_readable).then_some(claims)
}

/// An object of not too many members, none of them there twice. Deeper down, the last of a name counts.
fn object(text: &[u8]) -> Option<Map<String, Value>> {
    let names = json::names(text)?;
    let Ok(Value::Object(object)) = serde_json::from_slice(text) else {
        return None;
    };
    (names == object.len() && names <= MEMBERS_MAX).then_some(object)
}

/// base64url without padding, digit by digit.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut bits = 0_usize;
        for at in 0..3 {
            bits = bits << 8 | group.get(at).copied().map_or(0, usize::from);
        }
        for at in 0..=group.len() {
            text.push(char::from(DIGITS[bits >> (18 - 6 * at) & 63]));
        }
    }
    text
}
