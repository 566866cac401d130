//! Stub.
/// Plain.
#[must_use]
pub fn plain(t: &str) -> String {
    t.to_owned()
}
