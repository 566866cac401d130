//! Asking an issuer about a token that only it can read (RFC 7662): once for all calls that come with the
//! token meanwhile, and its answer is relied on for a while.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64_simd::STANDARD;
use http::HeaderValue;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::Unknown;
use super::config::IntrospectionConfig;
use crate::call::gate;
use crate::control::https::{Ask, Https};
use crate::identity::Principal;
use crate::identity::cache::Place;
use crate::identity::challenge::{Challenge, Hint};
use crate::identity::introspection::{ANSWER_BYTES_MAX, Answer, request};

/// Tokens that are remembered, or asked about, at most. Beyond, those whose time is over make room, then those
/// of nobody, then any.
const TOKENS_MAX: usize = 4096;

/// Questions under way at most: others wait, within their time.
const QUESTIONS_MAX: usize = 128;

/// Who is asked.
pub(super) struct Introspection {
    config: IntrospectionConfig,
    https: Https,
    authorization: Option<HeaderValue>,
    asked: Mutex<HashMap<Place, Arc<Asked>>>,
    room: Semaphore,
    /// Whether the last question had no answer, for the log.
    is_lost: AtomicBool,
}

/// A token that was asked about, or is.
struct Asked {
    /// What it is, and until when that counts.
    answer: OnceCell<(Known, Instant)>,
}

#[derive(Clone)]
enum Known {
    Active(Arc<Principal>),
    Inactive,
}

impl Introspection {
    pub(super) fn new(config: IntrospectionConfig, https: Https) -> Self {
        let shown = format!("{}:{}", config.client_id, config.client_secret.0);
        let shown = format!("Basic {}", STANDARD.encode_to_string(shown));
        Self {
            config,
            https,
            authorization: HeaderValue::try_from(shown).ok(),
            asked: Mutex::default(),
            room: Semaphore::new(QUESTIONS_MAX),
            is_lost: AtomicBool::new(false),
        }
    }

    /// Whose a token is. What fails is asked again by the next call; meanwhile nobody is let in.
    pub(super) async fn ask(
        &self,
        token: &str,
        place: &Place,
        call: &gate::Asked<'_>,
    ) -> Result<Arc<Principal>, Unknown> {
        let asked = self.asked(place);
        let answer = asked
            .answer
            .get_or_try_init(|| self.question(token, call))
            .await;
        let (known, _) = answer.map_err(|_| Unknown::Outage)?;
        match known {
            Known::Active(principal) => Ok(Arc::clone(principal)),
            Known::Inactive => {
                let (error, request_id) = ("its issuer takes it for none", call.request_id());
                tracing::debug!(error, request_id, "a token was refused");
                Err(Unknown::Refused(Challenge::InvalidToken(Hint::Invalid)))
            }
        }
    }

    /// The question about this token that is under way, or was answered lately; else a new one.
    fn asked(&self, place: &Place) -> Arc<Asked> {
        let now = Instant::now();
        let mut all = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        // A question without an answer is under way as long as somebody waits for it; else it has failed.
        let counts = |asked: &Arc<Asked>| match asked.answer.get() {
            Some((_, until)) => now < *until,
            None => Arc::strong_count(asked) > 1,
        };
        if let Some(known) = all.get(place).filter(|asked| counts(asked)) {
            return Arc::clone(known);
        }
        if all.len() >= TOKENS_MAX {
            all.retain(|_, asked| counts(asked));
        }
        // Tokens of nobody push out no caller's.
        if all.len() >= TOKENS_MAX {
            let is_nobodys =
                |asked: &Asked| matches!(asked.answer.get(), Some((Known::Inactive, _)));
            all.retain(|_, asked| !is_nobodys(asked));
        }
        if all.len() >= TOKENS_MAX
            && let Some(any) = all.keys().next().copied()
        {
            all.remove(&any);
        }
        let asked = Arc::new(Asked {
            answer: OnceCell::new(),
        });
        all.insert(*place, Arc::clone(&asked));
        asked
    }

    /// Tells when the issuer is lost and when it is there again: not every question, and nothing that was
    /// remembered.
    fn tell<T>(&self, answer: &Result<T, String>) {
        let was_lost = self.is_lost.swap(answer.is_err(), Ordering::Relaxed);
        let url = &self.config.url;
        match answer {
            Err(cause) if !was_lost => {
                tracing::warn!(%url, cause, "nothing is found out about tokens");
            }
            Ok(_) if was_lost => tracing::info!(%url, "tokens are known again"),
            Err(_) | Ok(_) => {}
        }
    }

    async fn question(
        &self,
        token: &str,
        call: &gate::Asked<'_>,
    ) -> Result<(Known, Instant), String> {
        let epoch = call.now;
        let until = Instant::now() + self.config.timeout;
        let slow = || format!("found no answer within {:?}", self.config.timeout);
        // What waits for room says nothing of the issuer.
        let room = timeout_at(until, self.room.acquire()).await;
        let _room = room.map_err(|_| slow())?;
        let asked = self.https.ask(Ask {
            url: &self.config.url,
            form: Some(request(token)),
            authorization: self.authorization.clone(),
            most: ANSWER_BYTES_MAX,
        });
        let answer = match timeout_at(until, asked).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err(slow()),
        };
        self.tell(&answer);
        let answer = answer?;
        let answer = match Answer::parse(&answer, &self.config.expected, epoch) {
            Ok(answer) => answer,
            Err(error) => {
                let request_id = call.request_id();
                tracing::debug!(%error, request_id, "an answer about a token was not taken");
                Answer::Inactive
            }
        };
        let lasts: Duration = answer.lasts(self.config.ttl, epoch);
        let known = match answer {
            Answer::Active(principal) => Known::Active(Arc::from(principal)),
            Answer::Inactive => Known::Inactive,
        };
        Ok((known, Instant::now() + lasts))
    }
}

impl std::fmt::Debug for Introspection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Introspection")
            .field("url", &self.config.url)
            .finish_non_exhaustive()
    }
}
