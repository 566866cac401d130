//! Hand-made clients, and the attempts of their calls.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::*;

mod interleaved;

/// A client that sends when it is told to. Like any stream it wakes whoever asked last, and nobody
/// else.
#[derive(Clone, Default)]
struct Client(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    ready: VecDeque<Option<Result<Message, Status>>>,
    waker: Option<Waker>,
}

impl Client {
    fn push(&self, item: Option<Result<Message, Status>>) {
        let mut script = self.0.lock().unwrap();
        script.ready.push_back(item);
        let waker = script.waker.take();
        drop(script);
        waker.into_iter().for_each(Waker::wake);
    }

    fn sends(&self, number: u8) {
        self.push(Some(Ok(message(number, 10))));
    }

    fn ends(&self) {
        self.push(None);
    }

    fn replay(&self, account: &Arc<Account>) -> Replay {
        Replay::new(Requests::stream(self.clone()), account)
    }
}

impl Stream for Client {
    type Item = Result<Message, Status>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut script = self.0.lock().unwrap();
        match script.ready.pop_front() {
            Some(item) => Poll::Ready(item),
            None => {
                script.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// An attempt, as the task that sends it sees it.
struct Task {
    requests: Requests,
    woken: Arc<Woken>,
}

/// What an attempt got.
#[derive(Debug, PartialEq, Eq)]
enum Got {
    Message(u8),
    Failed(Code),
    End,
    Nothing,
}

impl Task {
    fn of(requests: Option<Requests>) -> Self {
        Self {
            requests: requests.unwrap(),
            woken: Arc::default(),
        }
    }

    fn poll(&mut self) -> Got {
        self.woken.0.store(0, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.woken));
        let mut cx = Context::from_waker(&waker);
        match Pin::new(&mut self.requests).poll_next(&mut cx) {
            Poll::Pending => Got::Nothing,
            Poll::Ready(None) => Got::End,
            Poll::Ready(Some(Ok(message))) => Got::Message(message.payload_bytes()[0]),
            Poll::Ready(Some(Err(status))) => Got::Failed(status.code),
        }
    }

    fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::Relaxed) > 0
    }
}

/// A message with a number, of so many bytes.
fn message(number: u8, len: usize) -> Message {
    let mut payload = vec![0; len];
    payload[0] = number;
    Message::from_payload(&payload)
}

const SUPERSEDED: Got = Got::Failed(Code::Cancelled);

#[test]
fn one_message_or_none_costs_nothing_whatever_its_size() {
    let account = Arc::new(Account::new(0));
    let large = message(1, 10 * KEPT_PER_CALL);
    let replay = Replay::new(Requests::One(large.clone()), &account);
    for _ in 0..3 {
        let Some(Requests::One(again)) = replay.attempt() else {
            panic!("it is no longer one message");
        };
        assert_eq!(again.payload().as_ptr(), large.payload().as_ptr());
    }
    replay.commit();
    assert!(!replay.is_committed());
    let replay = Replay::new(Requests::Done, &account);
    assert!(matches!(replay.beside(), Some(Requests::Done)));
    assert_eq!(account.used(), 0);
}

#[test]
fn an_attempt_sees_the_kept_messages_and_then_those_that_come() {
    let (client, account) = (Client::default(), Arc::default());
    let replay = client.replay(&account);
    let mut first = Task::of(replay.attempt());
    client.sends(1);
    client.sends(2);
    assert_eq!(
        (first.poll(), first.poll(), first.poll()),
        (Got::Message(1), Got::Message(2), Got::Nothing)
    );
    let mut second = Task::of(replay.attempt());
    assert_eq!(
        (second.poll(), second.poll(), second.poll()),
        (Got::Message(1), Got::Message(2), Got::Nothing)
    );
    client.sends(3);
    client.ends();
    assert!(second.is_woken());
    assert_eq!(
        (second.poll(), second.poll(), second.poll()),
        (Got::Message(3), Got::End, Got::End)
    );
    let mut third = Task::of(replay.attempt());
    let seen = std::array::from_fn::<_, 4, _>(|_| third.poll());
    assert_eq!(
        seen,
        [Got::Message(1), Got::Message(2), Got::Message(3), Got::End]
    );
}

#[test]
fn an_attempt_that_ends_while_it_waits_loses_no_message() {
    let (client, account) = (Client::default(), Arc::default());
    let replay = client.replay(&account);
    let mut first = Task::of(replay.attempt());
    assert_eq!(first.poll(), Got::Nothing);
    client.sends(1);
    assert!(first.is_woken());
    drop(first);
    let mut second = Task::of(replay.attempt());
    assert_eq!(
        (second.poll(), second.poll()),
        (Got::Message(1), Got::Nothing)
    );
    // Nor one that was handed on, and not sent.
    client.sends(2);
    assert_eq!(second.poll(), Got::Message(2));
    drop(second);
    let mut third = Task::of(replay.attempt());
    assert_eq!(
        (third.poll(), third.poll()),
        (Got::Message(1), Got::Message(2))
    );
}

#[test]
fn former_attempts_are_over_when_the_next_begins() {
    let (client, account) = (Client::default(), Arc::default());
    let replay = client.replay(&account);
    let mut first = Task::of(replay.attempt());
    assert_eq!(first.poll(), Got::Nothing);
    let mut second = Task::of(replay.attempt());
    assert!(first.is_woken(), "it waits for what it does not get");
    assert_eq!((first.poll(), first.poll()), (SUPERSEDED, Got::End));
    client.sends(1);
    assert_eq!(second.poll(), Got::Message(1));
}

#[test]
fn attempts_side_by_side_see_the_same_and_wake_each_other() {
    let (client, account) = (Client::default(), Arc::default());
    let replay = client.replay(&account);
    let mut first = Task::of(replay.attempt());
    let mut second = Task::of(replay.beside());
    assert_eq!((first.poll(), second.poll()), (Got::Nothing, Got::Nothing));
    client.sends(1);
    assert!(
        second.is_woken() && !first.is_woken(),
        "the client wakes who asked last"
    );
    assert_eq!(second.poll(), Got::Message(1));
    assert!(first.is_woken());
    assert_eq!(
        (first.poll(), first.poll(), second.poll()),
        (Got::Message(1), Got::Nothing, Got::Nothing)
    );
    // The one that the client would wake is gone.
    drop(second);
    assert!(first.is_woken());
    assert_eq!(first.poll(), Got::Nothing);
    client.ends();
    assert!(first.is_woken());
    assert_eq!(first.poll(), Got::End);
}

#[test]
fn more_than_can_be_kept_is_sent_once_and_commits_the_call() {
    let (client, account) = (Client::default(), Arc::default());
    let replay = client.replay(&account);
    let mut first = Task::of(replay.attempt());
    let mut second = Task::of(replay.beside());
    let large = message(1, KEPT_PER_CALL - PREFIX - OVERHEAD);
    client.push(Some(Ok(large.clone())));
    assert_eq!(
        (first.poll(), first.poll()),
        (Got::Message(1), Got::Nothing)
    );
    assert_eq!(
        (replay.is_committed(), account.used()),
        (false, KEPT_PER_CALL)
    );
    client.push(Some(Ok(message(2, 1))));
    client.sends(3);
    assert_eq!(first.poll(), Got::Message(2));
    assert_eq!((replay.is_committed(), account.used()), (true, 0));
    assert!(large.into_frame().is_unique(), "it is kept for nobody");
    assert!(replay.attempt().is_none() && replay.beside().is_none());
    assert_eq!((second.poll(), second.poll()), (SUPERSEDED, Got::End));
    client.ends();
    assert_eq!((first.poll(), first.poll()), (Got::Message(3), Got::End));
}

#[test]
fn a_message_that_is_too_large_by_itself_is_sent_all_the_same() {
    let (client, account) = (Client::default(), Arc::default());
    let replay = client.replay(&account);
    client.push(Some(Ok(message(1, KEPT_PER_CALL))));
    client.ends();
    let mut first = Task::of(replay.attempt());
    assert_eq!((first.poll(), first.poll()), (Got::Message(1), Got::End));
    assert!(replay.is_committed());
}

#[test]
fn calls_share_one_account_and_give_back_what_they_held() {
    let account = Arc::new(Account::new(2 * (10 + PREFIX + OVERHEAD)));
    let clients: [Client; 2] = Default::default();
    let [one, two] = clients.each_ref().map(|client| client.replay(&account));
    let (mut first, mut second) = (Task::of(one.attempt()), Task::of(two.attempt()));
    clients[0].sends(1);
    clients[0].sends(2);
    clients[1].sends(1);
    clients[1].sends(2);
    assert_eq!(
        (first.poll(), first.poll(), second.poll()),
        (Got::Message(1), Got::Message(2), Got::Message(1))
    );
    assert_eq!((one.is_committed(), two.is_committed()), (false, true));
    drop((one, first));
    assert_eq!(account.used(), 0);
    assert_eq!(second.poll(), Got::Message(2));
    assert!(two.attempt().is_none(), "it has lost its first message");
}

#[test]
fn a_client_that_breaks_its_side_is_heard_once_and_commits_the_call() {
    let (client, account) = (Client::default(), Arc::default());
    let replay = client.replay(&account);
    let mut first = Task::of(replay.attempt());
    let mut second = Task::of(replay.beside());
    client.sends(1);
    client.push(Some(Err(Status::downstream(Code::DataLoss, "broken"))));
    assert_eq!(
        (first.poll(), second.poll(), second.poll()),
        (
            Got::Message(1),
            Got::Message(1),
            Got::Failed(Code::DataLoss)
        )
    );
    assert_eq!(
        (second.poll(), first.poll(), first.poll()),
        (Got::End, SUPERSEDED, Got::End)
    );
    assert!(replay.is_committed() && replay.attempt().is_none());
    assert_eq!(account.used(), 0);
}

#[test]
fn a_committed_call_keeps_only_what_is_unread() {
    let (client, account) = (Client::default(), Arc::default());
    let replay = client.replay(&account);
    let mut first = Task::of(replay.attempt());
    client.sends(1);
    client.sends(2);
    assert_eq!(
        (first.poll(), first.poll()),
        (Got::Message(1), Got::Message(2))
    );
    let mut second = Task::of(replay.attempt());
    assert_eq!(second.poll(), Got::Message(1));
    drop(first);
    let one = 10 + PREFIX + OVERHEAD;
    assert_eq!(account.used(), 2 * one);
    // The one that could make more attempts is gone.
    drop(replay);
    assert_eq!(account.used(), one);
    assert_eq!((second.poll(), account.used()), (Got::Message(2), 0));
    client.sends(3);
    assert_eq!((second.poll(), account.used()), (Got::Message(3), 0));
}

#[test]
fn short_messages_do_not_hold_on_to_the_buffer_they_came_in() {
    let (client, account) = (Client::default(), Arc::default());
    let replay = client.replay(&account);
    let buffer = Bytes::from([&[0, 0, 0, 0, 1, 7][..]; 3].concat());
    for n in 0..3 {
        let frame = buffer.slice(6 * n..6 * n + 6);
        client.push(Some(Ok(Message::from_frame(frame).unwrap())));
    }
    client.ends();
    let mut first = Task::of(replay.attempt());
    while first.poll() != Got::End {}
    drop((client, first));
    let mut second = Task::of(replay.attempt());
    let mut kept = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(message)) = Pin::new(&mut second.requests).poll_next(&mut cx) {
        kept.push(message.unwrap().into_frame());
    }
    let within = buffer.as_ptr_range();
    let shares = |frame: &Bytes| within.contains(&frame.as_ptr());
    // The first, which is mostly the only one, is not copied.
    assert_eq!(
        kept.iter().map(shares).collect::<Vec<_>>(),
        [true, false, false]
    );
    assert!(kept.iter().all(|frame| frame[..] == buffer[..6]));
}
