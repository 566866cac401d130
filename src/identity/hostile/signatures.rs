//! Tokens that nobody signed, or somebody else, or in another way.

use super::*;

#[test]
fn a_good_token_of_each_algorithm_has_its_caller() {
    for algorithm in Algorithm::ASYMMETRIC {
        let principal = verify(&token(algorithm, header(algorithm), claims())).unwrap();
        assert_eq!(
            (principal.kind, &*principal.issuer),
            (Kind::Token, ISS),
            "{algorithm}"
        );
        assert_eq!(principal.subject.as_deref(), Some("ada"));
        assert_eq!(principal.audience, ["library", "other"]);
        assert_eq!(principal.expires_at, Some(NOW + 600));
        assert!(principal.scopes.contains("read") && principal.claims["org"]["id"] == 7);
    }
}

#[test]
fn a_signature_counts_for_its_text_its_algorithm_and_its_key_alone() {
    for algorithm in Algorithm::ASYMMETRIC {
        let good = token(algorithm, header(algorithm), claims());
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let other = token(
            algorithm,
            header(algorithm),
            with(claims(), "sub", json!("eve")),
        );
        let (others, _) = other.rsplit_once('.').unwrap();
        let error = verify(&format!("{others}.{signature}")).unwrap_err();
        assert!(
            matches!(error, TokenError::Signature { .. }),
            "{algorithm}: {error}"
        );
        for signature in ["", "AA", &signature[4..], &format!("{signature}AAAA")] {
            assert!(
                verify(&format!("{signed}.{signature}")).is_err(),
                "{algorithm} {signature}"
            );
        }
        for claimed in Algorithm::ASYMMETRIC
            .into_iter()
            .filter(|claimed| *claimed != algorithm)
        {
            // By the right key of the algorithm that is claimed, and by the key that signed.
            for kid in [kid(claimed), kid(algorithm)] {
                let header = json!({"alg": claimed.name(), "kid": kid});
                let forged = token_of(&header.to_string(), &claims().to_string(), |text| {
                    sign(algorithm, text)
                });
                assert!(verify(&forged).is_err(), "{algorithm} as {claimed}");
            }
        }
    }
}

#[test]
fn row_126_a_token_without_a_signature_is_refused_however_it_says_so() {
    for alg in ["none", "None", "NONE", "nOnE", "", "NONE\0", " none"] {
        let header = json!({"alg": alg}).to_string();
        for forged in [
            token_of(&header, &claims().to_string(), |_| vec![]),
            token_of(&header, &claims().to_string(), |text| {
                sign(Algorithm::Es256, text)
            }),
        ] {
            let error = verify(&forged).unwrap_err();
            assert!(
                matches!(error, TokenError::Algorithm { .. }),
                "{alg:?}: {error}"
            );
        }
    }
    let unsigned = token_of("{}", &claims().to_string(), |_| vec![]);
    assert_eq!(verify(&unsigned).unwrap_err(), TokenError::NoAlgorithm);
    for alg in [json!(null), json!(["RS256"]), json!({"RS256": 1}), json!(0)] {
        let error = refusal(with(es256(), "alg", alg), claims());
        assert!(
            matches!(error, TokenError::HeaderType { name: "alg", .. }),
            "{error}"
        );
    }
    let twice = r#"{"alg":"ES256","kid":"p256","alg":"none"}"#;
    let forged = token_of(twice, &claims().to_string(), |text| {
        sign(Algorithm::Es256, text)
    });
    assert_eq!(
        verify(&forged).unwrap_err(),
        TokenError::Object(Part::Header)
    );
}

#[test]
fn row_127_a_public_key_is_no_secret() {
    /// What stands before the PKCS #1 form of a key of 2048 bits in its SubjectPublicKeyInfo.
    const SPKI: &[u8] = b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x0f\x00";
    let pkcs1 = PAIRS.rsa.public().as_ref();
    let spki = [SPKI, pkcs1].concat();
    let pem = |label: &str, der: &[u8]| {
        let base64 = base64_simd::STANDARD.encode_to_string(der);
        let lines: Vec<_> = base64.as_bytes().chunks(64).collect();
        let text = [
            b"-----BEGIN ",
            label.as_bytes(),
            b"-----\n",
            &lines.join(&b'\n'),
        ]
        .concat();
        [
            &text,
            b"\n-----END ".as_slice(),
            label.as_bytes(),
            b"-----\n",
        ]
        .concat()
    };
    let secrets = [
        pem("PUBLIC KEY", &spki),
        pem("RSA PUBLIC KEY", pkcs1),
        spki.clone(),
        jwks()[0].to_string().into_bytes(),
        jwks()[0]["n"].as_str().unwrap().into(),
        vec![],
    ];
    for (secret, alg) in secrets
        .iter()
        .flat_map(|secret| ["HS256", "HS384", "HS512"].map(|alg| (secret, alg)))
    {
        let header = json!({"alg": alg, "kid": "rsa"}).to_string();
        let forged = token_of(&header, &claims().to_string(), |text| hmac(secret, text));
        let error = verify(&forged).unwrap_err();
        assert!(matches!(error, TokenError::Algorithm { .. }), "{error}");
        // And with an issuer that does have a secret.
        let settings = Settings {
            algorithms: Algorithm::SYMMETRIC.into(),
            secret: Some(vec![9; 64]),
            ..settings()
        };
        let error = verify_by(settings, &keys(&jwks()), &forged).unwrap_err();
        assert!(matches!(error, TokenError::Signature { .. }), "{error}");
    }
}

#[test]
fn a_secret_is_used_where_it_is_set_and_public_keys_are_not() {
    let secret = vec![9; 32];
    let settings = Settings {
        algorithms: vec![Algorithm::Hs256],
        secret: Some(secret.clone()),
        ..settings()
    };
    let header = json!({"alg": "HS256"}).to_string();
    let good = token_of(&header, &claims().to_string(), |text| hmac(&secret, text));
    assert!(verify_by(settings.clone(), &Keys::default(), &good).is_ok());
    let others = token(Algorithm::Es256, es256(), claims());
    let error = verify_by(settings, &keys(&jwks()), &others).unwrap_err();
    assert!(matches!(error, TokenError::Algorithm { .. }));
}

#[test]
fn row_128_a_kid_is_a_name_and_nothing_more() {
    for kid in [
        "../../../../dev/null",
        "/etc/passwd",
        "' OR 1=1 --",
        "http://127.0.0.1:9/keys",
        "p256\0",
        "P256",
        "",
        "${jndi:ldap://127.0.0.1/a}",
        "p384",
    ] {
        let error = refusal(with(es256(), "kid", json!(kid)), claims());
        assert!(
            matches!(error, TokenError::UnknownKey { .. }),
            "{kid}: {error}"
        );
        assert!(error.asks_for_keys());
    }
    for kid in [json!(1), json!(null), json!(["p256"])] {
        let error = refusal(with(es256(), "kid", kid), claims());
        assert!(
            matches!(error, TokenError::HeaderType { name: "kid", .. }),
            "{error}"
        );
    }
}

#[test]
fn row_128_keys_that_a_token_brings_are_not_looked_at() {
    // Signed by a key of the attacker's own, which the header brings.
    let own = ring::signature::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed",
        "x": base64(ring::signature::KeyPair::public_key(&own))});
    let header = json!({"alg": "EdDSA", "kid": "ed", "jwk": jwk, "jku": "http://127.0.0.1:9/keys",
        "x5u": "http://127.0.0.1:9/cert", "x5c": ["MIIB"], "x5t": "AAAA"});
    let forged = token_of(&header.to_string(), &claims().to_string(), |text| {
        own.sign(text).as_ref().to_vec()
    });
    assert!(matches!(
        verify(&forged).unwrap_err(),
        TokenError::Signature { .. }
    ));
    // They make no good token bad either.
    assert!(verify(&token(Algorithm::EdDsa, header, claims())).is_ok());
}

#[test]
fn row_135_signatures_of_nothing_but_zeros_are_none() {
    for (algorithm, bytes) in [
        (Algorithm::Es256, 64),
        (Algorithm::Es384, 96),
        (Algorithm::EdDsa, 64),
    ] {
        let mut half = vec![0; bytes];
        half[bytes - 1] = 1;
        let mut other = vec![0; bytes];
        other[bytes / 2 - 1] = 1;
        for signature in [
            vec![0; bytes],
            vec![0xff; bytes],
            half,
            other,
            vec![],
            vec![0x30, 6, 2, 1, 0, 2, 1, 0],
        ] {
            let header = header(algorithm).to_string();
            let forged = token_of(&header, &claims().to_string(), |_| signature);
            let error = verify(&forged).unwrap_err();
            assert!(
                matches!(error, TokenError::Signature { .. }),
                "{algorithm}: {error}"
            );
        }
    }
}
