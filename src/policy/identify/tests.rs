//! Callers as requests show them.

use super::*;
use crate::call::heard::Heard;
use crate::identity::issuer::Settings;
use crate::identity::refresh;
use crate::policy::fixtures::{Question, method};

#[tokio::test]
async fn whoever_shows_nothing_passes_as_nobody_and_backends_see_no_credentials() {
    let identify = Identify::start(Config::default()).unwrap();
    let question = Question::of(method(0, "a.v1.S", "Get"));
    let Decision::Now(Ok(passed)) = identify.ask(question.asked(), &Passed::default()) else {
        panic!("nobody has to be asked");
    };
    assert!(passed.principal.is_none());
    assert_eq!(
        passed.taken_away.as_deref(),
        Some(&[header::AUTHORIZATION][..])
    );
}

#[tokio::test]
async fn why_a_token_was_refused_is_logged_with_the_id_of_the_request() {
    let mut settings = Settings::new("https://id.example", vec!["echo".to_owned()]);
    settings.secret = Some(b"a-secret-of-at-least-thirty-two-bytes".to_vec());
    settings.algorithms = vec![crate::identity::algorithm::Algorithm::Hs256];
    let identify = Identify::start(Config {
        issuers: vec![IssuerConfig {
            settings,
            keys: KeysFrom::Secret,
            refresh: refresh::Settings::default(),
        }],
        ..Config::default()
    });
    let identify = identify.unwrap();
    let (heard, _logged) = Heard::begin();
    let question = Question::of(method(0, "a.v1.S", "Get"))
        .with("x-request-id", "request-7")
        .with("authorization", "Bearer a.b.c");
    let Decision::Now(Err(_)) = identify.ask(question.asked(), &Passed::default()) else {
        panic!("nobody has to be asked");
    };
    let told = heard.with("a token was refused");
    assert!(told.concat().contains("request-7"), "{told:?}");
}
