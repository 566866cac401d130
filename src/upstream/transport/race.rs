//! One connection to a host of several addresses: the first that answers (RFC 8305). An address that
//! swallows everything, as of an IPv6 network that leads nowhere, costs a quarter of a second.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;

/// How long an address is tried before the next one is tried beside it.
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to one of the addresses.
///
/// # Errors
/// There is none, or none of them takes a connection.
pub(super) async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut waiting = in_turn(addresses).into_iter();
    let mut trying = FuturesUnordered::new();
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        match waiting.next() {
            Some(address) => trying.push(TcpStream::connect(address)),
            None if trying.is_empty() => return Err(failed),
            None => {}
        }
        tokio::select! {
            biased;
            Some(connected) = trying.next() => match connected {
                Ok(stream) => return Ok(stream),
                // Of several reasons the one that tells most.
                Err(_) if failed.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => failed = error,
            },
            () = tokio::time::sleep(HEAD_START), if waiting.len() > 0 => {}
            else => {}
        }
    }
}

/// IPv4 and IPv6 by turns, in the system's order otherwise.
fn in_turn(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let is_ipv4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let family = |is_first: bool| {
        let of_it = move |address: &&SocketAddr| (address.is_ipv4() == is_ipv4) == is_first;
        addresses.iter().filter(of_it).copied()
    };
    let (mut first, mut second) = (family(true), family(false));
    let mut order = Vec::with_capacity(addresses.len());
    while order.len() < addresses.len() {
        order.extend(first.next());
        order.extend(second.next());
    }
    order
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn families_take_turns_in_the_systems_order() {
        let addresses = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let given = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.0.0.1:1"]);
        let order = addresses(&["[::1]:1", "1.0.0.1:1", "[::2]:1", "[::3]:1"]);
        assert_eq!(in_turn(&given), order);
        assert!(in_turn(&[]).is_empty());
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_passed_over_and_the_refusal_is_what_is_told() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let refuses = gone.local_addr().unwrap();
        drop(gone);
        let there = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let answers = there.local_addr().unwrap();
        let stream = connect(&[refuses, answers]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), answers);
        let error = connect(&[refuses, refuses]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(connect(&[]).await.is_err());
    }
}
