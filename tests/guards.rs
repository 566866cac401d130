//! Who may call, over real sockets: tokens, keys and certificates, rules, limits, and the servers that are
//! asked; in every dialect, since the method decides and never the form.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use http::{HeaderMap, Method};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use transom::config::{self, Flags, Settings};
use transom::gateway::Gateway;

use crate::support::{Answer, Version, send};

mod asked;
mod dialects;
mod forged;
mod issuers;
mod limited;
mod reloaded;
mod shown;
mod told;

/// The issuer, and what the gateway is called there.
const ISS: &str = "https://id.example";
const AUDIENCE: &str = "library";

fn base64(bytes: impl AsRef<[u8]>) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Now, in seconds since the epoch.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}

/// A key of an issuer.
struct Pair {
    kid: &'static str,
    pair: Ed25519KeyPair,
}

impl Pair {
    fn new(kid: &'static str) -> Self {
        let mut seed = [0; 32];
        seed[..kid.len()].copy_from_slice(kid.as_bytes());
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        Self { kid, pair }
    }

    /// The public half.
    fn jwk(&self) -> Value {
        let x = base64(self.pair.public_key());
        json!({"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "alg": "EdDSA", "x": x})
    }

    fn header(&self) -> Value {
        json!({"alg": "EdDSA", "kid": self.kid})
    }

    /// A token with these claims, rightly signed.
    fn token(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let text = unsigned(header, claims);
        format!("{text}.{}", base64(self.pair.sign(text.as_bytes())))
    }

    /// A good one, for a caller with these scopes.
    fn of(&self, scopes: &str) -> String {
        self.token(&claims(json!({"scope": scopes})))
    }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        base64(header.to_string()),
        base64(claims.to_string())
    )
}

/// What a good token says, and this over it; what is null is left out.
#[allow(clippy::needless_pass_by_value)] // `json!` makes what is passed
fn claims(more: Value) -> Value {
    let mut claims = json!({
        "iss": ISS, "aud": AUDIENCE, "sub": "alice", "iat": now() - 10, "exp": now() + 3600,
    });
    let all = claims.as_object_mut().unwrap();
    for (name, value) in more.as_object().unwrap() {
        match value {
            Value::Null => drop(all.remove(name)),
            value => drop(all.insert(name.clone(), value.clone())),
        }
    }
    claims
}

fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// A file of its own with this text.
fn file(text: &str) -> PathBuf {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("guards-{number}"));
    std::fs::write(&path, text).unwrap();
    path
}

/// The section `identity` with one issuer, whose keys are in a file, and these keys besides.
fn identity(keys: &[Value], more: &str) -> String {
    let path = file(&set(keys));
    format!(
        "identity:\n  issuers: [{{ issuer: '{ISS}', audiences: [{AUDIENCE}], jwks_file: '{}' }}]\n{more}",
        path.display()
    )
}

/// A gateway before this backend, which has the demo's services.
async fn guarded(url: &str, text: &str) -> Gateway {
    Gateway::start(configured(url, text).gateway, |_| {})
        .await
        .unwrap()
}

/// What such a gateway is made from.
fn configured(url: &str, text: &str) -> Settings {
    let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    let path = file(&format!(
        "listen: 127.0.0.1:0\nworkers: 1\nupstreams: {{ backend: {{ url: '{url}' }} }}\n\
         schema: [{{ protos: '{protos}', upstream: backend }}]\n{text}"
    ));
    let settings = config::load(Some(&path), &Flags::default()).and_then(Settings::with_files);
    settings.unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

async fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(address, Version::Http1, Method::GET, path, headers, "").await
}

/// With a token.
async fn get_as(address: SocketAddr, path: &str, token: &str) -> Answer {
    get(address, path, &[("authorization", &bearer(token))]).await
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}
