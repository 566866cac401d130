//! Decompression, step by step: the caller has the buffers, on both sides.

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation as _, OutBuffer};

use super::{Coding, WINDOW_LOG_MAX};

/// The base-2 logarithm of gzip's window.
const GZIP_WINDOW_LOG: u8 = 15;

/// What is wrong with compressed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// They break the format or their checksum, or ask for more memory than they get.
    #[error("the data is corrupt, or needs a larger window than is taken")]
    Corrupt,
    /// There are more members or frames, one behind the other, than a message has.
    #[error("the data has too many members")]
    Members,
    /// They end too early.
    #[error("the data ends too early")]
    Truncated,
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Compressed bytes it took.
    pub read: usize,
    /// Plain bytes it gave.
    pub written: usize,
}

/// Decompresses a stream whose pieces may be cut anywhere.
pub struct Inflater {
    decoder: State,
    stage: Stage,
    members: usize,
}

enum State {
    Gzip(Decompress),
    Zstd(Decoder<'static>),
    Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>),
}

/// Where in the stream the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// At the beginning.
    Fresh,
    /// In a member or frame.
    Within,
    /// Behind one.
    Behind,
}

impl Inflater {
    /// A decoder at the beginning of a stream.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn new(coding: Coding) -> Result<Self, Fault> {
        let decoder = match coding {
            Coding::Gzip => State::Gzip(Decompress::new_gzip(GZIP_WINDOW_LOG)),
            Coding::Zstd => {
                let mut decoder = Decoder::new().map_err(|_| Fault::Corrupt)?;
                decoder
                    .set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))
                    .map_err(|_| Fault::Corrupt)?;
                State::Zstd(decoder)
            }
            Coding::Brotli => State::Brotli(Box::new(BrotliState::new_strict(
                StandardAlloc::default(),
                StandardAlloc::default(),
                StandardAlloc::default(),
            ))),
        };
        Ok(Self {
            decoder,
            stage: Stage::Fresh,
            members: 0,
        })
    }

    /// Takes some of `input` and gives some of `output`. All there is for now has been given when
    /// no input is left and the output is not full. At least one byte goes in or out as long as
    /// there is input, and room for output.
    ///
    /// # Errors
    /// The bytes are broken. Nothing more can be read from them.
    pub fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        if self.stage != Stage::Within && input.is_empty() {
            return Ok(Step {
                read: 0,
                written: 0,
            });
        }
        let (step, is_end) = match &mut self.decoder {
            State::Gzip(decoder) => {
                if self.stage == Stage::Behind {
                    decoder.reset(true);
                }
                let before = (decoder.total_in(), decoder.total_out());
                let status = decoder
                    .decompress(input, output, FlushDecompress::None)
                    .map_err(|_| Fault::Corrupt)?;
                let step = Step {
                    read: length(decoder.total_in() - before.0),
                    written: length(decoder.total_out() - before.1),
                };
                (step, status == Status::StreamEnd)
            }
            State::Zstd(decoder) => {
                let mut input = InBuffer::around(input);
                let mut output = OutBuffer::around(output);
                let left = decoder
                    .run(&mut input, &mut output)
                    .map_err(|_| Fault::Corrupt)?;
                let step = Step {
                    read: input.pos(),
                    written: output.pos(),
                };
                (step, left == 0)
            }
            State::Brotli(_) if self.stage == Stage::Behind => return Err(Fault::Corrupt),
            State::Brotli(state) => {
                let (mut read, mut written) = (0, 0);
                let result = BrotliDecompressStream(
                    &mut input.len().clone(),
                    &mut read,
                    input,
                    &mut output.len().clone(),
                    &mut written,
                    output,
                    &mut 0,
                    state,
                );
                let is_end = match result {
                    BrotliResult::ResultSuccess => true,
                    BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => false,
                    BrotliResult::ResultFailure => return Err(Fault::Corrupt),
                };
                (Step { read, written }, is_end)
            }
        };
        self.members += usize::from(is_end);
        self.stage = if is_end { Stage::Behind } else { Stage::Within };
        let is_stuck = step.read == 0 && step.written == 0 && !is_end;
        if is_stuck && !input.is_empty() && !output.is_empty() {
            return Err(Fault::Corrupt);
        }
        Ok(step)
    }

    /// How many members or frames have ended.
    #[must_use]
    pub const fn members(&self) -> usize {
        self.members
    }

    /// Says that the stream has ended. No bytes at all are an empty stream.
    ///
    /// # Errors
    /// It ended too early.
    pub const fn finish(&self) -> Result<(), Fault> {
        match self.stage {
            Stage::Within => Err(Fault::Truncated),
            Stage::Fresh | Stage::Behind => Ok(()),
        }
    }
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflater")
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// A count of bytes of one slice.
fn length(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
