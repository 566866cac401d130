//! Reading the configuration again while a gateway runs: at SIGHUP, when one of its files changes, and
//! when operators wish it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;

use super::signal::Hangup;
use crate::config::{self, Flags, Settings};
use crate::gateway::{Gateway, Settling, Stamp, Wish};

/// How often the files are looked at. They are read when they look the same twice.
const LOOK: Duration = Duration::from_millis(500);

/// From one reading to the next at least: whatever comes meanwhile is granted by one.
const SPACING: Duration = Duration::from_millis(250);

/// Who reads the configuration again, from where it was read first.
pub(super) struct Reloads {
    file: Option<PathBuf>,
    flags: Flags,
    running: Settings,
}

impl Reloads {
    /// For a gateway of these settings.
    pub(super) fn new(file: Option<&Path>, flags: Flags, running: Settings) -> Self {
        Self {
            file: file.map(Path::to_owned),
            flags,
            running,
        }
    }

    /// Reads it again and again, when somebody wants it; for ever.
    pub(super) async fn run(mut self, gateway: &Gateway, mut hangups: Hangup) {
        let mut wishes = gateway.wishes();
        let mut files = self.running.files();
        let mut settling = Settling::after(stamp(&files).await);
        loop {
            let mut granted = Vec::new();
            tokio::select! {
                () = hangups.next() => {}
                wish = next(&mut wishes) => granted.push(wish),
                () = changed(&files, &mut settling) => {}
            }
            while let Some(wish) = wishes.as_mut().and_then(|wishes| wishes.try_recv().ok()) {
                granted.push(wish);
            }
            // What is written from now on is for the next reading.
            let before = stamp(&files).await;
            let outcome = self.read_again(gateway).await;
            let now = self.running.files();
            settling = if now == files {
                Settling::after(before)
            } else {
                Settling::after(stamp(&now).await)
            };
            files = now;
            for wish in granted {
                wish.answer(outcome.clone());
            }
            tokio::time::sleep(SPACING).await;
        }
    }

    /// What was taken, in words, or why nothing was.
    async fn read_again(&mut self, gateway: &Gateway) -> Result<String, String> {
        let (file, flags) = (self.file.clone(), self.flags.clone());
        let reading = tokio::task::spawn_blocking(move || {
            config::load(file.as_deref(), &flags).and_then(Settings::for_reload)
        });
        let mut settings = match reading.await {
            Ok(Ok(settings)) => settings,
            Ok(Err(error)) => {
                let reason = error.to_string();
                gateway.refuse(&reason);
                return Err(reason);
            }
            Err(lost) => return Err(lost.to_string()),
        };
        for notice in settings.notices() {
            tracing::warn!("{notice}");
        }
        let more = self.running.fixed(&settings);
        self.running.keep_shown(&mut settings, &more);
        let reloaded = gateway.reload(settings.gateway.clone()).await;
        let reloaded = reloaded.map_err(|error| error.to_string())?;
        for key in &more {
            tracing::warn!(key, "another value of this key needs a restart");
        }
        // What needs a restart is told each time: it is not what runs.
        self.running.replace_files(&settings);
        let mut told = format!("taken: configuration {}", reloaded.generation);
        for key in reloaded.fixed.iter().chain(&more) {
            told.push_str(&format!("\n{key}: another value needs a restart"));
        }
        for reason in &reloaded.ineffective {
            told.push_str(&format!("\nwithout effect: {reason}"));
        }
        Ok(told)
    }
}

/// The next wish; none ever comes where somebody else hears them.
async fn next(wishes: &mut Option<mpsc::Receiver<Wish>>) -> Wish {
    if let Some(wishes) = wishes
        && let Some(wish) = wishes.recv().await
    {
        return wish;
    }
    std::future::pending().await
}

/// Resolves when the files are to be read again.
async fn changed(files: &[PathBuf], settling: &mut Settling) {
    loop {
        tokio::time::sleep(LOOK).await;
        if settling.look(stamp(files).await) {
            return;
        }
    }
}

async fn stamp(files: &[PathBuf]) -> Stamp {
    let files = files.to_vec();
    let looking =
        tokio::task::spawn_blocking(move || Stamp::of(files.iter().map(PathBuf::as_path)));
    // It is lost only when the runtime ends, and this with it.
    looking.await.unwrap_or_default()
}
