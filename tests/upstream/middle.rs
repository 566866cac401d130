//! The middle of a call, of every kind: what a backend has done by then, and what its client has seen.

use crate::support::calls::conversation::{Conversation, Kind, Way};
use crate::support::scripted::{Fields, Pace, Script, Scripted};

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The backend has read what the client has said so far, and has not answered.
    Asked,
    /// Its answer has begun: a stream with its first message, others with half of their only one.
    Answered,
}

impl Stage {
    pub(super) const ALL: [Self; 2] = [Self::Asked, Self::Answered];
}

/// Bytes of a message in a stream, its prefix included.
const SIZE: usize = 16;

/// The beginning of a message of nine bytes.
const HALF: &[u8] = b"\x00\x00\x00\x00\x09\x0a";

/// What the backend does up to the middle of a call; from then on it does nothing.
pub(super) fn middle(rpc: &str, stage: Stage) -> Script {
    let kind = Kind::of(rpc);
    let asked = match kind {
        Kind::Unary | Kind::Server => Script::new().read(),
        Kind::Client | Kind::Bidi => Script::new().read_messages(kind.said()),
    };
    match (stage, kind) {
        (Stage::Asked, _) => asked,
        (Stage::Answered, Kind::Unary | Kind::Client) => asked.headers(Fields::new()).raw(HALF),
        (Stage::Answered, Kind::Server | Kind::Bidi) => asked.stream(1, SIZE, Pace::Full),
    }
}

/// The call, once it is in its middle.
pub(super) async fn under_way(
    mut call: Conversation,
    backend: &Scripted,
    way: Way,
    stage: Stage,
) -> Conversation {
    if stage == Stage::Answered && way.kind.streams() {
        call.first().await;
    }
    backend
        .until(|record| {
            let last = record.calls.last();
            last.is_some_and(|last| {
                Kind::of(&last.seen.path) == way.kind && last.messages.len() >= way.kind.said()
            })
        })
        .await;
    call
}
