//! A password of the gateway: read from a file, and shown to nobody.

use std::fmt;

/// Bytes of a secret at most.
pub const SECRET_BYTES_MAX: usize = 64 * 1024;

/// What is shown to nobody, not in logs either.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl Secret {
    /// What is in a file of its own, without the line's end that editors leave.
    ///
    /// # Errors
    /// It is empty, or no text, or too long.
    pub fn of_file(content: Vec<u8>) -> Result<Self, &'static str> {
        if content.len() > SECRET_BYTES_MAX {
            return Err("found more than 64 KiB, expected a secret");
        }
        let mut text = String::from_utf8(content).map_err(|_| "found bytes that are not UTF-8")?;
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
        if text.is_empty() {
            return Err("found an empty file, expected a secret");
        }
        Ok(Self(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
