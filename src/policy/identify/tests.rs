//! Callers as requests show them.

use super::*;
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
