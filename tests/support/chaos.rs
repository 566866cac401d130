//! A TCP proxy that does harm: slow, broken, silent or absent, as a handle says at run time.
//!
//! What it does holds for open connections too, from their next bytes on. Jitter is the same in every
//! run with the same seed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::scripted::Break;

#[cfg(test)]
mod tests;

/// Bytes that are read at once.
const CHUNK: usize = 16 * 1024;

/// Chunks on their way in one direction: what a long line holds.
const UNDER_WAY: usize = 256;

/// What happens to bytes and connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Pass,
    /// Everything comes later, in its order, by `latency` and up to `jitter` more.
    Delay {
        latency: Duration,
        jitter: Duration,
        seed: u64,
    },
    /// Bytes a second in each direction of each connection.
    Throttle(u32),
    /// The connection breaks when so many bytes have passed in this direction since it was made.
    Cut {
        direction: Direction,
        after: usize,
        how: Break,
    },
    /// Connections are accepted, and all bytes disappear.
    Blackhole,
    /// Nobody listens. Connections that are open go on.
    Refuse,
    /// Every write has so many bytes; the last may have fewer.
    Slice(usize),
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From who connected to the address behind.
    Up,
    Down,
}

/// What passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Connections that were accepted.
    pub(crate) connections: usize,
    /// Those that are open.
    pub(crate) open: usize,
    pub(crate) up: usize,
    pub(crate) down: usize,
}

/// The proxy; dropping it closes everything.
pub(crate) struct Chaos {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    mode: watch::Sender<Mode>,
    /// Every new value breaks all connections.
    sever: watch::Sender<Option<Break>>,
    passed: watch::Sender<Passed>,
    listening: watch::Sender<bool>,
}

impl Chaos {
    /// A proxy in front of an address.
    pub(crate) async fn before(behind: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            mode: watch::Sender::new(Mode::Pass),
            sever: watch::Sender::new(None),
            passed: watch::Sender::default(),
            listening: watch::Sender::new(true),
        });
        let task = tokio::spawn(listen(listener, behind, Arc::clone(&shared)));
        Self {
            address,
            shared,
            task,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Does this from now on. Resolves when the listener is as the mode wants it.
    pub(crate) async fn set(&self, mode: Mode) {
        self.shared.mode.send_replace(mode);
        let mut listening = self.shared.listening.subscribe();
        let wanted = mode != Mode::Refuse;
        listening
            .wait_for(|listening| *listening == wanted)
            .await
            .unwrap();
    }

    /// Breaks all connections that are open.
    pub(crate) fn sever(&self, how: Break) {
        self.shared.sever.send_replace(Some(how));
    }

    pub(crate) fn passed(&self) -> Passed {
        *self.shared.passed.borrow()
    }

    /// Waits for something to have passed.
    pub(crate) async fn until(&self, what: impl FnMut(&Passed) -> bool) {
        let mut passed = self.shared.passed.subscribe();
        let happened = tokio::time::timeout(super::scripted::PATIENCE, passed.wait_for(what)).await;
        assert!(happened.is_ok(), "it never happened: {:?}", self.passed());
    }
}

impl Drop for Chaos {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(listener: TcpListener, behind: SocketAddr, shared: Arc<Shared>) {
    let address = listener.local_addr().unwrap();
    let mut mode = shared.mode.subscribe();
    let mut listener = Some(listener);
    let mut running = JoinSet::new();
    loop {
        let wanted = *mode.borrow_and_update() != Mode::Refuse;
        if !wanted {
            listener = None;
        } else if listener.is_none() {
            listener = Some(TcpListener::bind(address).await.unwrap());
        }
        shared.listening.send_replace(wanted);
        let accepted = tokio::select! {
            biased;
            _ = mode.changed() => continue,
            Ok((client, _)) = accept(listener.as_ref()) => client,
        };
        while running.try_join_next().is_some() {}
        let mut number = 0;
        shared.passed.send_modify(|passed| {
            number = passed.connections;
            passed.connections += 1;
            passed.open += 1;
        });
        let open = Open(Arc::clone(&shared));
        running.spawn(connection(accepted, behind, open, number));
    }
}

async fn accept(listener: Option<&TcpListener>) -> std::io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

/// A connection that is open as long as this lives.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.passed.send_modify(|passed| passed.open -= 1);
    }
}

async fn connection(client: TcpStream, behind: SocketAddr, open: Open, number: usize) {
    let shared = &open.0;
    let mut sever = shared.sever.subscribe();
    sever.mark_unchanged();
    let Ok(server) = TcpStream::connect(behind).await else {
        return;
    };
    for socket in [&client, &server] {
        socket.set_nodelay(true).unwrap();
    }
    let (client_read, mut client_write) = client.into_split();
    let (server_read, mut server_write) = server.into_split();
    let number = u64::try_from(number).unwrap();
    let pumps = async {
        tokio::try_join!(
            pump(
                client_read,
                &mut server_write,
                Direction::Up,
                shared,
                number
            ),
            pump(
                server_read,
                &mut client_write,
                Direction::Down,
                shared,
                number
            ),
        )
        .err()
    };
    let how = tokio::select! {
        how = pumps => how,
        _ = sever.changed() => *sever.borrow(),
    };
    if how == Some(Break::Rst) {
        let _ = client_write.as_ref().set_zero_linger();
        let _ = server_write.as_ref().set_zero_linger();
    }
}

/// Bytes from one side to the other, to their end; an error breaks the connection.
async fn pump(
    mut from: OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    direction: Direction,
    shared: &Shared,
    number: u64,
) -> Result<(), Break> {
    let (line, mut arrivals) = mpsc::channel::<(Bytes, Instant)>(UNDER_WAY);
    let read = async move {
        let mut random = Random(
            number
                ^ if direction == Direction::Up {
                    0
                } else {
                    1 << 32
                },
        );
        let mut total = 0;
        loop {
            let mut bytes = BytesMut::with_capacity(CHUNK);
            match from.read_buf(&mut bytes).await {
                Ok(1..) => {}
                // What is on the line still arrives.
                Ok(0) => return Ok(()),
                Err(_) => return Err(Break::Rst),
            }
            let now = Instant::now();
            let mode = *shared.mode.borrow();
            let due = match mode {
                Mode::Delay {
                    latency,
                    jitter,
                    seed,
                } => now + latency + jitter.mul_f64(random.next(seed)),
                _ => now,
            };
            let mut cut = None;
            if let Mode::Cut {
                direction: here,
                after,
                how,
            } = mode
                && here == direction
                && total + bytes.len() >= after
            {
                bytes.truncate(after.saturating_sub(total));
                cut = Some(how);
            }
            total += bytes.len();
            if mode != Mode::Blackhole && line.send((bytes.freeze(), due)).await.is_err() {
                return Ok(());
            }
            if let Some(how) = cut {
                return Err(how);
            }
        }
    };
    let write = async {
        while let Some((bytes, due)) = arrivals.recv().await {
            tokio::time::sleep_until(due).await;
            let mode = *shared.mode.borrow();
            let part = match mode {
                Mode::Slice(size) => size,
                Mode::Throttle(rate) => usize::try_from(rate / 100).unwrap().max(1),
                _ => bytes.len().max(1),
            };
            for part in bytes.chunks(part) {
                if to.write_all(part).await.is_err() {
                    return;
                }
                shared.passed.send_modify(|passed| match direction {
                    Direction::Up => passed.up += part.len(),
                    Direction::Down => passed.down += part.len(),
                });
                match mode {
                    Mode::Throttle(rate) => {
                        let length = u32::try_from(part.len()).unwrap();
                        tokio::time::sleep(Duration::from_secs(1) * length / rate.max(1)).await;
                    }
                    Mode::Slice(_) => tokio::task::yield_now().await,
                    _ => {}
                }
            }
        }
    };
    // A cut waits for the last byte before it.
    let (ended, ()) = tokio::join!(read, write);
    if ended.is_ok() {
        let _ = to.shutdown().await;
    }
    ended
}

/// Numbers from 0 to 1 that are the same in every run (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self, seed: u64) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0 ^ seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = u32::try_from((z ^ (z >> 31)) >> 32).unwrap();
        f64::from(high) / f64::from(u32::MAX)
    }
}
