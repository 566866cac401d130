//! Words to people: results on standard output, everything else on standard error.
//!
//! Colours are written always and taken out by `anstream` where they do not belong. A reader that
//! has left (`transom routes | head`) is no error and no panic.

use std::io::{IsTerminal as _, Write};

use anstyle::{AnsiColor, Style};

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const VERB: Style = AnsiColor::Cyan.on_default();
const WARN: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();

/// Prints a result, with a line's end.
pub(super) fn print(text: &str) {
    let mut out = anstream::stdout().lock();
    // Whoever closed the pipe has what it wanted.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints a result; false once nobody reads any more.
pub(super) fn print_bytes(text: &[u8]) -> bool {
    let mut out = anstream::stdout().lock();
    out.write_all(text)
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .is_ok()
}

/// Says something beside the results.
pub(super) fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Says that something is not as it should be, but goes on.
pub(super) fn warn(text: &str) {
    note(&format!("{WARN}warning:{WARN:#} {text}"));
}

/// Says why nothing goes on.
pub(super) fn error(text: &str) {
    note(&format!("{BAD}error:{BAD:#} {text}"));
}

/// True if standard error is read by a person.
pub(super) fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// True if standard error shows colours.
pub(super) fn has_colours() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}
