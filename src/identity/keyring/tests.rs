//! A keyring whose source is a script, under a paused clock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::time::{advance, sleep};

use super::*;
use crate::identity::forge;

/// What each fetch brings, and how long that takes.
struct Script {
    answers: Mutex<VecDeque<(Duration, Result<Bytes, FetchError>)>>,
    fetches: AtomicUsize,
}

impl Script {
    fn of(answers: Vec<(u64, Result<Bytes, FetchError>)>) -> Self {
        let answers = answers
            .into_iter()
            .map(|(seconds, answer)| (Duration::from_secs(seconds), answer));
        Self {
            answers: Mutex::new(answers.collect()),
            fetches: AtomicUsize::new(0),
        }
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::Relaxed)
    }
}

impl Fetch for Script {
    async fn fetch(&self) -> Result<Bytes, FetchError> {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let next = self
            .answers
            .lock()
            .ok()
            .and_then(|mut answers| answers.pop_front());
        let (takes, answer) =
            next.unwrap_or((Duration::ZERO, Err(FetchError("refused".to_owned()))));
        sleep(takes).await;
        answer
    }
}

fn good() -> Result<Bytes, FetchError> {
    Ok(forge::set(&forge::jwks()).into())
}

/// A keyring that runs, what it told, and its source.
fn running(
    answers: Vec<(u64, Result<Bytes, FetchError>)>,
) -> (Arc<Keyring>, Arc<Script>, Arc<Mutex<Vec<String>>>) {
    let keyring = Arc::new(Keyring::new(Settings::default(), Instant::now()));
    let script = Arc::new(Script::of(answers));
    let told = Arc::new(Mutex::new(vec![]));
    let (ring, source, list) = (Arc::clone(&keyring), Arc::clone(&script), Arc::clone(&told));
    tokio::spawn(async move {
        let tell = |news| {
            let line = match news {
                News::Fetched(set) => format!("{} keys", set.keys.len()),
                News::Failed(failure) => failure.to_string(),
            };
            list.lock().expect("no panic").push(line);
        };
        ring.run(&*source, || 0.0, tell).await;
    });
    (keyring, script, told)
}

/// Lets the tasks run until nothing is left to do at this moment.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_calls_that_need_keys_are_one_fetch() {
    let (keyring, script, _) = running(vec![(1, good())]);
    settle().await;
    let calls: Vec<_> = (0..10_000)
        .map(|_| {
            let keyring = Arc::clone(&keyring);
            tokio::spawn(async move { keyring.ask_again().await })
        })
        .collect();
    for call in calls {
        assert!(call.await.expect("no panic"));
    }
    assert_eq!(script.fetches(), 1);
    assert!(
        keyring
            .current(Instant::now())
            .is_some_and(|edition| edition.keys.len() == 4)
    );
}

#[tokio::test(start_paused = true)]
async fn row_134_an_unknown_key_is_fetched_for_at_most_twice_a_minute() {
    let (keyring, script, _) = running((0..100).map(|_| (0, good())).collect());
    settle().await;
    for _ in 0..1000 {
        keyring.ask_again().await;
        advance(Duration::from_millis(90)).await;
        settle().await;
    }
    assert_eq!(script.fetches(), 3, "the first, and two in ninety seconds");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_used_leaves_the_old_keys() {
    let text = |text: &'static str| Ok(Bytes::from_static(text.as_bytes()));
    let (keyring, _, told) = running(vec![
        (0, good()),
        (0, text("<html>")),
        (0, text(r#"{"keys":[{"kty":"oct"}]}"#)),
        (60, good()),
    ]);
    settle().await;
    advance(Duration::from_secs(600)).await;
    for _ in 0..20 {
        settle().await;
        advance(Duration::from_secs(1)).await;
    }
    let told = told.lock().expect("no panic").clone();
    assert_eq!(
        told[..4],
        [
            "4 keys",
            "found no JSON object with an array of keys at line 1, column 1",
            "found a key set without a key that can be used (1 passed over)",
            "found no answer within 10 seconds",
        ]
    );
    assert!(
        keyring
            .current(Instant::now())
            .is_some_and(|edition| edition.keys.len() == 4)
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_does_not_wait_for_keys_for_long() {
    let (keyring, _, _) = running(vec![(8, good())]);
    settle().await;
    let began = Instant::now();
    assert!(!keyring.ask_again().await);
    assert_eq!(Instant::now() - began, WAIT_MAX);
}
