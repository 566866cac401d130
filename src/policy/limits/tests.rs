//! Limits, beside a bucket of tokens that counts in whole numbers.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::identity::Principal;
use crate::policy::fixtures::{Question, caller, method, selectors};

fn limit(name: &str, by: &[By], rate: (u32, u64, u32)) -> Limit {
    let (calls, seconds, burst) = rate;
    Limit {
        name: name.into(),
        methods: vec![],
        by: by.to_vec(),
        rate: Rate {
            calls,
            per: Duration::from_secs(seconds),
            burst,
        },
        keys: 1024,
    }
}

fn question(address: &str) -> Question {
    Question::of(method(0, "a.S", "Get")).from(address)
}

fn limits(all: &[Limit]) -> Limits {
    let methods = [method(0, "a.S", "Get"), method(1, "a.S", "Put")];
    Limits::new(all, Tell::Always, &methods, None).unwrap()
}

fn ask(
    limits: &Limits,
    question: &Question,
    principal: Option<Arc<Principal>>,
) -> Result<Passed, Box<Refused>> {
    let so_far = Passed {
        principal,
        ..Passed::default()
    };
    match limits.ask(question.asked(), &so_far) {
        Decision::Now(said) => said,
        Decision::Later(_) => panic!("nobody has to be asked"),
    }
}

fn passes(limits: &Limits, question: &Question) -> bool {
    ask(limits, question, None).is_ok()
}

fn header_of<'h>(headers: &'h [(HeaderName, HeaderValue)], name: &str) -> &'h str {
    let found = headers.iter().find(|(found, _)| found == name);
    found.map_or("", |(_, value)| value.to_str().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_call_too_many_is_told_when_to_come_again_and_then_passes() {
    let limits = limits(&[limit("per address", &[By::Address], (2, 10, 3))]);
    let question = question("192.0.2.1");
    for remaining in [2, 1, 0] {
        let quota = ask(&limits, &question, None).unwrap().quota.unwrap();
        assert_eq!(quota.remaining, remaining);
        assert_eq!(
            quota.reset,
            Duration::from_secs(u64::from(5 * (3 - remaining)))
        );
    }
    tokio::time::advance(Duration::from_millis(1500)).await;
    let refused = ask(&limits, &question, None).unwrap_err();
    assert_eq!(refused.status.code, Code::ResourceExhausted);
    assert_eq!(refused.rule.as_deref(), Some("per address"));
    for (name, value) in [
        ("retry-after", "4"),
        ("ratelimit-limit", "3, 2;w=10;burst=3"),
        ("ratelimit-remaining", "0"),
        ("ratelimit-reset", "14"),
    ] {
        assert_eq!(header_of(&refused.headers, name), value, "{name}");
    }
    let expected = Status::gateway(Code::ResourceExhausted, refused.status.message.clone());
    assert_eq!(refused.status, expected.after(Duration::from_millis(3500)));

    tokio::time::advance(Duration::from_millis(3499)).await;
    assert!(!passes(&limits, &question));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(passes(&limits, &question));
    assert!(!passes(&limits, &question));
}

#[tokio::test(start_paused = true)]
async fn keys_are_of_the_caller_the_key_the_network_the_header_or_the_method() {
    let key = |name: &str| {
        let mut principal = Principal::clone(&caller(json!({"sub": name})));
        principal.kind = crate::identity::principal::Kind::Key;
        Some(Arc::new(principal))
    };
    let token = |name: &str| Some(caller(json!({"sub": name})));
    let a = || question("192.0.2.1");
    let b = || question("192.0.2.2");
    let put = || Question::of(method(1, "a.S", "Put")).from("192.0.2.1");
    let tenant = |name: &str| a().with("x-tenant", name);
    let header = || By::Header(HeaderName::from_static("x-tenant"));
    for (by, first, second, same) in [
        (
            vec![By::Identity],
            (a(), token("ada")),
            (b(), token("ada")),
            true,
        ),
        (
            vec![By::Identity],
            (a(), token("ada")),
            (a(), token("bob")),
            false,
        ),
        (
            vec![By::Identity],
            (a(), token("ada")),
            (a(), key("ada")),
            false,
        ),
        (vec![By::Identity], (a(), None), (b(), None), false),
        (vec![By::Identity], (a(), None), (put(), None), true),
        (vec![By::ApiKey], (a(), key("x")), (b(), key("x")), true),
        (vec![By::ApiKey], (a(), token("x")), (a(), token("y")), true),
        (
            vec![By::ApiKey],
            (a(), token("x")),
            (b(), token("x")),
            false,
        ),
        (
            vec![By::Address],
            (a(), token("x")),
            (put(), token("y")),
            true,
        ),
        (
            vec![By::Address],
            (a(), None),
            (question("::ffff:192.0.2.1"), None),
            true,
        ),
        (
            vec![By::Address],
            (question("2001:db8::1"), None),
            (question("2001:db8::ffff:1"), None),
            true,
        ),
        (
            vec![By::Address],
            (question("2001:db8::1"), None),
            (question("2001:db8:0:1::1"), None),
            false,
        ),
        (
            vec![header()],
            (tenant("x"), None),
            (tenant("x"), token("a")),
            true,
        ),
        (
            vec![header()],
            (tenant("x"), None),
            (tenant("y"), None),
            false,
        ),
        (vec![header()], (a(), None), (b(), None), false),
        (vec![By::Method], (a(), None), (b(), None), true),
        (vec![By::Method], (a(), None), (put(), None), false),
        (
            vec![By::Address, By::Method],
            (a(), None),
            (put(), None),
            false,
        ),
        (
            vec![By::Address, By::Method],
            (a(), None),
            (b(), None),
            false,
        ),
        (vec![], (a(), None), (b(), token("x")), true),
    ] {
        let limits = limits(&[limit("x", &by, (1, 60, 1))]);
        assert!(ask(&limits, &first.0, first.1).is_ok());
        assert_eq!(ask(&limits, &second.0, second.1).is_err(), same, "{by:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_several_limits_the_strictest_tells_and_a_refused_call_counts_for_none() {
    let wide = limit("wide", &[], (100, 60, 100));
    let narrow = limit("narrow", &[By::Address], (2, 60, 2));
    let limits = limits(&[wide, narrow]);
    let question = question("192.0.2.1");
    let quota = ask(&limits, &question, None).unwrap().quota.unwrap();
    assert_eq!(quota.limit, "2, 2;w=60");
    assert!(passes(&limits, &question));
    for _ in 0..500 {
        let refused = ask(&limits, &question, None).unwrap_err();
        assert_eq!(refused.rule.as_deref(), Some("narrow"));
    }
    for number in 2..100 {
        let other = self::question(&format!("192.0.2.{number}"));
        assert!(
            passes(&limits, &other),
            "{number}: the wide limit has lost nothing"
        );
    }
}

#[test]
fn limits_are_for_the_methods_that_they_name() {
    let one = Limit {
        methods: selectors(&["a.S.Put"]),
        ..limit("put", &[], (1, 60, 1))
    };
    let limits = limits(&[one]);
    let passed = ask(&limits, &question("192.0.2.1"), None).unwrap();
    assert!(passed.quota.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_reload_forgets_nothing_of_a_limit_that_stays_the_same() {
    let one = limit("x", &[By::Address, By::Method], (1, 60, 1));
    let before = limits(std::slice::from_ref(&one));
    let question = question("192.0.2.1");
    assert!(passes(&before, &question));
    // In the new schema the method has another number.
    let methods = [method(0, "a.S", "Other"), method(1, "a.S", "Get")];
    let after = |limit| Limits::new(&[limit], Tell::Always, &methods, Some(&before)).unwrap();
    let moved = Question::of(method(1, "a.S", "Get")).from("192.0.2.1");
    assert!(!passes(&after(one.clone()), &moved));
    let rate = Rate {
        burst: 2,
        ..one.rate
    };
    assert!(passes(&after(Limit { rate, ..one }), &moved));
}

#[test]
fn limits_that_cannot_be_are_refused() {
    for (rate, expected) in [
        ((0, 1, 1), "found 0"),
        ((1, 0, 1), "found 0"),
        ((1, 1, 0), "found 0"),
        ((1, 86_400, 31), "more than 30 days"),
        ((1, u64::MAX, 1), "more than 30 days"),
        ((1, u64::MAX, u32::MAX), "more than 30 days"),
    ] {
        let error = Limits::new(&[limit("x", &[], rate)], Tell::Always, [], None).unwrap_err();
        assert!(error.to_string().contains(expected), "{rate:?} {error}");
    }
    let fastest = limit("x", &[], (u32::MAX, 1, u32::MAX));
    assert!(Limits::new(&[fastest], Tell::Always, [], None).is_ok());
    let by = vec![By::Address; BY_MAX + 1];
    assert!(Limits::new(&[limit("x", &by, (1, 1, 1))], Tell::Always, [], None).is_err());
}

#[test]
fn a_call_that_passes_allocates_nothing() {
    let methods = [method(0, "a.S", "Get")];
    let all = [limit("x", &[By::Identity, By::Method], (100, 1, 100))];
    for tell in [Tell::Always, Tell::Refused] {
        let limits = Limits::new(&all, tell, &methods, None).unwrap();
        let question = question("192.0.2.1");
        let so_far = Passed::default();
        // A header's value is shared from its first clone on.
        let _ = limits.ask(question.asked(), &so_far);
        let counted = allocation_counter::measure(|| {
            let Decision::Now(Ok(passed)) = limits.ask(question.asked(), &so_far) else {
                panic!()
            };
            assert_eq!(passed.quota.is_some(), tell == Tell::Always);
        });
        assert_eq!(counted.count_total, 0, "{tell:?}");
    }
}

/// A bucket of tokens, in whole numbers: a call costs as many parts as a second brings tokens, times the
/// nanoseconds of the period.
struct Tokens {
    calls: u128,
    per: u128,
    burst: u128,
    parts: u128,
    at: u128,
}

impl Tokens {
    fn take(&mut self, now: u128) -> bool {
        let most = self.burst * self.per;
        self.parts = most.min(self.parts + (now - self.at) * self.calls);
        self.at = now;
        let enough = self.parts >= self.per;
        if enough {
            self.parts -= self.per;
        }
        enough
    }
}

proptest! {
    #[test]
    fn limits_let_pass_what_a_bucket_of_tokens_would(
        calls in 1..20_u32,
        burst in 1..20_u32,
        pauses in prop::collection::vec(0..400_u64, 1..200),
    ) {
        // Each number of calls divides it, so that both count without rounding.
        let per = Duration::from_nanos(232_792_560_000);
        let mut bucket = Tokens {
            calls: u128::from(calls),
            per: per.as_nanos(),
            burst: u128::from(burst),
            parts: u128::from(burst) * per.as_nanos(),
            at: 0,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let rate = Rate { calls, per, burst };
            let limits = limits(&[Limit { rate, ..limit("x", &[By::Address], (1, 1, 1)) }]);
            let question = question("192.0.2.1");
            let start = tokio::time::Instant::now();
            for pause in pauses {
                tokio::time::advance(per / 4000 * u32::try_from(pause).unwrap()).await;
                let now = start.elapsed().as_nanos();
                let said = ask(&limits, &question, None);
                prop_assert_eq!(said.is_ok(), bucket.take(now));
                if let Ok(passed) = said {
                    let remaining = passed.quota.unwrap().remaining;
                    prop_assert_eq!(u128::from(remaining), bucket.parts / bucket.per);
                }
            }
            Ok(())
        })?;
    }
}
