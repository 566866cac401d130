//! Whether a collector takes spans, told when that changes; and why it does not, in a sentence.

use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tonic::{Code, Status};

/// Letters of what a collector says of itself that are shown, at most.
const SAID_MAX: usize = 200;

/// While spans are not taken: how many calls' were lost so far.
#[derive(Debug, Default)]
pub(super) struct Outage(Mutex<Option<u64>>);

impl Outage {
    /// Spans were not taken. True if that is new.
    pub(super) fn begins(&self) -> bool {
        let mut lost = self.lost();
        let is_new = lost.is_none();
        lost.get_or_insert(0);
        is_new
    }

    /// Those of so many calls are given up. True if they are the first.
    pub(super) fn loses(&self, calls: u64) -> bool {
        let mut lost = self.lost();
        let lost = lost.get_or_insert(0);
        let is_first = *lost == 0;
        *lost = lost.saturating_add(calls);
        is_first
    }

    /// Spans were taken. Of how many calls they were lost before, if that is news.
    pub(super) fn ends(&self) -> Option<u64> {
        self.lost().take()
    }

    fn lost(&self) -> MutexGuard<'_, Option<u64>> {
        // Nobody panics with it; and if, the count is still one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why there is no good answer: what is at the bottom of it, or what the collector says.
pub(super) fn why(status: &Status) -> String {
    let mut cause = status.source();
    let mut speaks_otherwise = false;
    let mut said = None;
    while let Some(error) = cause {
        // HTTP/2 that breaks off by our own judgement: what came was something else.
        speaks_otherwise |= (error.downcast_ref::<h2::Error>())
            .is_some_and(|error| error.is_go_away() && error.is_library());
        said = Some(error.to_string());
        cause = error.source();
    }
    match said {
        Some(said) if speaks_otherwise => format!(
            "found another protocol than HTTP/2 ({said}), expected OTLP over gRPC, for which collectors listen on \
             port 4317"
        ),
        Some(said) => said,
        None => {
            let said: String = status.message().chars().take(SAID_MAX).collect();
            match status.code() {
                Code::Unimplemented => format!(
                    "found no trace service of OTLP over gRPC ({said:?}); collectors have it on port 4317"
                ),
                code => format!("found {code:?} ({said:?}), expected OK"),
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::call::trace::Format;
    use crate::control::otlp::{Authorities, Collector, Sender};
    use crate::observe::trace::{Config, Failures, Inbound, Messages, Sampling, Tracer};

    #[test]
    fn an_outage_is_told_when_it_begins_and_when_it_ends() {
        let outage = Outage::default();
        assert_eq!(outage.ends(), None, "nothing ends that never began");
        assert!(outage.begins());
        assert!(!outage.begins(), "it is told once");
        assert!(outage.loses(5));
        assert!(!outage.loses(2));
        assert_eq!(outage.ends(), Some(7));
        assert_eq!(outage.ends(), None);
        assert!(outage.begins());
    }

    fn sender(port: u16) -> Sender {
        let collector = Collector {
            url: format!("http://127.0.0.1:{port}").parse().unwrap(),
            authorities: Authorities::System,
            headers: Vec::new(),
            service: "edge".to_owned(),
        };
        let (tracer, _) = Tracer::new(Config {
            sampling: Sampling::Never,
            inbound: Inbound::default(),
            formats: [Format::W3c].into(),
            baggage: Vec::new(),
            failures: Failures::default(),
            messages: Messages::default(),
        });
        collector.sender(Arc::new(tracer)).unwrap()
    }

    #[tokio::test]
    async fn a_collector_that_speaks_no_grpc_or_is_not_there_is_told_in_a_sentence() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answering = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
            socket.write_all(answer).await.unwrap();
            let _ = socket.read_to_end(&mut Vec::new()).await;
        });
        let sender = sender(port);
        let said = why(&sender.ask(&[]).await.unwrap_err());
        assert!(
            said.starts_with("found another protocol than HTTP/2 ("),
            "{said}"
        );
        answering.await.unwrap();

        let said = why(&sender.ask(&[]).await.unwrap_err());
        assert!(said.contains("refused"), "{said}");
        for said in [said, why(&Status::unimplemented("no such method"))] {
            assert!(!said.contains('{') && !said.contains("source"), "{said}");
        }
        let said = why(&Status::internal("full"));
        assert_eq!(said, "found Internal (\"full\"), expected OK");
    }
}
