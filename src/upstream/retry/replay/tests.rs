//! Hand-made clients, and any interleaving of attempts.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use proptest::prelude::*;

use super::*;

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
    client.push(Some(Ok(message(1, KEPT_PER_CALL - PREFIX - OVERHEAD))));
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

/// What happens to a call.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// The client sends a message of so many bytes.
    Send(usize),
    /// It ends its side.
    End,
    /// An attempt begins after the others.
    Attempt,
    /// One begins beside them.
    Beside,
    /// One of them is polled.
    Poll(prop::sample::Index),
    /// One of them is dropped.
    Drop(prop::sample::Index),
    /// An answer has begun.
    Commit,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (1_usize..3_000).prop_map(Event::Send),
        1 => (1_usize..KEPT_PER_CALL).prop_map(Event::Send),
        1 => Just(Event::End),
        3 => Just(Event::Attempt),
        3 => Just(Event::Beside),
        12 => any::<prop::sample::Index>().prop_map(Event::Poll),
        3 => any::<prop::sample::Index>().prop_map(Event::Drop),
        1 => Just(Event::Commit),
    ]
}

/// An attempt and what it has seen.
struct Seeing {
    task: Task,
    seen: u8,
    state: Seen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Some,
    Waits,
    All,
    Superseded,
}

impl Seeing {
    fn poll(&mut self, sent: u8, ended: bool) {
        let got = self.task.poll();
        if matches!(self.state, Seen::All | Seen::Superseded) {
            assert_eq!(got, Got::End);
            return;
        }
        self.state = match got {
            Got::Message(number) => {
                assert_eq!(number, self.seen, "a message is missing, or comes twice");
                self.seen += 1;
                Seen::Some
            }
            Got::Nothing => {
                assert!(self.seen == sent && !ended, "it waits though there is more");
                Seen::Waits
            }
            Got::End => {
                assert!(self.seen == sent && ended, "it ends too early");
                Seen::All
            }
            Got::Failed(code) => {
                assert_eq!(code, Code::Cancelled);
                Seen::Superseded
            }
        };
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn attempts_see_the_same_messages_however_they_are_interleaved(
        events in prop::collection::vec(event(), 1..60),
    ) {
        let (client, account) = (Client::default(), Arc::<Account>::default());
        let replay = client.replay(&account);
        let mut tasks: Vec<Seeing> = Vec::new();
        let (mut sent, mut ended) = (0, false);
        for event in events {
            match event {
                Event::Send(len) if !ended => {
                    client.push(Some(Ok(message(sent, len))));
                    sent += 1;
                }
                Event::End if !ended => {
                    client.ends();
                    ended = true;
                }
                Event::Send(_) | Event::End => {}
                Event::Attempt | Event::Beside => {
                    let requests = match event {
                        Event::Attempt => replay.attempt(),
                        _ => replay.beside(),
                    };
                    prop_assert_eq!(requests.is_none(), replay.is_committed());
                    if requests.is_some() {
                        tasks.push(Seeing { task: Task::of(requests), seen: 0, state: Seen::Some });
                    }
                }
                Event::Poll(index) if !tasks.is_empty() => {
                    let index = index.index(tasks.len());
                    tasks[index].poll(sent, ended);
                }
                Event::Drop(index) if !tasks.is_empty() => {
                    tasks.swap_remove(index.index(tasks.len()));
                }
                Event::Poll(_) | Event::Drop(_) => {}
                Event::Commit => replay.commit(),
            }
            prop_assert!(account.used() <= KEPT_PER_CALL);
        }
        // Whoever is woken asks again, until nobody is.
        while let Some(task) = tasks.iter_mut().find(|task| task.task.is_woken()) {
            task.poll(sent, ended);
        }
        // So who still waits has seen all: no waker was forgotten.
        for task in tasks.iter().filter(|task| task.state == Seen::Waits) {
            prop_assert!(task.seen == sent && !ended, "{} of {sent} seen, and it waits", task.seen);
        }
        if !ended {
            client.ends();
        }
        for task in &mut tasks {
            while !matches!(task.state, Seen::All | Seen::Superseded) {
                task.poll(sent, true);
            }
        }
        if let Some(requests) = replay.attempt() {
            let mut last = Seeing { task: Task::of(Some(requests)), seen: 0, state: Seen::Some };
            while last.state != Seen::All {
                last.poll(sent, true);
            }
        }
        drop((tasks, replay));
        prop_assert_eq!(account.used(), 0);
    }
}
