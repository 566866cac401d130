//! Frames of HTTP/2 that make work and bring nothing: PING, SETTINGS, PRIORITY, and what nobody knows.
//!
//! h2 answers each of them, as many as come. So they are counted where the bytes come in: each costs a
//! part of an allowance, which grows again with time, with requests, and with what the client is sent,
//! since clients measure connections by PINGs while they read. Whoever has used it up is sent away.

use std::time::Duration;

use tokio::time::Instant;

/// What an HTTP/2 client sends first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes of a frame's head: length, kind, flags, stream.
const HEAD: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const ACK: u8 = 1;

/// What a frame costs, in bytes that the client has to be sent before it is paid for.
const COST: u32 = 64;

/// Frames that a connection may send at once.
const FRAMES_MAX: u32 = 1000;

/// Frames that it may send in each second besides.
const FRAMES_PER_SECOND: u32 = 10;

/// Why a client is sent away, and what its GOAWAY says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flood {
    /// Of PINGs, in gRPC's own word for it (gRFC A8).
    Pings,
    /// Of other frames.
    Others,
}

impl Flood {
    const fn word(self) -> &'static [u8] {
        match self {
            Self::Pings => b"too_many_pings",
            Self::Others => b"too_many_control_frames",
        }
    }
}

/// The frames of one connection, as far as they have come. A pure value.
#[derive(Debug)]
pub(super) struct Frames {
    at: At,
    /// What is left of the allowance, in bytes.
    left: u32,
    since: Option<Instant>,
    /// The highest stream that was opened.
    last: u32,
}

#[derive(Debug)]
enum At {
    /// So many bytes of the preface have come.
    Preface(usize),
    /// So many of a frame's head.
    Head([u8; HEAD], usize),
    /// So many bytes of a payload are still to come.
    Payload(usize),
    /// It is not HTTP/2.
    Other,
}

impl Default for Frames {
    fn default() -> Self {
        Self {
            at: At::Preface(0),
            left: COST * FRAMES_MAX,
            since: None,
            last: 0,
        }
    }
}

impl Frames {
    /// Bytes came in. `now` is asked for the time where it counts.
    pub(super) fn read(
        &mut self,
        mut bytes: &[u8],
        now: impl Fn() -> Instant,
    ) -> Result<(), Flood> {
        while let Some((first, rest)) = bytes.split_first() {
            match &mut self.at {
                At::Other => return Ok(()),
                At::Preface(had) => {
                    if PREFACE.get(*had) != Some(first) {
                        self.at = At::Other;
                        return Ok(());
                    }
                    *had += 1;
                    if *had == PREFACE.len() {
                        self.at = At::Head([0; HEAD], 0);
                    }
                    bytes = rest;
                }
                At::Head(head, had) => {
                    if let Some(place) = head.get_mut(*had) {
                        *place = *first;
                    }
                    *had += 1;
                    if *had == HEAD {
                        let head = *head;
                        self.frame(head, &now)?;
                    }
                    bytes = rest;
                }
                At::Payload(left) => {
                    let taken = bytes.len().min(*left);
                    *left -= taken;
                    if *left == 0 {
                        self.at = At::Head([0; HEAD], 0);
                    }
                    bytes = bytes.get(taken..).unwrap_or_default();
                }
            }
        }
        Ok(())
    }

    /// True once the preface has come.
    pub(super) fn are_http2(&self) -> bool {
        matches!(self.at, At::Head(..) | At::Payload(_))
    }

    /// Bytes went out.
    pub(super) fn wrote(&mut self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(bytes).min(COST * FRAMES_MAX);
    }

    fn frame(&mut self, head: [u8; HEAD], now: &impl Fn() -> Instant) -> Result<(), Flood> {
        let [a, b, c, kind, flags, stream @ ..] = head;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        self.at = match length {
            0 => At::Head([0; HEAD], 0),
            length => At::Payload(length),
        };
        let flood = match kind {
            HEADERS => {
                self.last = self.last.max(u32::from_be_bytes(stream) & 0x7fff_ffff);
                self.wrote(COST as usize);
                return Ok(());
            }
            // Of those that belong to calls h2 knows what is too much.
            DATA | CONTINUATION | RST_STREAM | WINDOW_UPDATE => return Ok(()),
            PING | SETTINGS if flags & ACK != 0 => return Ok(()),
            PING => Flood::Pings,
            _ => Flood::Others,
        };
        self.grow(now());
        self.left = self.left.checked_sub(COST).ok_or(flood)?;
        Ok(())
    }

    fn grow(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let seconds = now.saturating_duration_since(since).as_secs();
        if seconds > 0 {
            let frames = seconds.saturating_mul(u64::from(FRAMES_PER_SECOND));
            let frames = u32::try_from(frames).unwrap_or(FRAMES_MAX).min(FRAMES_MAX);
            self.wrote((frames * COST) as usize);
            self.since = since.checked_add(Duration::from_secs(seconds));
        }
    }

    /// The GOAWAY that says so.
    pub(super) fn goaway(&self, flood: Flood) -> Vec<u8> {
        const ENHANCE_YOUR_CALM: u32 = 11;
        const GOAWAY: u8 = 7;
        let word = flood.word();
        let mut frame = vec![0, 0, 8 + u8::try_from(word.len()).unwrap_or(0), GOAWAY, 0];
        frame.extend([0; 4]);
        frame.extend(self.last.to_be_bytes());
        frame.extend(ENHANCE_YOUR_CALM.to_be_bytes());
        frame.extend(word);
        frame
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PRIORITY: u8 = 2;

    fn frame(kind: u8, flags: u8, stream: u32, length: u8) -> Vec<u8> {
        let mut bytes = vec![0, 0, length, kind, flags];
        bytes.extend(stream.to_be_bytes());
        bytes.extend(vec![PING; length.into()]);
        bytes
    }

    fn open() -> (Frames, Instant) {
        let mut frames = Frames::default();
        let now = Instant::now();
        frames.read(PREFACE, || now).unwrap();
        (frames, now)
    }

    /// How many of a frame are taken at once, in pieces of a size.
    fn taken(bytes: &[u8], size: usize) -> (usize, Option<Flood>) {
        let (mut frames, now) = open();
        for count in 0..3 * FRAMES_MAX as usize {
            for piece in bytes.chunks(size) {
                if let Err(flood) = frames.read(piece, || now) {
                    return (count, Some(flood));
                }
            }
        }
        (3 * FRAMES_MAX as usize, None)
    }

    #[test]
    fn what_makes_work_and_brings_nothing_is_bounded_whatever_the_pieces() {
        let all = FRAMES_MAX as usize;
        for size in [1, 2, 9, 10, 1000] {
            assert_eq!(
                taken(&frame(PING, 0, 0, 8), size),
                (all, Some(Flood::Pings))
            );
            for kind in [PRIORITY, SETTINGS, 0x2a] {
                let found = taken(&frame(kind, 0, 0, 0), size);
                assert_eq!(found, (all, Some(Flood::Others)), "{kind}");
            }
            for (kind, flags) in [
                (DATA, 0),
                (HEADERS, 4),
                (3, 0),
                (8, 0),
                (PING, ACK),
                (SETTINGS, ACK),
            ] {
                let found = taken(&frame(kind, flags, 1, 5), size);
                assert_eq!(found, (3 * all, None), "{kind}");
            }
        }
    }

    #[test]
    fn time_requests_and_what_is_sent_pay_for_them() {
        let ping = frame(PING, 0, 0, 8);
        let (mut frames, now) = open();
        let fill = |frames: &mut Frames, now: Instant| {
            let mut count = 0;
            while frames.read(&ping, || now).is_ok() {
                count += 1;
            }
            // It breaks off behind the head.
            frames.read(&ping[HEAD..], || now).unwrap();
            count
        };
        assert_eq!(fill(&mut frames, now), 1000);
        assert_eq!(fill(&mut frames, now), 0);
        assert_eq!(fill(&mut frames, now + Duration::from_millis(900)), 0);
        assert_eq!(fill(&mut frames, now + Duration::from_secs(2)), 20);
        assert_eq!(fill(&mut frames, now + Duration::from_secs(3600)), 1000);
        let now = now + Duration::from_secs(3600);
        frames.wrote(16_384);
        assert_eq!(fill(&mut frames, now), 256);
        frames.read(&frame(HEADERS, 4, 7, 20), || now).unwrap();
        assert_eq!(fill(&mut frames, now), 1);
        let goaway = frames.goaway(Flood::Pings);
        assert_eq!(goaway[..9], [0, 0, 22, 7, 0, 0, 0, 0, 0]);
        assert_eq!(goaway[9..17], [0, 0, 0, 7, 0, 0, 0, 11]);
        assert_eq!(&goaway[17..], b"too_many_pings");
    }

    #[test]
    fn other_protocols_are_left_alone() {
        for opening in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"PRI * HTTP/1.0", &[]] {
            let mut frames = Frames::default();
            frames.read(opening, Instant::now).unwrap();
            let flood = frame(PING, 0, 0, 8).repeat(5000);
            if !opening.is_empty() {
                frames.read(&flood, Instant::now).unwrap();
            }
        }
    }
}
