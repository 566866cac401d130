//! Any interleaving of a client, attempts, and their ends.

use proptest::prelude::*;

use super::*;

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
        12 => (1_usize..3_000).prop_map(Event::Send),
        1 => (1_usize..KEPT_PER_CALL).prop_map(Event::Send),
        1 => Just(Event::End),
        2 => Just(Event::Attempt),
        6 => Just(Event::Beside),
        24 => any::<prop::sample::Index>().prop_map(Event::Poll),
        4 => any::<prop::sample::Index>().prop_map(Event::Drop),
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
    #![proptest_config(ProptestConfig::with_cases(4_000))]

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
