//! How long connections are kept: PINGs, rest and age. The clock stands still where a test lets time
//! pass, and sockets have the real one.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// So much time passes for the gateway, at once.
async fn passes(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
    tokio::task::yield_now().await;
}

async fn succeeds(upstream: &Upstream) {
    let status = outcome(upstream, unary(b"x")).await;
    assert!(status.is_ok(), "{status}");
}

#[tokio::test]
async fn a_connection_that_rested_for_an_interval_of_keepalive_gets_no_further_call() {
    let backend = Backend::http2(0, 10, |_, respond| async move { ok(respond, b"") }).await;
    let upstream = backend.upstream();
    succeeds(&upstream).await;
    passes(Duration::from_secs(29)).await;
    succeeds(&upstream).await;
    assert_eq!(backend.connections(), 1);
    passes(Duration::from_secs(31)).await;
    succeeds(&upstream).await;
    assert_eq!(backend.connections(), 2);
    succeeds(&upstream).await;
    assert_eq!(backend.connections(), 2, "the new one does not rest");
}

#[tokio::test]
async fn a_connection_with_a_stream_does_not_rest() {
    let backend = Backend::http2(0, 10, |_, respond| async move {
        let mut stream = begin(respond, &[b"first"]);
        reset(&mut stream).await;
    })
    .await;
    let upstream = backend.upstream();
    let one = upstream.call(server_stream()).await.unwrap();
    passes(Duration::from_secs(31)).await;
    let _two = upstream.call(server_stream()).await.unwrap();
    assert_eq!(backend.connections(), 1);
    drop(one);
}

#[tokio::test]
async fn an_old_connection_takes_no_more_calls_and_ends_those_it_has() {
    let (finish, finished) = tokio::sync::watch::channel(false);
    let backend = Backend::http2(0, 10, move |_, respond| {
        let mut finished = finished.clone();
        async move {
            let mut stream = begin(respond, &[b"first"]);
            finished.wait_for(|is| *is).await.unwrap();
            let _ = stream.send_trailers(trailers(&[("grpc-status", "0")]));
        }
    })
    .await;
    let mut config = backend.config();
    config.connect.max_age = Some(Duration::from_secs(10));
    let upstream = Upstream::build([config], 1).unwrap();
    let one = upstream.call(server_stream()).await.unwrap();
    passes(Duration::from_secs(8)).await;
    let two = upstream.call(server_stream()).await.unwrap();
    assert_eq!(backend.connections(), 1, "a tenth either way");
    passes(Duration::from_secs(4)).await;
    let three = upstream.call(server_stream()).await.unwrap();
    assert_eq!(backend.connections(), 2);
    finish.send(true).unwrap();
    for reply in [one, two, three] {
        assert!(collect(reply).await.1.status.is_ok());
    }
}

/// What a scripted peer does with a PING.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ping {
    Ignored,
    /// Answered by a GOAWAY that wants calm.
    TooMany,
}

/// Speaks as much HTTP/2 as takes a call in, and answers none.
async fn mute(mut stream: TcpStream, ping: Ping) -> Option<()> {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const SETTINGS_ACK: [u8; 9] = [0, 0, 0, 4, 1, 0, 0, 0, 0];
    // The last stream is 1, the reason ENHANCE_YOUR_CALM.
    const GOAWAY: [u8; 17] = [0, 0, 22, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 11];
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.ok()?;
    stream.write_all(&SETTINGS).await.ok()?;
    stream.write_all(&SETTINGS_ACK).await.ok()?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).ok()?];
        stream.read_exact(&mut payload).await.ok()?;
        if head[3] == 6 && ping == Ping::TooMany {
            stream.write_all(&GOAWAY).await.ok()?;
            stream.write_all(b"too_many_pings").await.ok()?;
            return Some(());
        }
    }
}

/// An upstream of that peer, whose connections are soon asked whether they are alive.
async fn pinged(ping: Ping) -> (Backend, Upstream) {
    let backend = Backend::scripted(0, move |_, stream| async move {
        mute(stream, ping).await;
    })
    .await;
    let mut config = backend.config();
    config.connect.keepalive_interval = Duration::from_millis(20);
    config.connect.keepalive_timeout = Duration::from_millis(20);
    let upstream = Upstream::build([config], 1).unwrap();
    (backend, upstream)
}

#[tokio::test]
async fn a_connection_whose_peer_answers_no_ping_is_lost_and_its_calls_with_it() {
    let (_backend, upstream) = pinged(Ping::Ignored).await;
    let call = Call {
        deadline: Deadline::Never,
        ..unary(b"x")
    };
    let status = outcome(&upstream, call).await;
    assert_eq!(status.code, Code::Unavailable, "{status}");
}

#[tokio::test]
async fn a_peer_that_finds_pings_too_many_gets_half_as_many() {
    let (backend, upstream) = pinged(Ping::TooMany).await;
    let target = Arc::clone(&upstream.clusters["backend"].endpoints()[0].target);
    let interval = |random| target.keepalive_interval(random).as_millis();
    assert_eq!([0.0, 0.5, 1.0].map(interval), [17, 20, 23]);
    for complaints in 1..=3 {
        let call = Call {
            deadline: Deadline::Never,
            ..unary(b"x")
        };
        let status = outcome(&upstream, call).await;
        assert!(!status.is_ok());
        // The driver of the connection ends after its calls.
        while target.complaints() < complaints {
            tokio::task::yield_now().await;
        }
        assert_eq!(interval(0.5), 20 << complaints);
    }
    assert_eq!(backend.connections(), 3);
    for _ in 0..10 {
        target.ping_less();
    }
    assert_eq!(interval(0.5), 20 << 6, "there is an end to it");
}
