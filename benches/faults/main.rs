//! What the gateway does when the world around it breaks: backends that are killed, restarted or fail all
//! at once, peers that vanish without a word, clients that do not read, more load than a backend bears,
//! reloads, drains and other certificates under load, logs that nobody reads and a collector that is not
//! there.
//!
//! ```text
//! cargo bench --bench faults [-- ROW...]
//! ```
//!
//! The gateway and each backend are processes of their own, which are sent real signals; the load is made
//! here, at a fixed rate, and latencies count from when a call was to be made. A line of the table a
//! measurement; fails if one of them does not hold. Cargo builds the gateway beside this program; the
//! variable `TRANSOM` names another one.
#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]

use std::process::ExitCode;

mod apart;
mod backend;
mod drained;
mod gateway;
mod half_open;
mod killed;
mod line;
mod load;
mod messages;
mod overload;
mod reloaded;
mod rolling;
mod rotated;
mod samples;
mod site;
mod stalled;
mod storm;
mod table;
mod unheard;
mod unread;
mod vanished;
mod watchers;

use table::Line;

/// As the gateway has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A row of the table of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    Killed,
    Rolling,
    Storm,
    Unread,
    Stalled,
    Reloaded,
    Rotated,
    HalfOpen,
    Vanished,
    Overload,
    Unheard,
    Drained,
}

impl Row {
    const ALL: [Self; 12] = [
        Self::Killed,
        Self::Rolling,
        Self::Storm,
        Self::Unread,
        Self::Stalled,
        Self::Reloaded,
        Self::Rotated,
        Self::HalfOpen,
        Self::Vanished,
        Self::Overload,
        Self::Unheard,
        Self::Drained,
    ];

    /// What it is asked for by.
    const fn name(self) -> &'static str {
        match self {
            Self::Killed => "R1",
            Self::Rolling => "R3",
            Self::Storm => "R7",
            Self::Unread => "R10",
            Self::Stalled => "R11",
            Self::Reloaded => "R14",
            Self::Rotated => "R16",
            Self::HalfOpen => "R18",
            Self::Vanished => "R19",
            Self::Overload => "R23",
            Self::Unheard => "R28",
            Self::Drained => "R40",
        }
    }

    /// Does it; prints each line as soon as it is known. Whether all hold.
    async fn run(self) -> bool {
        let mut holds = true;
        let mut tell = |line: Line| {
            line.print();
            holds &= line.holds();
        };
        match self {
            Self::Killed => killed::run(&mut tell).await,
            Self::Rolling => rolling::run(&mut tell).await,
            Self::Storm => storm::run(&mut tell).await,
            Self::Unread => unread::run(&mut tell).await,
            Self::Stalled => stalled::run(&mut tell).await,
            Self::Reloaded => reloaded::run(&mut tell).await,
            Self::Rotated => rotated::run(&mut tell).await,
            Self::HalfOpen => half_open::run(&mut tell).await,
            Self::Vanished => vanished::run(&mut tell).await,
            Self::Overload => overload::run(&mut tell).await,
            Self::Unheard => unheard::run(&mut tell).await,
            Self::Drained => drained::run(&mut tell).await,
        }
        holds
    }
}

fn main() -> ExitCode {
    // Cargo adds flags of its own.
    let given: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    if let [first, rest @ ..] = &given[..]
        && first == backend::WORD
    {
        return backend::serve::main(rest);
    }
    let mut rows = Vec::new();
    for name in &given {
        match Row::ALL.iter().find(|row| row.name() == name) {
            Some(row) => rows.push(*row),
            None => {
                let known: Vec<_> = Row::ALL.iter().map(|row| row.name()).collect();
                eprintln!("found {name:?}, expected one of {}", known.join(", "));
                return ExitCode::from(2);
            }
        }
    }
    if rows.is_empty() {
        rows = Row::ALL.to_vec();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    Line::print_head();
    let mut holds = true;
    for row in rows {
        holds &= runtime.block_on(row.run());
    }
    if holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
