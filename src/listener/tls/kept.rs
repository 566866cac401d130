//! The files of a [`Tls`], kept current.
//!
//! They are looked at every second, and new ones count for the handshakes from then on. Ones that are
//! no good change nothing, for as long as they are: a file that somebody is still writing is good at the
//! next look, so it is told of only when it was no good twice.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use tokio::time::{Instant, timeout_at};

use super::serving::Texts;
use super::{Part, Tls, TlsError};
use crate::files::{Content, POLL, Watch};
use crate::pem::{InUse, now, tell_of};

/// The files that a [`Tls`] is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Certificate chains with the keys of their first certificates. The first is for everybody who asks
    /// for no other's name.
    pub identities: Vec<(PathBuf, PathBuf)>,
    /// The authorities of clients.
    pub client_ca: Option<PathBuf>,
    /// Lists of clients' certificates that were revoked.
    pub client_crl: Option<PathBuf>,
}

impl Files {
    /// All of them, in the order in which [`texts`](Self::texts) takes their contents.
    fn paths(&self) -> Vec<PathBuf> {
        let identities = self.identities.iter();
        let identities = identities.flat_map(|(certificate, key)| [certificate, key]);
        let clients = self.client_ca.iter().chain(&self.client_crl);
        identities.chain(clients).cloned().collect()
    }

    fn texts(&self, contents: &[Content]) -> Texts {
        let mut contents = contents.iter().cloned();
        let mut next = || {
            let unread = || Err("the file was not read".to_owned());
            contents.next().unwrap_or_else(unread)
        };
        Texts {
            identities: self.identities.iter().map(|_| (next(), next())).collect(),
            client_ca: self.client_ca.as_ref().map(|_| next()),
            client_crl: self.client_crl.as_ref().map(|_| next()),
        }
    }

    /// The file of a part.
    fn named(&self, part: Part) -> &Path {
        let pair = |index: usize| self.identities.get(index);
        let file = match part {
            Part::Certificate(index) => pair(index).map(|(certificate, _)| certificate),
            Part::Key(index) => pair(index).map(|(_, key)| key),
            Part::ClientCa => self.client_ca.as_ref(),
            Part::ClientCrl => self.client_crl.as_ref(),
        };
        file.map_or(Path::new(""), PathBuf::as_path)
    }

    /// Reads them for the first time.
    pub(super) fn open(&self) -> (Watch, Texts) {
        let watch = Watch::open(self.paths());
        let texts = self.texts(watch.contents());
        (watch, texts)
    }
}

impl Tls {
    /// Keeps the files current and tells when certificates end; never done. Whoever runs it runs it
    /// alone: a second one has no files to look at.
    pub(in crate::listener) fn keep_current(&self) -> impl Future<Output = ()> + Send + use<> {
        let tls = self.clone();
        async move {
            let watch = tls.take_files();
            let files = async {
                match watch {
                    Some((files, watch)) => tls.follow(&files, watch).await,
                    None => std::future::pending().await,
                }
            };
            tokio::join!(files, tell_of(|| tls.in_use()));
        }
    }

    async fn follow(&self, files: &Files, mut watch: Watch) {
        let mut told = Vec::new();
        let mut contents = watch.changed().await;
        loop {
            let wrong = self.renew(&files.texts(contents), now());
            if !wrong.is_empty() && wrong != told {
                let again = Instant::now() + POLL + POLL / 2;
                if let Ok(next) = timeout_at(again, watch.changed()).await {
                    contents = next;
                    continue;
                }
                for error in wrong.iter().filter(|error| !told.contains(error)) {
                    self.0.refused.fetch_add(1, Ordering::Relaxed);
                    let file = files.named(error.part).display();
                    tracing::warn!(%file, %error, "a file of TLS is no good; what was there before stays in force");
                }
            }
            told = wrong;
            contents = watch.changed().await;
        }
    }

    /// Takes what is good; what is not is as before, and why is told.
    pub(super) fn renew(&self, texts: &Texts, now: u64) -> Vec<TlsError> {
        let before = self.0.serving.load();
        let (next, mut wrong) = before.next(texts, self.0.choices, now);
        match next {
            Ok(next) => {
                if wrong.is_empty() {
                    self.0.taken.fetch_add(1, Ordering::Relaxed);
                    tracing::info!("handshakes are made with the new files of TLS");
                }
                self.0.serving.store(next.into());
            }
            Err(error) => wrong.push(error),
        }
        wrong
    }

    fn in_use(&self) -> Vec<InUse> {
        let serving = self.0.serving.load();
        let identities = serving.identities.iter();
        identities
            .map(|identity| InUse {
                name: (identity.hosts.first()).map_or_else(String::new, |host| host.to_string()),
                not_after: identity.not_after,
            })
            .collect()
    }
}
