//! One connection of a scripted backend.

use std::sync::Arc;

use bytes::Bytes;
use h2::server::Builder;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::play::play;
use super::record::{Call, Connection};
use super::wire::{Link, Wire};
use super::{Break, Greeting, Seen, Settings, Shared};

/// Never why a connection ends: what clients do to us is not what is tested.
const FRAME_BUDGET: usize = usize::MAX;

/// What a script asks of its connection.
pub(super) enum Order {
    /// There is something to insert.
    Poll,
    Leave,
    Break(Break),
}

/// Says that a connection is open as long as it lives.
struct Open(Arc<Link>);

impl Drop for Open {
    fn drop(&mut self) {
        let number = self.0.number;
        let record = &self.0.shared.record;
        record.send_modify(|record| record.connections[number].open = false);
    }
}

/// Serves one connection to its end.
pub(super) async fn serve(socket: TcpStream, shared: Arc<Shared>) {
    socket.set_nodelay(true).unwrap();
    let mut number = 0;
    shared.record.send_modify(|record| {
        number = record.connections.len();
        record.connections.push(Connection {
            open: true,
            ..Connection::default()
        });
    });
    let settings = shared.settings;
    let link = Arc::new(Link::new(number, shared));
    let _open = Open(Arc::clone(&link));
    match settings.greeting {
        Greeting::Settings => {
            let (wire, returned) = Wire::new(socket, Arc::clone(&link));
            if let Some(how) = http2(wire, settings, &link).await
                && let Ok(socket) = returned.await
            {
                end(socket, how).await;
            }
        }
        Greeting::Silence => swallow(socket).await,
        Greeting::End(how) => end(socket, how).await,
    }
}

/// Speaks HTTP/2 until the connection ends, or a script wishes to break it.
async fn http2(wire: Wire, settings: Settings, link: &Arc<Link>) -> Option<Break> {
    let mut builder = Builder::new();
    builder.data_frame_budget(FRAME_BUDGET);
    if let Some(streams) = settings.streams {
        builder.max_concurrent_streams(streams);
    }
    if let Some(bytes) = settings.stream_window {
        builder.initial_window_size(bytes);
    }
    if let Some(bytes) = settings.connection_window {
        builder.initial_connection_window_size(bytes);
    }
    let mut connection = builder.handshake::<_, Bytes>(wire).await.ok()?;
    let (orders, mut ordered) = mpsc::unbounded_channel();
    let mut running = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            Some(order) = ordered.recv() => {
                match order {
                    // The next turn polls the connection.
                    Order::Poll => {}
                    Order::Leave => connection.graceful_shutdown(),
                    Order::Break(how) => return Some(how),
                }
                continue;
            }
        };
        let (request, respond) = accepted?.ok()?;
        while running.try_join_next().is_some() {}
        let (head, body) = request.into_parts();
        let stream = respond.stream_id().as_u32();
        let seen = arrived(link, stream, head.uri.path(), head.headers);
        let answer = Arc::clone(&*link.shared.answer.lock().unwrap());
        let script = answer(&seen);
        let (link, orders) = (Arc::clone(link), orders.clone());
        running.spawn(play(script, seen, body, respond, link, orders));
    }
}

fn arrived(link: &Link, stream: u32, path: &str, metadata: http::HeaderMap) -> Arc<Seen> {
    let mut seen = Seen {
        number: 0,
        connection: link.number,
        stream,
        path: path.to_owned(),
        metadata,
        at: Instant::now(),
    };
    let mut arrived = None;
    link.shared.record.send_modify(|record| {
        seen.number = record.next_call;
        record.next_call += 1;
        record.connections[link.number].calls += 1;
        let seen = Arc::new(seen);
        arrived = Some(Arc::clone(&seen));
        record.calls.push(Call {
            seen,
            messages: Vec::new(),
            read: 0,
            whole: false,
        });
    });
    arrived.unwrap()
}

async fn end(mut socket: TcpStream, how: Break) {
    match how {
        Break::Fin => {
            let _ = socket.shutdown().await;
            // Closing it with bytes unread would be a reset after all.
            swallow(socket).await;
        }
        Break::Rst => {
            let _ = socket.set_zero_linger();
        }
    }
}

async fn swallow(mut socket: TcpStream) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(1..) = socket.read(&mut buffer).await {}
}
