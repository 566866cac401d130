//! What the tests of policies are made of.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::SocketAddr;
use std::sync::Arc;

use http::HeaderMap;
use serde_json::json;

use crate::call::gate::Asked;
use crate::call::{Peer, Transport};
use crate::identity::Principal;
use crate::identity::introspection::{Answer, Expected};
use crate::schema::{Method, Selector};

pub(super) fn method(id: usize, service: &str, name: &str) -> Method {
    Method::alone(id, service, name)
}

pub(super) fn selectors(texts: &[&str]) -> Vec<Selector> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// A caller with these claims, `sub` and `scope` among them.
pub(super) fn caller(mut claims: serde_json::Value) -> Arc<Principal> {
    claims["active"] = json!(true);
    let expected = Expected {
        iss: "https://id.example".to_owned(),
        audiences: vec![],
        leeway: 0,
    };
    let answer = Answer::parse(claims.to_string().as_bytes(), &expected, 0).unwrap();
    let Answer::Active(principal) = answer else {
        panic!("{answer:?}")
    };
    Arc::from(principal)
}

/// A call that is asked about.
pub(super) struct Question {
    pub(super) method: Arc<Method>,
    pub(super) headers: HeaderMap,
    pub(super) peer: Peer,
}

impl Question {
    pub(super) fn of(method: Method) -> Self {
        Self {
            method: Arc::new(method),
            headers: HeaderMap::new(),
            peer: Peer {
                address: "192.0.2.7:4711".parse::<SocketAddr>().unwrap(),
                transport: Transport::Tls,
                secured: None,
            },
        }
    }

    pub(super) fn from(mut self, address: &str) -> Self {
        self.peer.address = SocketAddr::new(address.parse().unwrap(), 4711);
        self
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.append(name, value.parse().unwrap());
        self
    }

    pub(super) fn asked(&self) -> Asked<'_> {
        Asked {
            method: &self.method,
            template: &self.method.path,
            headers: &self.headers,
            host: "api.example.com",
            peer: &self.peer,
            protocol: "rest",
            left: None,
            now: 1_000,
        }
    }
}
