//! Where a path's variables are: in place while there are few, as nearly always.

use std::ops::{Deref, Range};

/// More variables than this cost an allocation.
const IN_PLACE: usize = 6;

/// Byte ranges of a path, one for every variable of a template, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    few: [Range<usize>; IN_PLACE],
    length: usize,
    /// All of them, once they are too many.
    many: Vec<Range<usize>>,
}

impl Captures {
    pub(super) fn push(&mut self, range: Range<usize>) {
        match self.few.get_mut(self.length) {
            Some(place) => {
                *place = range;
                self.length += 1;
            }
            None => {
                if self.many.is_empty() {
                    self.many.extend_from_slice(&self.few);
                }
                self.many.push(range);
            }
        }
    }
}

impl Deref for Captures {
    type Target = [Range<usize>];

    fn deref(&self) -> &[Range<usize>] {
        if self.many.is_empty() {
            self.few.get(..self.length).unwrap_or_default()
        } else {
            &self.many
        }
    }
}

impl<'c> IntoIterator for &'c Captures {
    type Item = &'c Range<usize>;
    type IntoIter = std::slice::Iter<'c, Range<usize>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_are_kept_in_order() {
        for count in 0..20 {
            let mut captures = Captures::default();
            for n in 0..count {
                captures.push(n..n + 1);
            }
            assert_eq!(captures.len(), count);
            assert!(
                captures
                    .iter()
                    .enumerate()
                    .all(|(n, range)| range.start == n)
            );
        }
    }
}
