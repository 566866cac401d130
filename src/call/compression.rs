//! Compression: of single gRPC messages, and as streams for HTTP bodies.
//!
//! ```text
//! Inflater   compressed bytes, cut anywhere ──► plain bytes, as many as there is room for
//! Deflater   plain bytes ──► compressed bytes
//! open       a compressed message ──► the plain one         both count plain bytes and
//! measure    a compressed message ──► how long it would be  stop above the limit
//! ```
//!
//! Pure, and safe against bombs: nothing is allocated for bytes that have not been decompressed
//! yet, and no more than the limit for those that have. What a decoder keeps by itself is bounded
//! by its window: 32 KiB for gzip, [`WINDOW_LOG_MAX`] for zstd, 16 MiB for Brotli without its
//! large-window extension, each used only as far as the content is long.
//!
//! Members of a gzip stream and frames of a zstd stream that stand one behind the other are one
//! content, and counted together.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Code, Message};

mod deflater;
mod inflater;
mod turn;

pub use deflater::Deflater;
pub use inflater::{Fault, Inflater, Step};
pub use turn::{poll_turn, spend};

/// The base-2 logarithm of the largest zstd window that is taken: 8 MiB (RFC 9659).
pub const WINDOW_LOG_MAX: u32 = 23;

/// Members or frames of one message, at most. Each takes a while to begin, whatever is in it, and
/// one would do.
const MEMBERS_MAX: usize = 1024;

/// Bytes that are counted at a time; they overwrite each other.
const SCRATCH: usize = 16 << 10;

/// The header field that names how messages are compressed.
pub const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

/// The header field that names what messages may be compressed in. Connect's streams have the same
/// two under names of their own.
pub const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// A way to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// DEFLATE with gzip's header and checksum (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
    /// Brotli (RFC 7932).
    Brotli,
}

impl Coding {
    /// The coding's name in `grpc-encoding` and `content-encoding`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Brotli => "br",
        }
    }

    /// The name as a header value.
    #[must_use]
    pub const fn value(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    /// The coding of messages that has this name.
    #[must_use]
    pub fn of_messages(name: &[u8]) -> Option<Self> {
        [Self::Gzip, Self::Zstd, Self::Brotli]
            .into_iter()
            .find(|coding| name.eq_ignore_ascii_case(coding.name().as_bytes()))
    }

    /// The coding of HTTP content that has this name. `x-gzip` is gzip (RFC 9110, section 8.4.1.3).
    #[must_use]
    pub fn of_content(name: &[u8]) -> Option<Self> {
        if name.eq_ignore_ascii_case(b"x-gzip") {
            Some(Self::Gzip)
        } else {
            Self::of_messages(name)
        }
    }
}

/// Codings of messages that somebody takes besides none at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codings {
    gzip: bool,
    zstd: bool,
    brotli: bool,
}

impl Codings {
    /// Messages have to come as they are.
    pub const NONE: Self = Self {
        gzip: false,
        zstd: false,
        brotli: false,
    };

    /// Everything that can be opened here.
    pub const ALL: Self = Self {
        gzip: true,
        zstd: true,
        brotli: true,
    };

    /// What this field names, [`GRPC_ACCEPT_ENCODING`] or Connect's, as far as it is known here:
    /// what is not could neither be counted nor opened.
    #[must_use]
    pub fn accepted(headers: &HeaderMap, field: &HeaderName) -> Self {
        let mut codings = Self::NONE;
        let values = headers.get_all(field).iter();
        for name in values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')) {
            match Coding::of_messages(name.trim_ascii()) {
                Some(Coding::Gzip) => codings.gzip = true,
                Some(Coding::Zstd) => codings.zstd = true,
                Some(Coding::Brotli) => codings.brotli = true,
                None => {}
            }
        }
        codings
    }

    /// True if this coding is one of them.
    #[must_use]
    pub const fn contains(self, coding: Coding) -> bool {
        match coding {
            Coding::Gzip => self.gzip,
            Coding::Zstd => self.zstd,
            Coding::Brotli => self.brotli,
        }
    }

    /// Their value of [`GRPC_ACCEPT_ENCODING`].
    #[must_use]
    pub const fn value(self) -> HeaderValue {
        HeaderValue::from_static(match (self.gzip, self.zstd, self.brotli) {
            (true, true, true) => "gzip,zstd,br",
            (true, true, false) => "gzip,zstd",
            (true, false, true) => "gzip,br",
            (true, false, false) => "gzip",
            (false, true, true) => "zstd,br",
            (false, true, false) => "zstd",
            (false, false, true) => "br",
            (false, false, false) => "identity",
        })
    }
}

/// How a call's messages are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encodings {
    /// What the request messages with their compressed flag set are compressed in, if some are.
    pub request: Option<Packed>,
    /// What the caller wants of reply messages.
    pub accept: Accept,
}

/// How request messages are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    /// In this.
    pub coding: Coding,
    /// What is in them has been counted: it is no more than this.
    pub max: usize,
}

impl Packed {
    /// The plain message of one that may be compressed, for a backend that is not known to take it
    /// as it is.
    ///
    /// # Errors
    /// It is broken.
    pub fn open(self, message: Message) -> Result<Message, Unopened> {
        if message.is_compressed() {
            open(&message, self.coding, self.max)
        } else {
            Ok(message)
        }
    }
}

/// In what form a caller takes reply messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accept {
    /// Plain, to read them. The backend may compress them in anything that can be opened here.
    #[default]
    Opened,
    /// To pass them on to somebody who takes these codings. The backend is offered no others, and
    /// what it compresses otherwise is opened.
    Passed(Codings),
}

/// Why a compressed message is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// It is longer than allowed, decompressed.
    #[error("a compressed message exceeds the limit of {max} bytes when decompressed")]
    TooLarge {
        /// Plain bytes at most.
        max: usize,
    },
    /// Its bytes are not of the coding they should be.
    #[error("a compressed message is not valid {}: {fault}", .coding.name())]
    Broken {
        /// What it should be.
        coding: Coding,
        /// What is wrong.
        fault: Fault,
    },
}

impl Unopened {
    /// The status code of a call that ends by it.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::TooLarge { .. } => Code::ResourceExhausted,
            Self::Broken { .. } => Code::Internal,
        }
    }
}

/// The plain message of a compressed one. An empty payload is an empty message in every coding.
///
/// # Errors
/// It is broken, or its plain payload has more than `max` bytes.
pub fn open(message: &Message, coding: Coding, max: usize) -> Result<Message, Unopened> {
    Message::build(|out| inflate(coding, message.payload_bytes(), max, out))
}

/// How many plain bytes a compressed message has; they are counted, not kept.
///
/// # Errors
/// It is broken, or they are more than `max`.
pub fn measure(message: &Message, coding: Coding, max: usize) -> Result<usize, Unopened> {
    count(coding, message.payload_bytes(), max)
}

fn count(coding: Coding, mut input: &[u8], max: usize) -> Result<usize, Unopened> {
    let broken = |fault| Unopened::Broken { coding, fault };
    let mut inflater = Inflater::new(coding).map_err(broken)?;
    let mut scratch = [0; SCRATCH];
    let mut size = 0;
    loop {
        let step = inflater.step(input, &mut scratch).map_err(broken)?;
        input = input.get(step.read..).unwrap_or_default();
        size += step.written;
        if size > max {
            return Err(Unopened::TooLarge { max });
        }
        check_members(&inflater).map_err(broken)?;
        if input.is_empty() && step.written < SCRATCH {
            inflater.finish().map_err(broken)?;
            return Ok(size);
        }
    }
}

/// Appends the plain bytes. They are allocated once, at their exact number: the one that the
/// payload states, or else, and if that is not true, the one that has been counted.
fn inflate(coding: Coding, payload: &[u8], max: usize, out: &mut Vec<u8>) -> Result<(), Unopened> {
    let size = match stated(coding, payload).filter(|size| *size <= max) {
        Some(size) => size,
        None => count(coding, payload, max)?,
    };
    if fill(coding, payload, size, out)? == Filled::All {
        return Ok(());
    }
    let size = count(coding, payload, max)?;
    match fill(coding, payload, size, out)? {
        Filled::All => Ok(()),
        Filled::Short => Err(Unopened::Broken {
            coding,
            fault: Fault::Corrupt,
        }),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filled {
    All,
    /// There is more than was said; nothing has been appended.
    Short,
}

fn fill(
    coding: Coding,
    mut input: &[u8],
    size: usize,
    out: &mut Vec<u8>,
) -> Result<Filled, Unopened> {
    let broken = |fault| Unopened::Broken { coding, fault };
    let mut inflater = Inflater::new(coding).map_err(broken)?;
    let start = out.len();
    out.reserve_exact(size);
    out.resize(start + size, 0);
    let mut end = start;
    // Room for what must not come: a checksum is only looked at when somebody asks for more.
    let mut beyond = [0; 64];
    loop {
        let room = out.get_mut(end..).unwrap_or_default();
        let is_full = room.is_empty();
        let room = if is_full { &mut beyond } else { room };
        let length = room.len();
        let step = inflater.step(input, room).map_err(broken)?;
        input = input.get(step.read..).unwrap_or_default();
        if is_full && step.written > 0 {
            out.truncate(start);
            return Ok(Filled::Short);
        }
        end += step.written;
        check_members(&inflater).map_err(broken)?;
        if input.is_empty() && step.written < length {
            inflater.finish().map_err(broken)?;
            out.truncate(end);
            return Ok(Filled::All);
        }
    }
}

const fn check_members(inflater: &Inflater) -> Result<(), Fault> {
    if inflater.members() > MEMBERS_MAX {
        return Err(Fault::Members);
    }
    Ok(())
}

/// The plain size that a payload states by itself. It need not be true.
fn stated(coding: Coding, payload: &[u8]) -> Option<usize> {
    /// DEFLATE cannot expand more than that: 258 bytes by two bits.
    const DEFLATE_RATIO_MAX: usize = 1032;
    match coding {
        Coding::Gzip => {
            let size = u32::from_le_bytes(*payload.last_chunk()?);
            let size = usize::try_from(size).ok()?;
            (size / DEFLATE_RATIO_MAX <= payload.len()).then_some(size)
        }
        Coding::Zstd => {
            let size = zstd::zstd_safe::get_frame_content_size(payload).ok()??;
            usize::try_from(size).ok()
        }
        Coding::Brotli => None,
    }
}

#[cfg(test)]
mod tests;
