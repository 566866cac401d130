//! Decompression takes its task a part of its turn: few bytes can become many, and whoever sends such
//! messages one behind the other must not keep the others on the thread from theirs.
//!
//! The turn is tokio's: [a budget](tokio::task::coop) of 128 steps, after which a task waits until
//! all others, and the sockets, have been looked after.

use std::task::{Context, Poll};

use tokio::task::coop;

/// Plain bytes that are one step; 4 MiB are a whole turn.
const STEP: usize = 32 << 10;

/// Counts the work of decompressing so many plain bytes; a decoder to begin with is a step too.
pub fn spend(plain: usize, cx: &mut Context<'_>) {
    for _ in 0..=plain / STEP {
        let Poll::Ready(step) = coop::poll_proceed(cx) else {
            return;
        };
        step.made_progress();
    }
}

/// Ready while the task has its turn; takes nothing from it.
pub fn poll_turn(cx: &mut Context<'_>) -> Poll<()> {
    coop::poll_proceed(cx).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_large_message_ends_the_turn_and_small_ones_do_so_together() {
        for (plain, expected) in [(4 << 20, 1), (4 << 10, 128), (0, 128)] {
            tokio::task::yield_now().await;
            let mut taken = 0;
            std::future::poll_fn(|cx| {
                taken = 0;
                while poll_turn(cx).is_ready() {
                    taken += 1;
                    spend(plain, cx);
                }
                Poll::Ready(())
            })
            .await;
            assert_eq!(taken, expected, "{plain}");
        }
    }
}
