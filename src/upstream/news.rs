//! Whether an upstream was reached again after a connection to it was lost: it may be another version
//! of it that answers now.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// What one who waits for it hears of an upstream.
#[derive(Debug, Default)]
pub struct News {
    lost: AtomicBool,
    reached: Notify,
    connected: Notify,
}

impl News {
    /// A connection ended.
    pub(super) fn disconnected(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    /// A connection was made.
    pub(super) fn connected(&self) {
        if self.lost.swap(false, Ordering::Relaxed) {
            self.reached.notify_one();
        }
        self.connected.notify_waiters();
    }

    /// Resolves when the next connection is made.
    pub(super) fn connection(&self) -> Notified<'_> {
        self.connected.notified()
    }

    /// Resolves when it was reached again; at once if that was since it was asked last. For one who
    /// waits.
    pub async fn reached_again(&self) {
        self.reached.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_connection_after_a_lost_one_is_news() {
        let news = News::default();
        let is_news = async || {
            let second = std::time::Duration::from_secs(1);
            let heard = tokio::time::timeout(second, news.reached_again()).await;
            heard.is_ok()
        };
        news.connected();
        assert!(!is_news().await);
        news.disconnected();
        news.disconnected();
        assert!(!is_news().await);
        news.connected();
        news.connected();
        assert!(is_news().await);
        assert!(!is_news().await);
    }
}
