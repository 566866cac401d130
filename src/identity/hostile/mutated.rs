//! Random changes of good tokens.

use proptest::prelude::*;

use super::*;
use crate::identity::api_keys::ApiKeys;
use crate::identity::bearer::{Bearer, Places};
use crate::identity::introspection::{Answer, Expected};

/// One changed, dropped, doubled or moved byte or part after the other, and none of them verifies.
#[test]
fn twenty_thousand_mutated_tokens_verify_never_and_panic_never() {
    let keys = keys(&jwks());
    let issuer = Issuer::new(settings()).unwrap();
    let good: Vec<_> = [
        Algorithm::Es256,
        Algorithm::EdDsa,
        Algorithm::Rs256,
        Algorithm::Ps256,
    ]
    .map(|algorithm| token(algorithm, header(algorithm), claims()))
    .into();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \0";
    let mut signatures = 0;
    for _ in 0..20_000 {
        let original = &good[random(good.len())];
        let mut bytes = original.clone().into_bytes();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            match random(6) {
                0 => bytes[at] = alphabet[random(alphabet.len())],
                1 => bytes[at] ^= 1 << random(7),
                2 => drop(bytes.remove(at)),
                3 => bytes.insert(at, alphabet[random(alphabet.len())]),
                4 => bytes.truncate(at.max(1)),
                _ => {
                    let other = random(bytes.len());
                    bytes.swap(at, other);
                }
            }
        }
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        if text == *original {
            continue;
        }
        let verified =
            Token::parse(&text).and_then(|token| token.verify(&issuer, Some(&keys), NOW));
        signatures += usize::from(matches!(verified, Err(TokenError::Signature { .. })));
        assert!(verified.is_err(), "{text}");
    }
    assert!(
        signatures > 1_000,
        "only {signatures} came as far as the signature"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Keys::parse(&bytes);
        let _ = ApiKeys::parse(&bytes);
        let expected = Expected { iss: ISS.to_owned(), audiences: vec![], leeway: 0 };
        prop_assert!(!matches!(Answer::parse(&bytes, &expected, NOW), Ok(Answer::Active(_))));
        let places = Places { cookie: Some("session".to_owned()) };
        for name in [http::header::AUTHORIZATION, http::header::COOKIE, http::header::SEC_WEBSOCKET_PROTOCOL] {
            if let Ok(value) = http::HeaderValue::from_bytes(&bytes) {
                let headers = [(name, value)].into_iter().collect();
                let _ = Bearer::of(&headers, &places);
            }
        }
    }

    #[test]
    fn header_and_claims_of_any_json_verify_never(
        header in "[\\[\\]{}\":,a-z0-9 ]{0,40}", claims in "[\\[\\]{}\":,a-z0-9 ]{0,40}",
    ) {
        let token = token_of(&header, &claims, |text| hmac(b"", text));
        prop_assert!(verify(&token).is_err());
    }

    #[test]
    fn a_key_set_with_one_changed_byte_is_read_or_refused(at in 0_usize..2_000, byte in any::<u8>()) {
        let mut text = set(&jwks());
        let at = at % text.len();
        text[at] = byte;
        let _ = Keys::parse(&text);
    }
}
