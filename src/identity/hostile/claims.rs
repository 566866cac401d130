//! Tokens that are too long, for others, over, or say it in a way that can be read differently.

use super::*;

#[test]
fn row_129_a_time_is_a_whole_number() {
    for name in ["exp", "nbf", "iat"] {
        for value in [
            json!((NOW + 600).to_string()),
            json!("never"),
            json!(1.8e9),
            json!(1_800_000_600.0),
            json!(-1),
            json!(-1_800_000_600_i64),
            json!(1e300),
            json!(null),
            json!([NOW]),
            json!({}),
            json!(true),
            json!(""),
        ] {
            let error = refusal(es256(), with(claims(), name, value.clone()));
            assert!(
                matches!(error, TokenError::ClaimType { name: found, .. } if found == name),
                "{value}: {error}"
            );
        }
    }
    for text in [
        "1e10",
        "18000006000000000000000",
        "18446744073709551616",
        "-0.0",
    ] {
        let claims = claims().to_string().replace(&(NOW + 600).to_string(), text);
        let forged = token_of(&es256().to_string(), &claims, |text| {
            sign(Algorithm::Es256, text)
        });
        assert!(
            matches!(
                verify(&forged),
                Err(TokenError::ClaimType { name: "exp", .. })
            ),
            "{text}"
        );
    }
    assert_eq!(
        refusal(es256(), without(claims(), "exp")),
        TokenError::Missing("exp")
    );
    for exp in [0, 1, NOW - 1000, NOW - 30] {
        let error = refusal(es256(), with(claims(), "exp", json!(exp)));
        assert_eq!(
            error,
            TokenError::Expired {
                exp,
                now: NOW,
                leeway: 30
            }
        );
        assert_eq!(
            Challenge::from(&error),
            Challenge::InvalidToken(Hint::Expired)
        );
    }
    for exp in [NOW - 29, u64::MAX] {
        assert!(
            verify(&token(
                Algorithm::Es256,
                es256(),
                with(claims(), "exp", json!(exp))
            ))
            .is_ok()
        );
    }
}

#[test]
fn row_130_a_token_of_the_future_is_refused_but_for_leeway() {
    for at in [NOW + 31, NOW + 3600, u64::MAX] {
        let error = refusal(es256(), with(claims(), "nbf", json!(at)));
        assert_eq!(
            error,
            TokenError::NotYet {
                nbf: at,
                now: NOW,
                leeway: 30
            }
        );
        let error = refusal(es256(), with(claims(), "iat", json!(at)));
        assert_eq!(
            error,
            TokenError::FromTheFuture {
                iat: at,
                now: NOW,
                leeway: 30
            }
        );
        assert_eq!(
            Challenge::from(&error),
            Challenge::InvalidToken(Hint::NotYet)
        );
    }
    for name in ["nbf", "iat"] {
        for good in [
            with(claims(), name, json!(NOW + 30)),
            without(claims(), name),
        ] {
            assert!(verify(&token(Algorithm::Es256, es256(), good)).is_ok());
        }
    }
}

#[test]
fn a_life_that_is_too_long_is_refused_with_or_without_its_begin() {
    let by = |lifetime_max, claims| {
        let settings = Settings {
            lifetime_max: Some(lifetime_max),
            ..settings()
        };
        verify_by(
            settings,
            &keys(&jwks()),
            &token(Algorithm::Es256, es256(), claims),
        )
    };
    assert!(by(610, claims()).is_ok());
    assert_eq!(
        by(609, claims()).unwrap_err(),
        TokenError::Lifetime {
            found: 610,
            most: 609
        }
    );
    let begun = without(claims(), "iat");
    assert!(by(600, begun.clone()).is_ok());
    assert_eq!(
        by(599, begun).unwrap_err(),
        TokenError::Lifetime {
            found: 600,
            most: 599
        }
    );
}

#[test]
fn row_131_a_token_is_for_us_or_for_others() {
    for aud in [
        json!("others"),
        json!(["others", "more"]),
        json!([]),
        json!("Library"),
        json!("library2"),
        json!(""),
        json!(["library "]),
    ] {
        let error = refusal(es256(), with(claims(), "aud", aud.clone()));
        assert!(
            matches!(error, TokenError::Audience { .. }),
            "{aud}: {error}"
        );
    }
    for aud in [
        json!(1),
        json!(["library", 1]),
        json!({"library": true}),
        json!(null),
        json!([["library"]]),
    ] {
        let error = refusal(es256(), with(claims(), "aud", aud.clone()));
        assert!(
            matches!(error, TokenError::ClaimType { name: "aud", .. }),
            "{aud}: {error}"
        );
    }
    assert_eq!(
        refusal(es256(), without(claims(), "aud")),
        TokenError::Missing("aud")
    );
    assert!(
        verify(&token(
            Algorithm::Es256,
            es256(),
            with(claims(), "aud", json!("library"))
        ))
        .is_ok()
    );
}

#[test]
fn a_token_of_another_issuer_is_refused_and_so_is_one_of_nobody() {
    for iss in [
        "https://evil.example",
        "https://id.example/",
        "https://ID.example",
    ] {
        let error = refusal(es256(), with(claims(), "iss", json!(iss)));
        assert!(matches!(error, TokenError::Issuer(_)), "{error}");
    }
    for iss in [json!([ISS]), json!(null), json!(""), json!({})] {
        let error = refusal(es256(), with(claims(), "iss", iss));
        assert!(
            matches!(error, TokenError::ClaimType { name: "iss", .. }),
            "{error}"
        );
    }
    assert_eq!(
        refusal(es256(), without(claims(), "iss")),
        TokenError::Missing("iss")
    );
    // Of two issuers that are trusted, one cannot speak for the other.
    let other = Issuer::new(Settings::new(
        "https://other.example",
        vec!["library".to_owned()],
    ))
    .unwrap();
    let good = token(Algorithm::Es256, es256(), claims());
    let error = Token::parse(&good)
        .unwrap()
        .verify(&other, Some(&keys(&jwks())), NOW)
        .unwrap_err();
    assert!(matches!(error, TokenError::Issuer(_)), "{error}");
}

#[test]
fn row_132_extensions_that_must_be_understood_are_not() {
    for crit in [
        json!(["exp"]),
        json!(["b64"]),
        json!([]),
        json!(null),
        json!("x"),
    ] {
        assert_eq!(
            refusal(with(es256(), "crit", crit), claims()),
            TokenError::Critical
        );
    }
}

#[test]
fn an_id_token_is_no_access_token_where_the_type_is_set() {
    let by = |typ: Option<&str>| {
        let settings = Settings {
            typ: Some("at+jwt".to_owned()),
            ..settings()
        };
        let header = typ.map_or(without(es256(), "typ"), |typ| {
            with(es256(), "typ", json!(typ))
        });
        verify_by(
            settings,
            &keys(&jwks()),
            &token(Algorithm::Es256, header, claims()),
        )
    };
    for typ in [
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "Application/At+JWT",
    ] {
        assert!(by(Some(typ)).is_ok(), "{typ}");
    }
    for typ in [
        None,
        Some("JWT"),
        Some(""),
        Some("application/"),
        Some("xat+jwt"),
    ] {
        assert!(matches!(by(typ), Err(TokenError::Typ { .. })), "{typ:?}");
    }
}

#[test]
fn row_134_a_long_token_is_refused_before_it_is_read() {
    let most = |found| TokenError::TooLong { found, most: 8192 };
    assert_eq!(
        verify(&"x".repeat(1024 * 1024)).unwrap_err(),
        most(1024 * 1024)
    );
    assert_eq!(
        verify(&".".repeat(8192)).unwrap_err(),
        TokenError::Parts(8193)
    );
    let good = token(Algorithm::Es256, es256(), claims());
    let settings = Settings {
        token_bytes_max: good.len() - 1,
        ..settings()
    };
    let error = verify_by(settings, &keys(&jwks()), &good).unwrap_err();
    assert_eq!(
        error,
        TokenError::TooLong {
            found: good.len(),
            most: good.len() - 1
        }
    );
}

#[test]
fn a_message_never_has_the_token_or_its_subject() {
    let good = token(
        Algorithm::Es256,
        es256(),
        with(claims(), "aud", json!("x\r\ny".repeat(100))),
    );
    let parts: Vec<_> = good.split('.').collect();
    let message = verify(&good).unwrap_err().to_string();
    assert!(
        message.len() < 300 && message.is_ascii() && !message.contains('\n'),
        "{message}"
    );
    for part in parts {
        assert!(
            !message.contains(part) && !message.contains("ada"),
            "{message}"
        );
    }
    let error = refusal(
        with(es256(), "kid", json!("\u{1b}[2J\nlevel=INFO")),
        claims(),
    );
    assert_eq!(
        error.to_string(),
        "found no key with kid \\u{1b}[2J\\nlevel=INFO for ES256 among the issuer's"
    );
}
