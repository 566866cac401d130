//! The keys of one issuer: fetched from it or read from a file, and kept fresh; or none, where it has a
//! shared secret.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use super::config::text;
use super::{KeysFrom, NoIdentity};
use crate::call::random;
use crate::control::https::{Ask, Https, Url};
use crate::files::{Content, Watch};
use crate::identity::keyring::{Fetch, FetchError, Keyring, News};
use crate::identity::keys::{Keys, SET_BYTES_MAX};
use crate::identity::refresh::{self, Edition};
use crate::policy::tasks::Tasks;

/// The keys.
#[derive(Debug)]
pub(super) enum IssuerKeys {
    /// Its own, fetched.
    Fetched {
        ring: Arc<Keyring>,
        asked: watch::Receiver<bool>,
    },
    /// In a file.
    Filed(arc_swap::ArcSwap<Edition>),
    /// None: it has a secret.
    Secret,
}

impl IssuerKeys {
    /// Reads them where they are in a file, and begins to keep them fresh.
    ///
    /// # Errors
    /// The file has no keys.
    pub(super) fn start(
        iss: &str,
        from: KeysFrom,
        settings: refresh::Settings,
        https: &Https,
        tasks: &mut Tasks,
    ) -> Result<Arc<Self>, NoIdentity> {
        match from {
            KeysFrom::Secret => Ok(Arc::new(Self::Secret)),
            KeysFrom::File(path) => Self::of_file(path, tasks),
            KeysFrom::Url(url) => Ok(Self::of_url(iss, url, settings, https, tasks)),
        }
    }

    fn of_url(
        iss: &str,
        url: Url,
        settings: refresh::Settings,
        https: &Https,
        tasks: &mut Tasks,
    ) -> Arc<Self> {
        let ring = Arc::new(Keyring::new(settings, Instant::now()));
        let (tell, asked) = watch::channel(false);
        let (kept, iss) = (Arc::clone(&ring), iss.to_owned());
        let source = Source {
            https: https.clone(),
            url,
        };
        tasks.spawn(async move {
            let tell = |news: News| {
                let meanwhile = match kept.current(Instant::now()) {
                    Some(_) => "those before count on",
                    None => "there are none, and calls with its tokens are UNAVAILABLE",
                };
                told(&iss, &source.url, &news, meanwhile);
                tell.send_replace(true);
            };
            kept.run(&source, random::unit, tell).await;
        });
        Arc::new(Self::Fetched { ring, asked })
    }

    fn of_file(path: PathBuf, tasks: &mut Tasks) -> Result<Arc<Self>, NoIdentity> {
        let mut watch = Watch::open(vec![path.clone()]);
        let keys = keys_of(&path, watch.contents())?;
        let edition = |keys, generation| Edition {
            keys: Arc::new(keys),
            generation,
            // As long as the file has them.
            until: Instant::now() + refresh::TIME_MAX * 1000,
        };
        let filed = Arc::new(Self::Filed(arc_swap::ArcSwap::from_pointee(edition(
            keys, 0,
        ))));
        let kept = Arc::clone(&filed);
        tasks.spawn(async move {
            let mut generation = 0;
            loop {
                match (keys_of(&path, watch.changed().await), &*kept) {
                    (Ok(keys), Self::Filed(current)) => {
                        generation += 1;
                        tracing::info!(file = %path.display(), keys = keys.len(), "an issuer's keys were read again");
                        current.store(Arc::new(edition(keys, generation)));
                    }
                    (Err(error), _) => {
                        tracing::warn!(%error, "an issuer's keys are no good; those before count on");
                    }
                    (Ok(_), Self::Fetched { .. } | Self::Secret) => return, // it is filed
                }
            }
        });
        Ok(filed)
    }

    /// Those that count now.
    pub(super) fn current(&self, now: Instant) -> Option<Arc<Edition>> {
        match self {
            Self::Fetched { ring, .. } => ring.current(now),
            Self::Filed(current) => Some(current.load_full()),
            Self::Secret => None,
        }
    }

    /// Which edition counts now: 0 where there is none.
    pub(super) fn generation(&self, now: Instant) -> u64 {
        self.current(now).map_or(0, |edition| edition.generation)
    }

    /// Waits for newer ones, if they may be asked for. Says whether there may be some now.
    pub(super) async fn ask_again(&self) -> bool {
        match self {
            Self::Fetched { ring, .. } => ring.ask_again().await,
            Self::Filed(_) | Self::Secret => false,
        }
    }

    /// Waits until its issuer was asked for once, whatever came of it.
    pub(super) async fn asked_once(&self) {
        if let Self::Fetched { asked, .. } = self {
            // An error where the task has ended, and nothing will come.
            let _ = asked.clone().wait_for(|asked| *asked).await;
        }
    }
}

/// An issuer that tells its keys.
struct Source {
    https: Https,
    url: Url,
}

impl Fetch for Source {
    async fn fetch(&self) -> Result<Bytes, FetchError> {
        let ask = Ask {
            url: &self.url,
            form: None,
            authorization: None,
            most: SET_BYTES_MAX,
        };
        let answer = self.https.ask(ask).await;
        answer.map_err(|error| FetchError(error.to_string()))
    }
}

/// `meanwhile` is what counts where there is nothing new.
fn told(iss: &str, url: &Url, news: &News, meanwhile: &str) {
    match news {
        News::Fetched(set) => {
            let (keys, ignored) = (set.keys.len(), set.ignored.len());
            tracing::debug!(issuer = iss, %url, keys, ignored, "an issuer's keys were fetched");
        }
        News::Failed(failure) => {
            tracing::warn!(issuer = iss, %url, %failure, "an issuer's keys could not be fetched; {meanwhile}");
        }
    }
}

pub(super) fn keys_of(path: &Path, contents: &[Content]) -> Result<Keys, NoIdentity> {
    match Keys::parse(text(path, contents)?) {
        Ok(set) => Ok(set.keys),
        Err(cause) => Err(NoIdentity::Keys {
            path: path.to_owned(),
            cause,
        }),
    }
}
