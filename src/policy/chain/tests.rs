//! The list of steps, with steps of others in it.

use std::sync::Mutex;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use super::*;
use crate::call::gate::{Change, Ended};
use crate::identity::Principal;
use crate::policy::access::{Effect, Mode, Policy, Rule};
use crate::policy::condition::Condition;
use crate::policy::fixtures::{Question, caller, method};
use crate::policy::limits::{By, Limit, Rate, Tell};

/// Knows one caller.
#[derive(Debug)]
struct Known(Option<Arc<Principal>>);

impl Gate for Known {
    fn ask<'r>(&'r self, _: Asked<'r>, _: &Passed) -> Decision<'r> {
        Decision::Now(Ok(Passed {
            principal: self.0.clone(),
            ..Passed::default()
        }))
    }
}

/// What a step does.
enum Does {
    Passes,
    PassesLater,
    Refuses,
    Panics,
    PanicsLater,
    Waits,
}

/// Writes down what it hears.
struct Mine(&'static str, Does, Arc<Mutex<Vec<String>>>);

impl Mine {
    fn passed(&self) -> Passed {
        Passed {
            changes: vec![Change::Append(
                HeaderName::from_static("x-step"),
                HeaderValue::from_static(self.0),
            )],
            ..Passed::default()
        }
    }
}

impl Interceptor for Mine {
    fn before<'r>(&'r self, asked: Asked<'r>, so_far: &Passed) -> Decision<'r> {
        let who = so_far
            .principal
            .as_ref()
            .and_then(|who| who.subject.clone());
        let who = who.unwrap_or_default();
        self.2
            .lock()
            .unwrap()
            .push(format!("{} {} {who}", self.0, asked.method.name));
        match self.1 {
            Does::Passes => Decision::Now(Ok(self.passed())),
            Does::PassesLater => Decision::Later(Box::pin(async move {
                tokio::task::yield_now().await;
                Ok(self.passed())
            })),
            Does::Refuses => {
                let status = Status::gateway(Code::PermissionDenied, "no");
                Decision::refuse(Refused::new(self.0, status))
            }
            Does::Panics => panic!("injected"),
            Does::PanicsLater => Decision::Later(Box::pin(async { panic!("injected later") })),
            Does::Waits => Decision::Later(Box::pin(std::future::pending())),
        }
    }

    fn ended(&self, ended: &Ended<'_>) {
        self.2
            .lock()
            .unwrap()
            .push(format!("{} ended {}", self.0, ended.status.code));
    }
}

struct Setting {
    question: Question,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Setting {
    fn new() -> Self {
        Self {
            question: Question::of(method(0, "a.S", "Get")),
            heard: Arc::default(),
        }
    }

    fn custom(&self, name: &'static str, does: Does) -> Step {
        let interceptor = Arc::new(Mine(name, does, Arc::clone(&self.heard)));
        Step::Custom { name, interceptor }
    }

    fn limits(&self, burst: u32) -> Step {
        let limit = Limit {
            name: "all".into(),
            methods: vec![],
            by: vec![By::Identity],
            rate: Rate {
                calls: burst,
                per: Duration::from_secs(60),
                burst,
            },
            keys: 16,
        };
        let limits = Limits::new(&[limit], Tell::Always, [&*self.question.method], None);
        Step::Limits(Arc::new(limits.unwrap()))
    }

    fn access(&self, when: Condition) -> Step {
        let policy = Policy {
            rules: vec![Rule {
                name: Some("only".into()),
                methods: vec![],
                effect: Effect::Allow,
                when,
            }],
            mode: Mode::Enforced,
        };
        Step::Access(Arc::new(
            Access::new(&policy, [&*self.question.method]).unwrap(),
        ))
    }

    async fn ask(&self, steps: Vec<Step>) -> Result<Passed, Box<Refused>> {
        let chain = Chain::new(steps, None).unwrap();
        match chain.ask(self.question.asked(), &Passed::default()) {
            Decision::Now(said) => said,
            Decision::Later(answer) => answer.await,
        }
    }

    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }
}

fn ada() -> Step {
    Step::Identify(Arc::new(Known(Some(caller(
        json!({"sub": "ada", "scope": "read"}),
    )))))
}

#[tokio::test]
async fn steps_are_asked_in_their_order_whoever_has_to_wait() {
    for (first, second) in [
        (Does::Passes, Does::Passes),
        (Does::PassesLater, Does::Passes),
        (Does::Passes, Does::PassesLater),
        (Does::PassesLater, Does::PassesLater),
    ] {
        let setting = Setting::new();
        let steps = vec![
            setting.custom("before", Does::Passes),
            ada(),
            setting.access(Condition::All(vec![])),
            setting.custom("first", first),
            setting.limits(5),
            setting.custom("second", second),
        ];
        let mut passed = setting.ask(steps).await.unwrap();
        assert_eq!(
            setting.heard(),
            ["before Get ", "first Get ada", "second Get ada"]
        );
        let mut metadata = HeaderMap::new();
        passed.change(&mut metadata);
        let all: Vec<_> = metadata.get_all("x-step").iter().collect();
        assert_eq!(all, ["before", "first", "second"]);
        assert_eq!(passed.rule.as_deref(), Some("only"));
        let remaining = passed
            .response_headers
            .iter()
            .find(|(name, _)| name == headers::REMAINING);
        assert_eq!(remaining.unwrap().1, "4");

        passed.told.tell(&Status::ok());
        passed.told.tell(&Status::ok());
        assert_eq!(
            setting.heard(),
            ["second ended OK", "first ended OK", "before ended OK"]
        );
        drop(passed);
        assert!(setting.heard().is_empty(), "nobody hears it twice");
    }
}

#[tokio::test]
async fn the_first_that_refuses_ends_it_and_those_before_hear_it() {
    for does in [Does::Passes, Does::PassesLater] {
        let setting = Setting::new();
        let steps = vec![
            setting.custom("first", does),
            setting.custom("second", Does::Refuses),
            setting.custom("never", Does::Passes),
        ];
        let refused = setting.ask(steps).await.unwrap_err();
        assert_eq!(refused.by, "second");
        assert_eq!(
            setting.heard(),
            [
                "first Get ",
                "second Get ",
                "second ended PERMISSION_DENIED",
                "first ended PERMISSION_DENIED"
            ]
        );
    }
}

#[tokio::test]
async fn r38_a_step_that_panics_ends_its_call_with_internal_and_no_other() {
    for does in [Does::Panics, Does::PanicsLater] {
        let setting = Setting::new();
        let steps = vec![setting.custom("mine", does)];
        let chain = Chain::new(steps, None).unwrap();
        for _ in 0..2 {
            let said = match chain.ask(setting.question.asked(), &Passed::default()) {
                Decision::Now(said) => said,
                Decision::Later(answer) => answer.await,
            };
            let refused = said.unwrap_err();
            assert_eq!((refused.status.code, refused.by), (Code::Internal, "mine"));
            assert!(!refused.status.message.contains("injected"));
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_while_somebody_is_asked_is_heard_of() {
    let setting = Setting::new();
    let steps = vec![
        setting.custom("first", Does::Passes),
        setting.custom("slow", Does::Waits),
    ];
    let chain = Chain::new(steps, None).unwrap();
    let Decision::Later(answer) = chain.ask(setting.question.asked(), &Passed::default()) else {
        panic!()
    };
    drop(answer);
    assert_eq!(
        setting.heard()[2..],
        ["slow ended CANCELLED", "first ended CANCELLED"]
    );
}

#[tokio::test]
async fn a_refusal_by_rules_costs_nobody_a_call_of_the_limits_behind_them() {
    let setting = Setting::new();
    let steps = vec![
        ada(),
        setting.access(Condition::Scopes(vec!["write".to_owned()])),
        setting.limits(1),
    ];
    for _ in 0..3 {
        let refused = setting.ask(steps.clone()).await.unwrap_err();
        assert_eq!(
            (refused.by, refused.rule.as_deref()),
            ("access", Some("default"))
        );
    }
}

#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl Witness for Seen {
    fn decided(&self, step: &'static str, asked: &Asked<'_>, said: Result<&Passed, &Refused>) {
        let said = match said {
            Ok(passed) => format!("passed {}", passed.rule.as_deref().unwrap_or("-")),
            Err(refused) => format!("refused {}", refused.rule.as_deref().unwrap_or("-")),
        };
        let line = format!("{step} {} {said}", asked.method.name);
        self.0.lock().unwrap().push(line);
    }
}

#[tokio::test(start_paused = true)]
async fn a_witness_sees_each_decision_and_its_rule() {
    let setting = Setting::new();
    let seen = Arc::new(Seen::default());
    let steps = vec![
        ada(),
        setting.access(Condition::All(vec![])),
        setting.limits(1),
    ];
    let chain = Chain::new(steps, Some(seen.clone())).unwrap();
    assert_eq!(
        chain.names().collect::<Vec<_>>(),
        ["identify", "access", "rate_limits"]
    );
    for _ in 0..2 {
        let _ = chain.ask(setting.question.asked(), &Passed::default());
    }
    assert_eq!(
        *seen.0.lock().unwrap(),
        [
            "identify Get passed -",
            "access Get passed only",
            "rate_limits Get passed -",
            "identify Get passed -",
            "access Get passed only",
            "rate_limits Get refused all",
        ]
    );
}

#[test]
fn a_call_that_passes_at_once_allocates_only_the_headers_of_its_answer() {
    let setting = Setting::new();
    let steps = vec![
        ada(),
        setting.access(Condition::All(vec![])),
        setting.limits(100),
    ];
    let chain = Chain::new(steps, None).unwrap();
    let asked = setting.question.asked();
    let _ = chain.ask(asked, &Passed::default());
    let counted = allocation_counter::measure(|| {
        assert!(matches!(
            chain.ask(asked, &Passed::default()),
            Decision::Now(Ok(_))
        ));
    });
    // The list of headers, and what makes a number's text shared when it is used first.
    assert!(counted.count_total <= 3, "{}", counted.count_total);
}
