//! Forged tokens, each row of the attacks on them at least once through the socket.

use http::Method;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use ring::{hmac, signature};
use serde_json::{Value, json};
use transom::gateway::Gateway;

use super::{Pair, base64, bearer, claims, get, get_as, guarded, identity, now, text, unsigned};
use crate::support::{Backend, Version, send};

/// An issuer with a key of each kind, and a gateway that trusts it.
struct Door {
    gateway: Gateway,
    _backend: Backend,
    ed: Pair,
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
}

/// The secret that stands in the key set, where it has no business.
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

impl Door {
    async fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let ec = EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random).unwrap();
        let rsa = include_bytes!("../../src/identity/forge/rsa.pk8");
        let rsa = RsaKeyPair::from_pkcs8(rsa).unwrap();
        let ed = Pair::new("ed");
        let public = RsaPublicKeyComponents::<Vec<u8>>::from(rsa.public());
        let (x, y) = ec.public_key().as_ref()[1..].split_at(32);
        let keys = [
            ed.jwk(),
            json!({"kty": "RSA", "kid": "rsa", "n": base64(&public.n), "e": base64(&public.e)}),
            json!({"kty": "EC", "kid": "ec", "crv": "P-256", "x": base64(x), "y": base64(y)}),
            json!({"kty": "oct", "kid": "oct", "k": base64(SECRET)}),
        ];
        let backend = Backend::start().await;
        let gateway = guarded(&backend.url, &identity(&keys, "")).await;
        Self {
            gateway,
            _backend: backend,
            ed,
            rsa,
            ec,
        }
    }

    /// The token is refused, as one that is none here.
    async fn refuses(&self, what: &str, token: &str) {
        let answer = get_as(self.gateway.address(), "/v1/echo/7", token).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
        assert_eq!(answer.json()["code"], 16, "{what}");
        let challenge = text(&answer.headers, "www-authenticate");
        let expected = "Bearer error=\"invalid_token\"";
        assert!(
            challenge.starts_with(expected),
            "row 137, {what}: {challenge}"
        );
        assert!(!answer.text().contains(token), "row 145, {what}");
    }

    async fn takes(&self, what: &str, token: &str) {
        let answer = get_as(self.gateway.address(), "/v1/echo/7", token).await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    }

    fn by_ec(&self, header: &Value, claims: &Value) -> String {
        let text = unsigned(header, claims);
        let signature = self.ec.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", base64(signature.as_ref()))
    }

    fn by_rsa(&self, header: &Value, claims: &Value) -> String {
        let text = unsigned(header, claims);
        let mut signature = vec![0; self.rsa.public().modulus_len()];
        let random = SystemRandom::new();
        let padding: &dyn signature::RsaEncoding = &RSA_PKCS1_SHA256;
        self.rsa
            .sign(padding, &random, text.as_bytes(), &mut signature)
            .unwrap();
        format!("{text}.{}", base64(signature))
    }
}

fn by_secret(secret: &[u8], header: &Value) -> String {
    let text = unsigned(header, &claims(json!({})));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    format!("{text}.{}", base64(hmac::sign(&key, text.as_bytes())))
}

#[tokio::test]
async fn rows_126_127_and_136_algorithms_that_are_none_of_the_issuers_are_refused() {
    let door = Door::new().await;
    let good = claims(json!({}));
    door.takes("EdDSA", &door.ed.token(&good)).await;
    door.takes(
        "ES256",
        &door.by_ec(&json!({"alg": "ES256", "kid": "ec"}), &good),
    )
    .await;
    door.takes(
        "RS256",
        &door.by_rsa(&json!({"alg": "RS256", "kid": "rsa"}), &good),
    )
    .await;
    for alg in ["none", "None", "NONE", ""] {
        let text = unsigned(&json!({"alg": alg, "kid": "ed"}), &good);
        door.refuses("row 126", &format!("{text}.")).await;
        door.refuses("row 126", &text).await;
        door.refuses(
            "row 126",
            &door.ed.sign(&json!({"alg": alg, "kid": "ed"}), &good),
        )
        .await;
    }
    let public = door.rsa.public().as_ref();
    let components = RsaPublicKeyComponents::<Vec<u8>>::from(door.rsa.public());
    for secret in [public, &components.n] {
        for kid in ["rsa", "ec", "ed"] {
            let token = by_secret(secret, &json!({"alg": "HS256", "kid": kid}));
            door.refuses("row 127", &token).await;
        }
    }
    let token = by_secret(SECRET, &json!({"alg": "HS256", "kid": "oct"}));
    door.refuses("row 136", &token).await;
    // Another key's name: a key has one algorithm.
    let crossed = door.by_ec(&json!({"alg": "ES256", "kid": "ed"}), &good);
    door.refuses("row 127", &crossed).await;
}

#[tokio::test]
async fn row_128_a_header_leads_to_no_other_key() {
    let door = Door::new().await;
    let stranger = Pair::new("stranger");
    let good = claims(json!({}));
    for kid in [
        "../../etc/passwd",
        "' OR 1=1 --",
        "http://127.0.0.1:1/",
        "",
        "ed\0",
    ] {
        let header = json!({"alg": "EdDSA", "kid": kid});
        door.refuses("row 128", &stranger.sign(&header, &good))
            .await;
    }
    for (name, value) in [
        ("jku", json!("http://127.0.0.1:1/keys")),
        ("x5u", json!("http://127.0.0.1:1/chain")),
        ("jwk", stranger.jwk()),
        ("x5c", json!(["MIIB"])),
    ] {
        let header = json!({"alg": "EdDSA", "kid": "ed", name: value});
        door.refuses("row 128", &stranger.sign(&header, &good))
            .await;
    }
}

#[tokio::test]
async fn rows_129_to_132_claims_that_are_wrong_are_refused() {
    let door = Door::new().await;
    let later = now() + 3600;
    for (what, wrong) in [
        ("row 129", json!({"exp": null})),
        ("row 129", json!({"exp": later.to_string()})),
        ("row 129", json!({"exp": -1})),
        ("row 129", json!({"exp": 1.0e300})),
        ("row 129", json!({"exp": now() - 3600})),
        ("row 129", json!({"exp": [later]})),
        ("row 130", json!({"nbf": later})),
        ("row 130", json!({"nbf": later.to_string()})),
        ("row 130", json!({"iat": later})),
        ("row 131", json!({"aud": null})),
        ("row 131", json!({"aud": "others"})),
        ("row 131", json!({"aud": ["others", "librar"]})),
        ("row 131", json!({"aud": {"library": true}})),
        ("iss", json!({"iss": "https://id.example/"})),
        ("iss", json!({"iss": null})),
    ] {
        let token = door.ed.token(&claims(wrong.clone()));
        door.refuses(&format!("{what} {wrong}"), &token).await;
    }
    let critical = json!({"alg": "EdDSA", "kid": "ed", "crit": ["b64"], "b64": false});
    let token = door.ed.sign(&critical, &claims(json!({})));
    door.refuses("row 132", &token).await;
    door.takes(
        "aud among others",
        &door.ed.token(&claims(json!({"aud": ["x", "library"]}))),
    )
    .await;
}

#[tokio::test]
async fn row_133_a_token_has_one_place_and_it_is_not_the_url() {
    let door = Door::new().await;
    let address = door.gateway.address();
    let token = door.ed.of("");
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let value = format!("{scheme} {token}");
        let answer = get(address, "/v1/echo/7", &[("authorization", &value)]).await;
        assert_eq!(answer.status, 200, "{scheme}");
    }
    let value = bearer(&token);
    for second in [&*value, "Basic eDp5"] {
        let both = [("authorization", &*value), ("authorization", second)];
        for version in [Version::Http1, Version::Http2] {
            let answer = send(address, version, Method::GET, "/v1/echo/7", &both, "").await;
            assert_eq!(answer.status, 401);
            let challenge = text(&answer.headers, "www-authenticate");
            assert!(challenge.contains("invalid_request"), "{challenge}");
        }
    }
    for name in ["access_token", "token", "authorization"] {
        let answer = get(address, &format!("/v1/echo/7?{name}={token}"), &[]).await;
        assert_eq!(answer.status, 401, "{name}");
        assert_eq!(text(&answer.headers, "www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn rows_134_and_135_tokens_too_long_and_signatures_of_nothing_are_refused() {
    let door = Door::new().await;
    let address = door.gateway.address();
    let long = format!("{}.{}", door.ed.of(""), "x".repeat(8 * 1024));
    let answer = get_as(address, "/v1/echo/7", &long).await;
    assert_eq!(answer.status, 401);
    let longer = "x".repeat(1 << 20);
    let value = bearer(&longer);
    let headers = [("authorization", &*value)];
    // The server may close before it has read all of it; in any case nobody gets in.
    let sent = tokio::spawn({
        let headers: Vec<_> = headers.map(|(name, value)| (name, value.to_owned())).into();
        async move {
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| (*name, &**value))
                .collect();
            get(address, "/v1/echo/7", &headers).await.status
        }
    });
    assert!(sent.await.map_or(true, |status| status.is_client_error()));
    let header = json!({"alg": "ES256", "kid": "ec"});
    let text = unsigned(&header, &claims(json!({})));
    for signature in [vec![0; 64], vec![0xff; 64], vec![0; 63], vec![]] {
        door.refuses("row 135", &format!("{text}.{}", base64(signature)))
            .await;
    }
    let text = unsigned(&door.ed.header(), &claims(json!({})));
    door.refuses("row 135", &format!("{text}.{}", base64([0; 64])))
        .await;
}
