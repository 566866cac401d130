//! The integration tests, as one binary, so that they link once.

mod cli;
