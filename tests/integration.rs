//! All integration tests in one binary, so that they link once.
#![allow(clippy::unwrap_used)]

mod transcode {
    mod golden;
    mod messages;
    mod oracle;
    mod schemas;
}
