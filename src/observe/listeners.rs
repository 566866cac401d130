//! What is to be seen of a listener: plain values, of which metrics are made.

/// The public listener's name: there is one.
pub const PUBLIC: &str = "public";

/// The name of the one that sends clients from `http` to `https`.
pub const REDIRECT: &str = "redirect";

/// The name of the operators' one.
pub const ADMIN: &str = "admin";

/// A listener at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listener {
    /// Its name.
    pub name: &'static str,
    /// The certificates that it shows: a name that clients ask for, empty where a certificate has none,
    /// and the last second in which it is good, since 1970.
    pub certificates: Vec<(String, u64)>,
    /// How TLS handshakes went.
    pub handshakes: Vec<Handshakes>,
    /// How often other files of TLS were taken.
    pub files_taken: u64,
    /// How often a file of TLS was no good.
    pub files_refused: u64,
    /// Connections that were closed before their first byte of TLS or HTTP, by why.
    pub refused: Vec<(&'static str, u64)>,
    /// Connections that were told to go because the gateway has too much to do.
    pub told_to_go: u64,
}

/// How many handshakes went this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handshakes {
    /// How.
    pub result: &'static str,
    /// Whether a session was resumed.
    pub resumed: bool,
    /// How many.
    pub count: u64,
}
