//! Plays a script on one stream.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Response};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::MissedTickBehavior;

use super::connection::Order;
use super::record::KEPT_MAX;
use super::script::{Last, Pace, Script, Step, numbered};
use super::wire::{Link, Progress};
use super::{Seen, framed};

/// Messages after which an unhindered stream lets others have a turn.
const TURN: u64 = 32;

const HIGHEST_STREAM: u32 = 0x7fff_ffff;

/// The client has reset the stream, or the connection is gone.
struct Gone;

/// One stream while its script is played.
struct Stage {
    seen: Arc<Seen>,
    link: Arc<Link>,
    orders: UnboundedSender<Order>,
    body: RecvStream,
    respond: SendResponse<Bytes>,
    answer: Option<SendStream<Bytes>>,
    /// What was sent.
    progress: Progress,
    /// Request bytes that are not a whole message yet.
    partial: BytesMut,
    messages: Vec<Bytes>,
    ended: bool,
}

pub(super) async fn play(
    script: Script,
    seen: Arc<Seen>,
    body: RecvStream,
    respond: SendResponse<Bytes>,
    link: Arc<Link>,
    orders: UnboundedSender<Order>,
) {
    let mut stage = Stage {
        seen,
        link,
        orders,
        body,
        respond,
        answer: None,
        progress: Progress::default(),
        partial: BytesMut::new(),
        messages: Vec::new(),
        ended: false,
    };
    let mut steps = VecDeque::from(script.0);
    while let Some(step) = steps.pop_front() {
        if let Step::Choose(choice) = &step {
            steps = choice(&stage.seen, &stage.messages).0.into();
        } else if stage.step(step).await.is_err() {
            return;
        }
    }
    if !stage.ended {
        // Letting go of the stream would reset it; the client may.
        stage.closed().await;
    }
}

impl Stage {
    async fn step(&mut self, step: Step) -> Result<(), Gone> {
        match step {
            Step::Read => self.read(usize::MAX).await?,
            Step::ReadMessages(count) => self.read(count).await?,
            // The caller's.
            Step::Choose(_) => {}
            Step::Wait(time) => tokio::time::sleep(time).await,
            Step::Until(gate) => gate.opened().await,
            Step::Headers(fields) => self.headers(fields)?,
            Step::Message(frame) | Step::Raw(frame) => self.send(frame).await?,
            Step::Stream { count, size, pace } => self.stream(count, size, pace).await?,
            Step::Trailers(fields) => self.trailers(fields)?,
            Step::End => self.data(Bytes::new(), End::Stream)?,
            Step::Reset(reason) => self.reset(reason).await,
            Step::GoAway {
                last,
                reason,
                debug,
            } => {
                let last = match last {
                    Last::This => self.seen.stream,
                    Last::Below => self.seen.stream.saturating_sub(2),
                    Last::Highest => HIGHEST_STREAM,
                };
                self.flushed().await;
                let mark = self.link.go_away(last, reason, debug);
                self.order(Order::Poll);
                self.link.inserted(mark).await;
            }
            Step::Leave => {
                self.flushed().await;
                self.order(Order::Leave);
            }
            Step::Break(how) => {
                self.flushed().await;
                self.order(Order::Break(how));
            }
        }
        Ok(())
    }

    fn order(&self, order: Order) {
        // Nobody takes it if the connection is gone.
        let _ = self.orders.send(order);
    }

    async fn flushed(&self) {
        self.link.flushed(self.seen.stream, self.progress).await;
    }

    /// Reads the request until so many messages are there, or to its end.
    async fn read(&mut self, count: usize) -> Result<(), Gone> {
        while self.messages.len() < count {
            let chunk = self.body.data().await;
            let record = &self.link.shared.record;
            let Some(chunk) = chunk else {
                record.send_modify(|record| {
                    if let Some(call) = record.call(&self.seen) {
                        call.whole = true;
                    }
                });
                return Ok(());
            };
            let chunk = chunk.map_err(|_| Gone)?;
            let length = chunk.len();
            let _ = self.body.flow_control().release_capacity(length);
            self.partial.extend_from_slice(&chunk);
            let known = self.messages.len();
            while let Some(message) = whole(&mut self.partial) {
                self.messages.push(message);
            }
            record.send_modify(|record| {
                if let Some(call) = record.call(&self.seen) {
                    call.read += length;
                    if call.read <= KEPT_MAX {
                        call.messages.extend_from_slice(&self.messages[known..]);
                    }
                }
            });
        }
        Ok(())
    }

    fn headers(&mut self, fields: HeaderMap) -> Result<(), Gone> {
        let head = head(fields);
        let answer = self.respond.send_response(head, false).map_err(|_| Gone)?;
        self.answer = Some(answer);
        self.progress.headers += 1;
        Ok(())
    }

    fn answer(&mut self) -> Result<&mut SendStream<Bytes>, Gone> {
        if self.answer.is_none() {
            self.headers(HeaderMap::new())?;
        }
        self.answer.as_mut().ok_or(Gone)
    }

    /// Sends bytes as far as the client lets them.
    async fn send(&mut self, mut bytes: Bytes) -> Result<(), Gone> {
        while !bytes.is_empty() {
            let answer = self.answer()?;
            answer.reserve_capacity(bytes.len());
            while answer.capacity() == 0 {
                match poll_fn(|cx| answer.poll_capacity(cx)).await {
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(Gone),
                }
            }
            let length = answer.capacity().min(bytes.len());
            let part = bytes.split_to(length);
            self.data(part, End::Later)?;
        }
        Ok(())
    }

    fn data(&mut self, bytes: Bytes, end: End) -> Result<(), Gone> {
        let length = bytes.len();
        self.ended = end == End::Stream;
        let ended = self.ended;
        self.answer()?.send_data(bytes, ended).map_err(|_| Gone)?;
        self.progress.data += length;
        Ok(())
    }

    async fn stream(&mut self, count: u64, size: usize, pace: Pace) -> Result<(), Gone> {
        let mut clock = match pace {
            Pace::Full => None,
            Pace::Every(time) => {
                let mut clock = tokio::time::interval(time);
                clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
                Some(clock)
            }
        };
        for number in 0..count {
            match &mut clock {
                Some(clock) => drop(clock.tick().await),
                None if number % TURN == 0 => tokio::task::yield_now().await,
                None => {}
            }
            self.send(numbered(number, size)).await?;
        }
        Ok(())
    }

    fn trailers(&mut self, fields: HeaderMap) -> Result<(), Gone> {
        self.ended = true;
        match &mut self.answer {
            Some(answer) => answer.send_trailers(fields).map_err(|_| Gone)?,
            None => drop(
                self.respond
                    .send_response(head(fields), true)
                    .map_err(|_| Gone)?,
            ),
        }
        self.progress.headers += 1;
        Ok(())
    }

    async fn reset(&mut self, reason: Reason) {
        // A reset throws away what h2 has not sent yet.
        self.flushed().await;
        self.ended = true;
        match &mut self.answer {
            Some(answer) => answer.send_reset(reason),
            None => self.respond.send_reset(reason),
        }
    }

    /// Waits until the client resets the stream.
    async fn closed(&mut self) {
        let Self {
            answer, respond, ..
        } = self;
        let _ = match answer {
            Some(answer) => poll_fn(|cx| answer.poll_reset(cx)).await,
            None => poll_fn(|cx| respond.poll_reset(cx)).await,
        };
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Later,
    Stream,
}

fn head(fields: HeaderMap) -> Response<()> {
    let mut head = Response::new(());
    *head.headers_mut() = fields;
    head.headers_mut().insert(
        "content-type",
        HeaderValue::from_static("application/grpc+proto"),
    );
    head
}

/// Takes the payload of a whole message.
fn whole(bytes: &mut BytesMut) -> Option<Bytes> {
    let prefix = framed(&[]).len();
    let length = bytes.get(1..prefix)?.try_into().ok()?;
    let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
    if bytes.len() < prefix + length {
        return None;
    }
    bytes.advance(prefix);
    Some(bytes.split_to(length).freeze())
}
