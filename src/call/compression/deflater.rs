//! Compression for answers: fast levels, since nobody reads an answer twice.

use std::io::{self, Write as _};

use brotli::CompressorWriter;
use brotli::enc::BrotliEncoderParams;
use flate2::write::GzEncoder;

use super::Coding;

/// Of 9. One more costs a quarter more time and saves one per cent.
const GZIP_LEVEL: u32 = 5;
/// Of 22.
const ZSTD_LEVEL: i32 = 3;
/// Of 11.
const BROTLI_QUALITY: i32 = 4;
/// Base-2 logarithms of Brotli's windows: as large as the content, within these.
const BROTLI_WINDOW_LOGS: (u32, u32) = (16, 20);
/// Bytes that Brotli's encoder hands out at a time.
const BROTLI_BUFFER: usize = 8 << 10;

/// Compresses content whose length is known.
pub struct Deflater(Encoder);

enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    Brotli(Box<CompressorWriter<Vec<u8>>>),
}

impl Deflater {
    /// An encoder for content of exactly `length` bytes.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn new(coding: Coding, length: u64) -> io::Result<Self> {
        let out = Vec::new();
        Ok(Self(match coding {
            Coding::Gzip => {
                Encoder::Gzip(GzEncoder::new(out, flate2::Compression::new(GZIP_LEVEL)))
            }
            Coding::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)?;
                encoder.set_pledged_src_size(Some(length))?;
                Encoder::Zstd(encoder)
            }
            Coding::Brotli => {
                let (least, most) = BROTLI_WINDOW_LOGS;
                let log = length.max(1).ilog2().saturating_add(1);
                let params = BrotliEncoderParams {
                    quality: BROTLI_QUALITY,
                    lgwin: i32::try_from(log.clamp(least, most)).unwrap_or_default(),
                    size_hint: usize::try_from(length).unwrap_or(usize::MAX),
                    ..BrotliEncoderParams::default()
                };
                let writer = CompressorWriter::with_params(out, BROTLI_BUFFER, &params);
                Encoder::Brotli(Box::new(writer))
            }
        }))
    }

    /// Compresses more of the content; gives what is ready.
    ///
    /// # Errors
    /// The content is longer than was said.
    pub fn write(&mut self, plain: &[u8]) -> io::Result<Vec<u8>> {
        let out = match &mut self.0 {
            Encoder::Gzip(encoder) => {
                encoder.write_all(plain)?;
                encoder.get_mut()
            }
            Encoder::Zstd(encoder) => {
                encoder.write_all(plain)?;
                encoder.get_mut()
            }
            Encoder::Brotli(encoder) => {
                encoder.write_all(plain)?;
                encoder.get_mut()
            }
        };
        Ok(std::mem::take(out))
    }

    /// Ends the content; gives the rest.
    ///
    /// # Errors
    /// The content is shorter than was said.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        match self.0 {
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Zstd(encoder) => encoder.finish(),
            Encoder::Brotli(encoder) => Ok(encoder.into_inner()),
        }
    }
}

impl std::fmt::Debug for Deflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Encoder::Gzip(_) => "Deflater(gzip)",
            Encoder::Zstd(_) => "Deflater(zstd)",
            Encoder::Brotli(_) => "Deflater(br)",
        })
    }
}
