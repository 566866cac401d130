//! Keys that are none, and sets that are too much.

use super::*;

#[test]
fn row_135_points_of_small_order_are_no_keys() {
    let hex = |text: &str| -> Vec<u8> {
        (0..32)
            .map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap())
            .collect()
    };
    let points = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    for (point, sign) in points.iter().flat_map(|point| [(point, 0), (point, 0x80)]) {
        let mut x = hex(point);
        x[31] |= sign;
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "weak", "x": base64(&x)});
        let set = Keys::parse(&set(&[jwk])).unwrap();
        assert!(set.keys.is_empty());
        assert_eq!(set.ignored[0].why, Why::Unfit(Unfit::Weak), "{point}");
    }
    for x in [vec![], vec![2; 31], vec![2; 33]] {
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64(&x)});
        let set = Keys::parse(&set(&[jwk])).unwrap();
        assert_eq!(set.ignored[0].why, Why::Unfit(Unfit::Point), "{x:?}");
    }
    let eddsa = header(Algorithm::EdDsa);
    // The signature that fits any text under the neutral point as key.
    let neutral = [&[1_u8][..], &[0; 63]].concat();
    let forged = token_of(&eddsa.to_string(), &claims().to_string(), |_| neutral);
    assert!(verify(&forged).is_err());
}

#[test]
fn row_135_an_rsa_key_has_2048_bits() {
    let refused = |jwk: Value| Keys::parse(&set(&[jwk])).unwrap().ignored[0].why.clone();
    assert_eq!(
        refused(rsa_jwk("short", &[0xff; 128], &[1, 0, 1])),
        Why::Unfit(Unfit::Modulus(1024))
    );
    let good = rsa_public("rsa");
    let mut modulus = [0xff; 513];
    assert_eq!(
        refused(with(good.clone(), "n", json!(base64(modulus)))),
        Why::Unfit(Unfit::Modulus(4104))
    );
    modulus[511] = 0xfe;
    assert_eq!(
        refused(with(good.clone(), "n", json!(base64(&modulus[..512])))),
        Why::Unfit(Unfit::Modulus(4096))
    );
    modulus[0] = 0x7f;
    assert_eq!(
        refused(with(good.clone(), "n", json!(base64(&modulus[..256])))),
        Why::Unfit(Unfit::Modulus(2047))
    );
    assert_eq!(
        refused(with(good.clone(), "n", json!(""))),
        Why::Unfit(Unfit::Modulus(0))
    );
    for exponent in [
        &[][..],
        &[0],
        &[1],
        &[2],
        &[1, 0, 0],
        &[2, 0, 0, 0, 1],
        &[1; 9],
    ] {
        let why = refused(with(good.clone(), "e", json!(base64(exponent))));
        assert_eq!(why, Why::Unfit(Unfit::Exponent), "{exponent:?}");
    }
    // Zeros in front change no number.
    let padded = with(good, "e", json!(base64([0, 0, 1, 0, 1])));
    let token = token(Algorithm::Rs256, header(Algorithm::Rs256), claims());
    assert!(verify_by(settings(), &keys(&[padded]), &token).is_ok());
}

#[test]
fn row_136_secrets_in_a_public_set_are_passed_over() {
    let oct = json!({"kty": "oct", "kid": "rsa", "k": base64([9; 32]), "alg": "HS256"});
    let all = Keys::parse(&set(&[&[oct][..], &jwks()].concat())).unwrap();
    assert_eq!(all.keys.len(), 4);
    assert_eq!(all.ignored.len(), 1);
    assert_eq!(
        all.ignored[0].to_string(),
        "key 0: found kty oct, expected RSA, EC or OKP"
    );
    let header = json!({"alg": "HS256", "kid": "rsa"}).to_string();
    let forged = token_of(&header, &claims().to_string(), |text| hmac(&[9; 32], text));
    assert!(verify_by(settings(), &all.keys, &forged).is_err());
}

#[test]
fn row_136_a_set_is_bounded_in_keys_and_in_bytes() {
    let key = |at: usize| with(jwks()[3].clone(), "kid", json!(at.to_string()));
    let of = |count: usize| set(&(0..count).map(key).collect::<Vec<_>>());
    assert_eq!(Keys::parse(&of(100)).unwrap().keys.len(), 100);
    assert_eq!(Keys::parse(&of(101)).unwrap_err(), SetError::TooMany(101));
    let small = set(&vec![json!({}); 10_000]);
    assert_eq!(Keys::parse(&small).unwrap_err(), SetError::TooMany(10_000));
    assert_eq!(
        Keys::parse(&of(10_000)).unwrap_err(),
        SetError::TooLong(of(10_000).len())
    );
    let nested = format!("{{\"keys\":{}}}", "[".repeat(500_000));
    assert!(matches!(
        Keys::parse(nested.as_bytes()),
        Err(SetError::Malformed { .. })
    ));
    for text in [
        "",
        "{}",
        "[]",
        "null",
        r#"{"keys":{}}"#,
        r#"{"keys":[],"keys":[]}"#,
        r#"{"keys":[{}]"#,
    ] {
        assert!(
            matches!(
                Keys::parse(text.as_bytes()),
                Err(SetError::Malformed { .. })
            ),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_point_of_the_curve_verifies_nothing() {
    let [_, p256, _, ed]: [Value; 4] = jwks().try_into().unwrap();
    for (algorithm, jwk) in [
        (Algorithm::Es256, with(p256.clone(), "x", p256["y"].clone())),
        (Algorithm::EdDsa, with(ed, "x", json!(base64([2; 32])))),
    ] {
        let good = token(algorithm, header(algorithm), claims());
        let error = verify_by(settings(), &keys(&[jwk]), &good).unwrap_err();
        assert!(matches!(error, TokenError::Signature { .. }), "{error}");
    }
}

#[test]
fn a_key_that_says_it_is_for_something_else_is_passed_over() {
    let [rsa, p256, _, ed]: [Value; 4] = jwks().try_into().unwrap();
    for (jwk, expected) in [
        (
            with(rsa.clone(), "use", json!("enc")),
            "found use or key_ops enc",
        ),
        (
            with(rsa.clone(), "use", json!(1)),
            "found use or key_ops a whole number",
        ),
        (
            with(rsa.clone(), "key_ops", json!(["sign"])),
            "found use or key_ops an array",
        ),
        (with(rsa.clone(), "alg", json!("ES256")), "found alg ES256"),
        (with(rsa.clone(), "alg", json!("HS256")), "found alg HS256"),
        (
            with(rsa.clone(), "alg", json!("RSA-OAEP")),
            "found alg RSA-OAEP",
        ),
        (
            with(rsa.clone(), "kid", json!(1)),
            "found a kid that is no string",
        ),
        (
            with(rsa.clone(), "n", json!("AQ==")),
            "found no text in base64url",
        ),
        (
            without(rsa.clone(), "e"),
            "found no text in base64url without padding in e",
        ),
        (with(rsa.clone(), "kty", json!("EC")), "found crv "),
        (
            with(p256.clone(), "crv", json!("P-384")),
            "found no point of the curve",
        ),
        (
            with(p256.clone(), "crv", json!("secp256k1")),
            "found crv secp256k1",
        ),
        (with(ed.clone(), "crv", json!("X25519")), "found crv X25519"),
        (json!([]), "found no JSON object"),
        (json!({"kty": "\n"}), "found kty \\n"),
    ] {
        let set = Keys::parse(&set(std::slice::from_ref(&jwk))).unwrap();
        let why = set
            .ignored
            .first()
            .map(|ignored| ignored.why.to_string())
            .unwrap_or_default();
        assert!(why.starts_with(expected), "{jwk}: {why}");
    }
    let verifies = with(rsa.clone(), "key_ops", json!(["verify"]));
    assert_eq!(
        keys(&[verifies, rsa]).len(),
        1,
        "the second has the first one's name"
    );
}

#[test]
fn a_key_for_one_algorithm_is_for_no_other() {
    let only = with(jwks()[0].clone(), "alg", json!("RS256"));
    for algorithm in [Algorithm::Rs256, Algorithm::Rs512, Algorithm::Ps256] {
        let token = token(algorithm, header(algorithm), claims());
        let verified = verify_by(settings(), &keys(std::slice::from_ref(&only)), &token);
        assert_eq!(
            verified.is_ok(),
            algorithm == Algorithm::Rs256,
            "{algorithm}"
        );
    }
    let settings = Settings {
        algorithms: vec![Algorithm::Rs512],
        ..settings()
    };
    let token = token(Algorithm::Rs256, header(Algorithm::Rs256), claims());
    let error = verify_by(settings, &keys(&jwks()), &token).unwrap_err();
    assert_eq!(error.to_string(), "found alg RS256, expected one of RS512");
}

#[test]
fn without_a_kid_the_key_is_the_only_one_that_fits() {
    let nameless = without(es256(), "kid");
    let token = token(Algorithm::Es256, nameless, claims());
    assert!(verify(&token).is_ok(), "one key is for ES256");
    let two = with(jwks()[1].clone(), "kid", json!("second"));
    let error = verify_by(settings(), &keys(&[jwks()[1].clone(), two]), &token).unwrap_err();
    assert_eq!(error, TokenError::SeveralKeys(Algorithm::Es256));
    assert!(!error.asks_for_keys());
    let error = verify_by(settings(), &Keys::default(), &token).unwrap_err();
    assert!(error.asks_for_keys());
}
