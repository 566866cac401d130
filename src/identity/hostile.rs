//! Forged tokens and keys: every row of the attacks on tokens, and random ones.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::algorithm::Algorithm;
use super::challenge::{Challenge, Hint};
use super::forge::{
    ISS, NOW, PAIRS, base64, claims, header, hmac, jwks, kid, rsa_jwk, rsa_public, set, sign,
    token, token_of, with, without,
};
use super::issuer::{Issuer, Issuers, Settings};
use super::keys::{Keys, SetError, Why};
use super::principal::{Kind, Principal};
use super::signature::Unfit;
use super::token::{Part, Token, TokenError};

mod claims;
mod keys;
mod mutated;
mod signatures;

fn settings() -> Settings {
    Settings {
        leeway: 30,
        ..Settings::new(ISS, vec!["library".to_owned()])
    }
}

fn keys(jwks: &[Value]) -> Keys {
    Keys::parse(&set(jwks)).unwrap().keys
}

/// As the gateway does it: the issuer by the name that the token says.
fn verify_by(settings: Settings, keys: &Keys, token: &str) -> Result<Principal, TokenError> {
    let issuers = Issuers::new(vec![Issuer::new(settings).unwrap()]).unwrap();
    let token = Token::parse(token)?;
    let iss = token.unverified_iss()?;
    let issuer = issuers
        .named(iss)
        .ok_or(TokenError::Issuer(super::shown::Shown::of(iss)))?
        .1;
    token.verify(issuer, Some(keys), NOW)
}

fn verify(token: &str) -> Result<Principal, TokenError> {
    verify_by(settings(), &keys(&jwks()), token)
}

/// Why a token with this header and these claims is refused, rightly signed with ES256.
fn refusal(header: Value, claims: Value) -> TokenError {
    verify(&token(Algorithm::Es256, header, claims)).unwrap_err()
}

fn es256() -> Value {
    header(Algorithm::Es256)
}
