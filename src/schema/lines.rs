//! On which line of its file each thing is declared, as the compiler has noted it.

use std::collections::HashMap;

use prost::Message as _;

use super::source::Entry;

/// Lines by the place of what stands there.
#[derive(Debug, Default)]
pub struct Lines {
    files: HashMap<Box<str>, HashMap<Box<[i32]>, u32>>,
}

impl Lines {
    /// The line, counted from 1, of a place of a file in the words of `SourceCodeInfo.Location.path`. Nobody
    /// knows it of a schema by reflection, which seldom has source information.
    #[must_use]
    pub fn of_place(&self, file: &str, path: &[i32]) -> Option<u32> {
        self.files.get(file)?.get(path).copied()
    }

    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut files = HashMap::new();
        for entry in entries {
            let info = entry.file.source_code_info.as_ref();
            let info = info.and_then(|info| prost_types::SourceCodeInfo::decode(info.clone()).ok());
            let Some(info) = info else { continue };
            let mut lines: HashMap<Box<[i32]>, u32> = HashMap::new();
            for at in info.location {
                let line = at.span.first().and_then(|line| u32::try_from(*line).ok());
                if let Some(line) = line.and_then(|line| line.checked_add(1)) {
                    lines.entry(at.path.into()).or_insert(line);
                }
            }
            files.insert(entry.file.name().into(), lines);
        }
        Self { files }
    }
}
