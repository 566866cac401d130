//! An input taken apart from its beginning, in a form that is easily written by hand and mutated.

/// The byte that ends a text; no UTF-8 has it.
const END: u8 = 0xff;

/// What is left of an input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'d>(pub(crate) &'d [u8]);

impl<'d> Cursor<'d> {
    /// The next byte; zero behind the end.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        byte
    }

    /// Bytes up to the next `0xff`, or all that are left.
    pub(crate) fn text(&mut self) -> &'d [u8] {
        let end = self.0.iter().position(|byte| *byte == END);
        let (text, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest.get(1..).unwrap_or_default();
        text
    }

    /// A byte that says how many, then so many bytes, or all that are left.
    pub(crate) fn bytes(&mut self) -> &'d [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes
    }

    /// The next line without its line feed, or all that is left.
    pub(crate) fn line(&mut self) -> &'d [u8] {
        let end = self.0.iter().position(|byte| *byte == b'\n');
        let (line, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest.get(1..).unwrap_or_default();
        line
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

/// What a byte chooses: letters from `A` on choose one after the other, other bytes any.
pub(crate) fn chosen<T>(by: u8, from: &[T]) -> &T {
    &from[usize::from(by.wrapping_sub(b'A')) % from.len()]
}
