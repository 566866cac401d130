//! What the gateway makes of backends that refuse, break, talk too much or are never listened to.

mod large;
mod once;
mod slow;
