//! Memory of a whole process: larger than any message, or what the kernel says.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{QuantityVisitor, UnitError, bytes, written};

/// The most memory a file may name: 1 TiB.
const MEMORY_MAX: u64 = 1 << 40;

/// A number of bytes as of [`ByteSize`](super::ByteSize), and `TiB`, `TB`; or `auto`: what fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemorySize(pub Option<u64>);

const MEMORY: &str = "`auto`, or a size of 1 byte to 1 TiB, such as `512MiB` or `2GiB`";

impl FromStr for MemorySize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        if text == "auto" {
            return Ok(Self(None));
        }
        match bytes(text) {
            Some(bytes @ 1..=MEMORY_MAX) => Ok(Self(Some(bytes))),
            Some(_) | None => Err(UnitError::new(text, MEMORY)),
        }
    }
}

impl fmt::Display for MemorySize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(bytes) => written(bytes, f),
            None => f.write_str("auto"),
        }
    }
}

quantity!(MemorySize, MEMORY, deserialize_any, {
    "anyOf": [
        { "type": "string", "pattern": "^([0-9]+(B|KiB|MiB|GiB|TiB|kB|KB|MB|GB|TB)?|auto)$" },
        { "type": "integer", "minimum": 1, "maximum": MEMORY_MAX }
    ]
});
serialized_as_text!(MemorySize);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_and_printed_alike() {
        for (text, bytes) in [
            ("auto", None),
            ("512MiB", Some(512 << 20)),
            ("2GiB", Some(2 << 30)),
            ("1TiB", Some(1 << 40)),
            ("7B", Some(7)),
        ] {
            let size: MemorySize = text.parse().unwrap();
            assert_eq!(size.0, bytes);
            assert_eq!(size.to_string(), text);
        }
        assert_eq!("4GB".parse::<MemorySize>().unwrap().0, Some(4_000_000_000));
        for wrong in ["", "0", "2TiB", "none", "1.5GiB", "-1", "99999999999TiB"] {
            assert!(wrong.parse::<MemorySize>().is_err(), "{wrong:?}");
        }
    }
}
