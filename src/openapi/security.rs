//! How a client shows who it is: from what the gateway asks for, else from what annotations say.

use serde_json::{Value, json};

use super::convert::walk::Object;
use super::{Config, Security};
use crate::catalog::{Method, Package};

/// The name of the scheme of client certificates.
const CERTIFICATE: &str = "clientCertificate";

/// `components.securitySchemes`.
pub(super) fn schemes(config: &Config, packages: &[&Package]) -> Object {
    let mut schemes = Object::new();
    match config.security {
        Security::Certificate | Security::OptionalCertificate => {
            let scheme = json!({
                "type": "mutualTLS",
                "description": "A certificate of an authority that the gateway trusts.",
            });
            schemes.insert(CERTIFICATE.to_owned(), scheme);
        }
        Security::None => {
            for package in packages {
                for (name, scheme) in &package.annotations.security_schemes {
                    schemes
                        .entry(name.clone())
                        .or_insert_with(|| scheme.clone());
                }
            }
        }
    }
    schemes
}

/// `security` of one operation; none if nothing is known.
pub(super) fn of_operation(
    config: &Config,
    package: &Package,
    method: &Method,
) -> Option<Vec<Value>> {
    match config.security {
        Security::Certificate => Some(vec![json!({ CERTIFICATE: [] })]),
        Security::OptionalCertificate => Some(vec![json!({}), json!({ CERTIFICATE: [] })]),
        Security::None => {
            let own = method.annotations.security.clone();
            let all = &package.annotations.security;
            own.or_else(|| (!all.is_empty()).then(|| all.clone()))
        }
    }
}
