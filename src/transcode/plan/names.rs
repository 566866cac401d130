//! An immutable table from names to indices: open addressing, at most half full.
//!
//! The names come from descriptors, which may be hostile too, so the hash is seeded per table.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Names to indices.
#[derive(Debug)]
pub(crate) struct Names {
    seed: u64,
    /// Entry index + 1; 0 is empty. A power of two long.
    slots: Box<[u32]>,
    entries: Box<[(Box<[u8]>, u32)]>,
}

/// Odd, with well spread bits: the golden ratio.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

impl Names {
    /// Builds the table; of equal names the first stays.
    pub(crate) fn new<'n>(names: impl Iterator<Item = (&'n str, u32)>) -> Self {
        let names: Vec<_> = names.collect();
        let mut table = Self {
            seed: RandomState::new().build_hasher().finish(),
            slots: vec![0; (names.len() * 2).next_power_of_two().max(2)].into(),
            entries: Box::default(),
        };
        let mut entries: Vec<(Box<[u8]>, u32)> = Vec::with_capacity(names.len());
        for (name, index) in names {
            let name = name.as_bytes();
            let mut at = table.home(name);
            loop {
                match table.slots[at] {
                    0 => {
                        entries.push((name.into(), index));
                        table.slots[at] = entries.len() as u32;
                        break;
                    }
                    entry if &*entries[entry as usize - 1].0 == name => break,
                    _ => at = (at + 1) & (table.slots.len() - 1),
                }
            }
        }
        table.entries = entries.into();
        table
    }

    /// The index of a name.
    pub(crate) fn get(&self, name: &[u8]) -> Option<usize> {
        let mut at = self.home(name);
        loop {
            let entry = (*self.slots.get(at)? as usize).checked_sub(1)?;
            let (known, index) = self.entries.get(entry)?;
            if **known == *name {
                return Some(*index as usize);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Where the search for a name begins.
    fn home(&self, name: &[u8]) -> usize {
        hash(self.seed, name) as usize & (self.slots.len() - 1)
    }
}

/// Eight bytes at a time.
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let mut hash = seed ^ bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = chunk
            .first_chunk()
            .map_or(0, |word| u64::from_le_bytes(*word));
        hash = fold(hash ^ word);
    }
    let tail = chunks.remainder();
    let word = tail
        .iter()
        .fold(0, |word, byte| (word << 8) | u64::from(*byte));
    fold(hash ^ word)
}

fn fold(word: u64) -> u64 {
    let product = u128::from(word) * u128::from(MULTIPLIER);
    (product as u64) ^ (product >> 64) as u64
}
