//! What the gateway makes of backends that refuse, break, talk too much or are never listened to.

mod cancelled;
mod large;
mod line;
mod once;
mod several;
mod slow;
