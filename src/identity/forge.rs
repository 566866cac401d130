//! Makes keys and tokens for tests, good ones and forged ones.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

use std::sync::LazyLock;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaKeyPair, RsaPublicKeyComponents,
};
use serde_json::{Value, json};

use super::algorithm::Algorithm;
use super::sha256;

/// Now, in all tests.
pub(super) const NOW: u64 = 1_800_000_000;

pub(super) const ISS: &str = "https://id.example";

pub(super) fn base64(bytes: impl AsRef<[u8]>) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// The key pairs of an issuer.
pub(super) struct Pairs {
    pub(super) rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

/// Made once. Of RSA only the signatures are: the key is one for tests, of nobody.
pub(super) static PAIRS: LazyLock<Pairs> = LazyLock::new(|| {
    let random = SystemRandom::new();
    let ec = |algorithm| {
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random).unwrap()
    };
    Pairs {
        rsa: RsaKeyPair::from_pkcs8(include_bytes!("forge/rsa.pk8")).unwrap(),
        p256: ec(&ECDSA_P256_SHA256_FIXED_SIGNING),
        p384: ec(&ECDSA_P384_SHA384_FIXED_SIGNING),
        ed25519: seeded("pair"),
    }
});

fn seeded(seed: &str) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&sha256::hash(&[seed.as_bytes()])).unwrap()
}

/// The `x` of a key.
pub(super) fn ed25519_public(seed: &str) -> String {
    base64(seeded(seed).public_key())
}

/// An RSA key of its numbers.
pub(super) fn rsa_jwk(kid: &str, modulus: &[u8], exponent: &[u8]) -> Value {
    json!({"kty": "RSA", "kid": kid, "use": "sig", "n": base64(modulus), "e": base64(exponent)})
}

/// The public half of the issuer's.
pub(super) fn rsa_public(kid: &str) -> Value {
    let public = RsaPublicKeyComponents::<Vec<u8>>::from(PAIRS.rsa.public());
    rsa_jwk(kid, &public.n, &public.e)
}

/// The public halves: `rsa`, `p256`, `p384`, `ed`.
pub(super) fn jwks() -> Vec<Value> {
    let point = |kid: &str, crv: &str, pair: &EcdsaKeyPair| {
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        json!({"kty": "EC", "kid": kid, "crv": crv, "x": base64(x), "y": base64(y)})
    };
    vec![
        rsa_public("rsa"),
        point("p256", "P-256", &PAIRS.p256),
        point("p384", "P-384", &PAIRS.p384),
        json!({"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": base64(PAIRS.ed25519.public_key()), "alg": "EdDSA"}),
    ]
}

pub(super) fn set(jwks: &[Value]) -> Vec<u8> {
    json!({"keys": jwks}).to_string().into_bytes()
}

/// The name of the key for an algorithm.
pub(super) fn kid(algorithm: Algorithm) -> &'static str {
    match algorithm.name() {
        "ES256" => "p256",
        "ES384" => "p384",
        "EdDSA" => "ed",
        _ => "rsa",
    }
}

pub(super) fn sign(algorithm: Algorithm, text: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    let rsa = |padding| {
        let mut signature = vec![0; PAIRS.rsa.public().modulus_len()];
        PAIRS
            .rsa
            .sign(padding, &random, text, &mut signature)
            .unwrap();
        signature
    };
    match algorithm.name() {
        "RS256" => rsa(&RSA_PKCS1_SHA256),
        "RS384" => rsa(&RSA_PKCS1_SHA384),
        "RS512" => rsa(&RSA_PKCS1_SHA512),
        "PS256" => rsa(&RSA_PSS_SHA256),
        "PS384" => rsa(&RSA_PSS_SHA384),
        "PS512" => rsa(&RSA_PSS_SHA512),
        "ES256" => PAIRS.p256.sign(&random, text).unwrap().as_ref().to_vec(),
        "ES384" => PAIRS.p384.sign(&random, text).unwrap().as_ref().to_vec(),
        "EdDSA" => PAIRS.ed25519.sign(text).as_ref().to_vec(),
        other => panic!("{other} is signed with a secret"),
    }
}

/// HMAC with SHA-256.
pub(super) fn hmac(secret: &[u8], text: &[u8]) -> Vec<u8> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    ring::hmac::sign(&key, text).as_ref().to_vec()
}

/// Claims that are good now.
pub(super) fn claims() -> Value {
    json!({
        "iss": ISS, "sub": "ada", "aud": ["library", "other"], "exp": NOW + 600, "nbf": NOW - 10, "iat": NOW - 10,
        "scope": "read write", "org": {"id": 7},
    })
}

/// A value with one member set.
pub(super) fn with(mut value: Value, name: &str, member: Value) -> Value {
    value[name] = member;
    value
}

/// A value without one member.
pub(super) fn without(mut value: Value, name: &str) -> Value {
    value.as_object_mut().unwrap().remove(name);
    value
}

/// A token of these texts, signed by something.
pub(super) fn token_of(header: &str, claims: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{}.{}", base64(header), base64(claims));
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", base64(signature))
}

/// A token signed by the issuer.
pub(super) fn token(algorithm: Algorithm, header: Value, claims: Value) -> String {
    token_of(&header.to_string(), &claims.to_string(), |text| {
        sign(algorithm, text)
    })
}

/// The header for an algorithm.
pub(super) fn header(algorithm: Algorithm) -> Value {
    json!({"alg": algorithm.name(), "typ": "JWT", "kid": kid(algorithm)})
}
