//! All integration tests in one binary, so that they link once.
#![allow(clippy::unwrap_used)]

mod transcode {
    mod golden;
    mod judge;
    mod messages;
    mod mutations;
    mod oracle;
    mod schemas;
}
