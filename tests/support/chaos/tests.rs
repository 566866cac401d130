//! The proxy does the harm that it is told to.

use super::*;
use crate::support::calls::{Ask, Native};
use crate::support::scripted::{Pace, Script, Scripted};

/// What sends back what it gets.
async fn echo() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = socket.into_split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    (address, task)
}

/// Sends so many bytes and the end, and gives what comes back: bytes, and whether they ended well.
async fn there_and_back(address: SocketAddr, length: usize) -> (Vec<u8>, bool) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(length).collect();
    let (mut read, mut write) = socket.split();
    let (_, back) = tokio::join!(
        async {
            let _ = write.write_all(&bytes).await;
            let _ = write.shutdown().await;
        },
        async {
            let mut back = Vec::new();
            let ended = read.read_to_end(&mut back).await.is_ok();
            (back, ended)
        }
    );
    assert!(bytes.starts_with(&back.0), "what comes is what was sent");
    back
}

#[tokio::test]
async fn harmless_modes_change_no_byte() {
    let (behind, _echo) = echo().await;
    let chaos = Chaos::before(behind).await;
    for (mode, length) in [
        (Mode::Pass, 1 << 20),
        (
            Mode::Delay {
                latency: Duration::from_millis(5),
                jitter: Duration::from_millis(5),
                seed: 1,
            },
            1 << 20,
        ),
        (Mode::Throttle(1 << 20), 64 << 10),
        (Mode::Slice(1), 10_000),
        (Mode::Slice(1000), 1 << 20),
    ] {
        chaos.set(mode).await;
        let before = chaos.passed();
        let (back, ended) = there_and_back(chaos.address(), length).await;
        assert_eq!((back.len(), ended), (length, true), "{mode:?}");
        chaos.until(|passed| passed.open == 0).await;
        let passed = chaos.passed();
        assert_eq!(passed.connections, before.connections + 1);
        assert_eq!(
            (passed.up - before.up, passed.down - before.down),
            (length, length)
        );
    }
}

#[tokio::test]
async fn a_cut_comes_after_its_last_byte() {
    let (behind, _echo) = echo().await;
    for direction in [Direction::Up, Direction::Down] {
        for how in [Break::Fin, Break::Rst] {
            let chaos = Chaos::before(behind).await;
            let mode = Mode::Cut {
                direction,
                after: 5000,
                how,
            };
            chaos.set(mode).await;
            let (back, _) = there_and_back(chaos.address(), 1 << 20).await;
            assert!(back.len() <= 5000, "{mode:?}: {}", back.len());
            chaos.until(|passed| passed.open == 0).await;
            let passed = chaos.passed();
            let cut = match direction {
                Direction::Up => passed.up,
                Direction::Down => passed.down,
            };
            assert_eq!(cut, 5000, "{mode:?}");
        }
    }
}

#[tokio::test]
async fn a_black_hole_takes_everything_and_gives_nothing() {
    let (behind, _echo) = echo().await;
    let chaos = Chaos::before(behind).await;
    chaos.set(Mode::Blackhole).await;
    let (back, _) = there_and_back(chaos.address(), 10_000).await;
    assert!(back.is_empty());
    assert_eq!((chaos.passed().connections, chaos.passed().up), (1, 0));
}

#[tokio::test]
async fn nobody_listens_until_somebody_does_again() {
    let (behind, _echo) = echo().await;
    let chaos = Chaos::before(behind).await;
    chaos.set(Mode::Refuse).await;
    assert!(TcpStream::connect(chaos.address()).await.is_err());
    chaos.set(Mode::Pass).await;
    assert_eq!(there_and_back(chaos.address(), 10).await.0.len(), 10);
}

#[tokio::test]
async fn open_connections_are_severed_and_the_next_ones_pass() {
    let backend = Scripted::start(|_| Script::endless(20, Pace::Full)).await;
    let chaos = Chaos::before(([127, 0, 0, 1], backend.port()).into()).await;
    for (number, how) in [Break::Fin, Break::Rst].into_iter().enumerate() {
        let mut open = Native::connect(chaos.address())
            .await
            .begin(&Ask::stream())
            .await;
        assert!(open.next().await.is_some());
        chaos.sever(how);
        while open.next().await.is_some() {}
        assert!(open.broken.is_some(), "{how:?}");
        backend
            .until(|record| record.connections.len() == number + 1 && record.open() == 0)
            .await;
    }
}

#[test]
fn jitter_is_the_same_in_every_run() {
    let draw = |seed| {
        let mut random = Random(7);
        [0; 4].map(|_| random.next(seed))
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    assert!(draw(1).iter().all(|drawn| (0.0..=1.0).contains(drawn)));
}
