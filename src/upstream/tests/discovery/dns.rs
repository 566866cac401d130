//! A DNS server on UDP and TCP that does what a test tells it, well-behaved or not.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The largest answer by UDP; a larger one is truncated.
const UDP_MAX: usize = 1232;

/// Packets this near to each other belong to one question: IPv4 and IPv6, and repetitions.
const TOGETHER: Duration = Duration::from_secs(21);

const A: u16 = 1;
const CNAME: u16 = 5;
const SRV: u16 = 33;

/// What every question is answered with.
#[derive(Clone, Debug)]
pub(super) enum Script {
    /// These IPv4 addresses, for so many seconds.
    Addresses(Vec<[u8; 4]>, u32),
    /// These SRV records (priority, weight, port, target), for so many seconds.
    Services(Vec<(u16, u16, u16, &'static str)>, u32),
    /// This error.
    Code(u8),
    /// Success, and no record.
    Empty,
    /// The name is another name for itself.
    Loop,
    /// Bytes that are no answer.
    Garbage,
    /// Nothing.
    Silence,
}

/// The server; it ends when this is dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    script: Arc<Mutex<Script>>,
    asked: Arc<Mutex<Vec<Instant>>>,
    tasks: [JoinHandle<()>; 2],
}

impl Server {
    pub(super) async fn start(script: Script) -> Self {
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            // The same port for both, if it is free.
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        let script = Arc::new(Mutex::new(script));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answers = (Arc::clone(&script), Arc::clone(&asked));
        let by_udp = tokio::spawn(async move {
            let (script, asked) = answers;
            let mut query = [0; 4096];
            loop {
                let (length, from) = udp.recv_from(&mut query).await.unwrap();
                asked.lock().unwrap().push(Instant::now());
                let script = script.lock().unwrap().clone();
                if let Some(mut answer) = answer(&query[..length], &script) {
                    if answer.len() > UDP_MAX {
                        answer = truncated(&query[..length]);
                    }
                    udp.send_to(&answer, from).await.unwrap();
                }
            }
        });
        let answers = Arc::clone(&script);
        let by_tcp = tokio::spawn(async move {
            loop {
                let (mut stream, _) = tcp.accept().await.unwrap();
                let script = Arc::clone(&answers);
                tokio::spawn(async move {
                    while let Ok(length) = stream.read_u16().await {
                        let mut query = vec![0; length.into()];
                        stream.read_exact(&mut query).await.unwrap();
                        let script = script.lock().unwrap().clone();
                        let Some(answer) = answer(&query, &script) else {
                            continue;
                        };
                        let length = u16::try_from(answer.len()).unwrap();
                        stream.write_u16(length).await.unwrap();
                        stream.write_all(&answer).await.unwrap();
                    }
                });
            }
        });
        Self {
            address,
            script,
            asked,
            tasks: [by_udp, by_tcp],
        }
    }

    /// Answers like this from now on.
    pub(super) fn says(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    /// When questions were asked.
    pub(super) fn questions(&self) -> Vec<Instant> {
        let mut questions: Vec<Instant> = Vec::new();
        for &at in &*self.asked.lock().unwrap() {
            if questions.last().is_none_or(|&last| at - last > TOGETHER) {
                questions.push(at);
            }
        }
        questions
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// The question of a query, as it travels, and its type.
fn question(query: &[u8]) -> (&[u8], u16) {
    let mut end = 12;
    while query[end] != 0 {
        end += usize::from(query[end]) + 1;
    }
    let kind = u16::from_be_bytes([query[end + 1], query[end + 2]]);
    (&query[12..end + 5], kind)
}

fn head(query: &[u8], flags: u16, answers: usize) -> Vec<u8> {
    let mut bytes = query[..2].to_vec();
    bytes.extend(flags.to_be_bytes());
    bytes.extend(1_u16.to_be_bytes());
    bytes.extend(u16::try_from(answers).unwrap().to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(question(query).0);
    bytes
}

fn truncated(query: &[u8]) -> Vec<u8> {
    head(query, 0x8380, 0)
}

fn answer(query: &[u8], script: &Script) -> Option<Vec<u8>> {
    /// A response to a recursive question.
    const RESPONSE: u16 = 0x8180;
    let kind = question(query).1;
    let (records, record, ttl): (Vec<Vec<u8>>, u16, u32) = match script {
        Script::Addresses(addresses, ttl) if kind == A => {
            let records = addresses.iter().map(|address| address.to_vec());
            (records.collect(), A, *ttl)
        }
        Script::Services(services, ttl) if kind == SRV => {
            let records = services.iter().map(|&(priority, weight, port, target)| {
                let mut bytes: Vec<u8> = [priority, weight, port]
                    .iter()
                    .flat_map(|number| number.to_be_bytes())
                    .collect();
                for label in target.split('.').filter(|label| !label.is_empty()) {
                    bytes.push(u8::try_from(label.len()).unwrap());
                    bytes.extend(label.as_bytes());
                }
                bytes.push(0);
                bytes
            });
            (records.collect(), SRV, *ttl)
        }
        Script::Addresses(..) | Script::Services(..) | Script::Empty => (Vec::new(), A, 0),
        Script::Loop => (vec![vec![0xc0, 12]], CNAME, 60),
        Script::Code(code) => return Some(head(query, RESPONSE | u16::from(*code), 0)),
        Script::Garbage => return Some([&query[..2], &[0xff; 40]].concat()),
        Script::Silence => return None,
    };
    let mut bytes = head(query, RESPONSE, records.len());
    for data in records {
        // The name is that of the question.
        bytes.extend([0xc0, 12]);
        bytes.extend(record.to_be_bytes());
        bytes.extend(1_u16.to_be_bytes());
        bytes.extend(ttl.to_be_bytes());
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(data);
    }
    Some(bytes)
}
