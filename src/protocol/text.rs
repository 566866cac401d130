//! The base64 around gRPC-Web's text form, both ways, cut anywhere.
//!
//! A text body is a sequence of padded base64 strings, one for each piece that its sender flushed,
//! so padding may stand behind any group of four characters and not only at the end. The decoder is
//! pure and holds less than a group; of every piece that leaves the encoder makes one padded string,
//! so that it can be read before more comes.

use base64_simd::STANDARD;
use bytes::Bytes;

/// Characters that stand for three bytes.
const GROUP: usize = 4;

/// Text that is not base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// A group with characters, or padding, that base64 does not have there.
    #[error("the body is not base64, as the text form of gRPC-Web is")]
    Malformed,
    /// The text ends within a group.
    #[error("unexpected EOF: the base64 text ends within a group of four characters")]
    Truncated,
}

/// Base64 to bytes, in pieces. What stands before a mistake is given out all the same, so that it
/// makes no difference where the pieces were cut.
#[derive(Debug, Default)]
pub struct TextDecoder {
    /// The first characters of a group whose others have not come.
    carry: [u8; GROUP],
    carried: usize,
    fault: Option<TextError>,
}

impl TextDecoder {
    /// The bytes of all groups that are complete now, up to the first mistake.
    pub fn decode(&mut self, text: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity((self.carried + text.len()) / GROUP * 3);
        if self.fault.is_none()
            && let Err(error) = self.decode_into(text, &mut out)
        {
            self.fault = Some(error);
        }
        out.into()
    }

    fn decode_into(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), TextError> {
        let mut rest = text;
        if self.carried > 0 {
            let take = (GROUP - self.carried).min(rest.len());
            let (more, after) = rest.split_at_checked(take).ok_or(TextError::Malformed)?;
            self.carry(more);
            rest = after;
            if self.carried < GROUP {
                return Ok(());
            }
            self.carried = 0;
            decode_string(&self.carry, out)?;
        }
        let whole = rest.len() - rest.len() % GROUP;
        let (mut groups, left) = rest.split_at_checked(whole).ok_or(TextError::Malformed)?;
        while let Some(padding) = memchr::memchr(b'=', groups) {
            let end = (padding / GROUP + 1) * GROUP;
            let (string, after) = groups.split_at_checked(end).ok_or(TextError::Malformed)?;
            decode_string(string, out)?;
            groups = after;
        }
        decode_string(groups, out)?;
        self.carry(left);
        Ok(())
    }

    /// Keeps characters until the others of their group come.
    fn carry(&mut self, characters: &[u8]) {
        let end = self.carried + characters.len();
        if let Some(room) = self.carry.get_mut(self.carried..end) {
            room.copy_from_slice(characters);
            self.carried = end;
        }
    }

    /// The first mistake, if there was one: nothing behind it is read.
    #[must_use]
    pub const fn fault(&self) -> Option<TextError> {
        self.fault
    }

    /// Says that the text has ended.
    ///
    /// # Errors
    /// It is not base64, or ended within a group.
    pub const fn finish(&self) -> Result<(), TextError> {
        match self.fault {
            Some(fault) => Err(fault),
            None if self.carried > 0 => Err(TextError::Truncated),
            None => Ok(()),
        }
    }
}

/// Appends what one base64 string stands for, of which the last group alone may be padded.
fn decode_string(text: &[u8], out: &mut Vec<u8>) -> Result<(), TextError> {
    if text.is_empty() || STANDARD.decode_append(text, out).is_ok() {
        return Ok(());
    }
    let good = |group: &&[u8]| STANDARD.check(group).is_ok();
    for group in text.chunks(GROUP).take_while(good) {
        STANDARD
            .decode_append(group, out)
            .map_err(|_| TextError::Malformed)?;
    }
    Err(TextError::Malformed)
}

/// One padded base64 string.
pub(super) fn encode(data: &[u8]) -> Bytes {
    STANDARD.encode_type::<Vec<u8>>(data).into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Decodes text that comes in these pieces.
    fn decoded<'t>(pieces: impl IntoIterator<Item = &'t [u8]>) -> Result<Vec<u8>, TextError> {
        let mut decoder = TextDecoder::default();
        let mut out = Vec::new();
        for piece in pieces {
            out.extend_from_slice(&decoder.decode(piece));
        }
        decoder.finish()?;
        Ok(out)
    }

    #[test]
    fn padding_may_stand_behind_any_group_and_cuts_anywhere() {
        let text = b"YQ==YWI=YWJjYQ==YWJjZGVmZw==";
        let plain = b"aababcaabcdefg";
        for cut in 0..=text.len() {
            let (start, end) = text.split_at(cut);
            assert_eq!(decoded([start, end]).unwrap(), plain, "cut at {cut}");
        }
        assert_eq!(decoded(text.chunks(1)).unwrap(), plain);
        assert_eq!(decoded([&b""[..]]).unwrap(), b"");
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for text in [
            &b"YQ=a"[..],
            b"Y===",
            b"====",
            b"=YQ=",
            b"YQ-_",
            b"YQ \n",
            b"YWJj\r\n\r\n",
            b"YR==",
            b"\0\0\0\0",
            b"YQ==*QQQ",
        ] {
            for piece in [1, 3, 4, text.len()] {
                let found = decoded(text.chunks(piece));
                assert_eq!(found, Err(TextError::Malformed), "{}", text.escape_ascii());
            }
        }
        for text in ["Y", "YQ", "YQ=", "YWJjY"] {
            assert_eq!(
                decoded([text.as_bytes()]),
                Err(TextError::Truncated),
                "{text}"
            );
        }
    }

    #[test]
    fn what_stands_before_a_mistake_is_read_wherever_the_text_is_cut() {
        let text = b"YWJjYWJjYQ==YWI=AAA*YWJj";
        for size in 1..=text.len() {
            let mut decoder = TextDecoder::default();
            let out: Vec<u8> = text
                .chunks(size)
                .flat_map(|piece| decoder.decode(piece))
                .collect();
            assert_eq!(out, b"abcabcaab");
            assert_eq!(decoder.fault(), Some(TextError::Malformed));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_in_pieces_is_read_in_others(
            pieces: Vec<Vec<u8>>, size in 1_usize..20,
        ) {
            let text: Vec<u8> = pieces.iter().flat_map(|piece| encode(piece)).collect();
            prop_assert_eq!(decoded(text.chunks(size)).unwrap(), pieces.concat());
        }
    }
}
