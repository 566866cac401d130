//! What a token endpoint is asked.

use base64_simd::STANDARD;
use bytes::Bytes;
use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Auth, Settings};
use crate::control::secret::Secret;

/// What is written as it is in `application/x-www-form-urlencoded`, besides letters and digits.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// The body of the question, and its `authorization`.
pub(super) fn of(settings: &Settings, secret: Option<&Secret>) -> (Bytes, Option<HeaderValue>) {
    let mut form = String::from("grant_type=client_credentials");
    let mut add = |name: &str, value: &str| {
        form.push('&');
        form.push_str(name);
        form.push('=');
        form.extend(utf8_percent_encode(value, PLAIN));
    };
    if !settings.scopes.is_empty() {
        add("scope", &settings.scopes.join(" "));
    }
    if let Some(audience) = &settings.audience {
        add("audience", audience);
    }
    for resource in &settings.resources {
        add("resource", resource);
    }
    let secret = secret.map_or("", |secret| &secret.0);
    let authorization = match &settings.auth {
        Auth::Basic(_) => Some(basic(&settings.client_id, secret)),
        Auth::Post(_) => {
            add("client_id", &settings.client_id);
            add("client_secret", secret);
            None
        }
        Auth::Certificate => {
            add("client_id", &settings.client_id);
            None
        }
    };
    (form.into(), authorization.flatten())
}

/// Both are encoded as in a form before they are put together (RFC 6749, 2.3.1): a name may have a colon.
fn basic(client_id: &str, secret: &str) -> Option<HeaderValue> {
    let [name, secret] = [client_id, secret].map(|text| utf8_percent_encode(text, PLAIN));
    let shown = STANDARD.encode_to_string(format!("{name}:{secret}"));
    // Base64 can stand in a header.
    HeaderValue::try_from(format!("Basic {shown}")).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::control::https::Url;
    use crate::control::oauth::TIMEOUT;

    fn settings(auth: Auth) -> Settings {
        Settings {
            token_endpoint: Url::parse("https://id.example/token").unwrap(),
            client_id: "edge:1".to_owned(),
            auth,
            scopes: vec!["books.read".to_owned(), "a&b".to_owned()],
            audience: Some("https://books.example".to_owned()),
            resources: vec!["urn:books".to_owned()],
            ca: None,
            timeout: TIMEOUT,
        }
    }

    #[test]
    fn the_client_is_named_in_the_header_or_in_the_body_and_everything_is_encoded() {
        let wanted = "grant_type=client_credentials&scope=books.read%20a%26b\
                      &audience=https%3A%2F%2Fbooks.example&resource=urn%3Abooks";
        let secret = Secret("p+ss&".to_owned());
        let (form, shown) = of(&settings(Auth::Basic("x".into())), Some(&secret));
        assert_eq!(form, wanted);
        let expected = STANDARD.encode_to_string("edge%3A1:p%2Bss%26");
        assert_eq!(shown.unwrap(), format!("Basic {expected}"));

        let (form, shown) = of(&settings(Auth::Post("x".into())), Some(&secret));
        let client = "&client_id=edge%3A1&client_secret=p%2Bss%26";
        assert_eq!(form, format!("{wanted}{client}"));
        assert_eq!(shown, None);

        let (form, shown) = of(&settings(Auth::Certificate), None);
        assert_eq!(form, format!("{wanted}&client_id=edge%3A1"));
        assert_eq!(shown, None);
    }
}
