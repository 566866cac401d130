//! Bounds: the sections `limits` and `timeouts`. What a route can choose stands first in each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::section::Section;
use crate::config::units::{ByteSize, Count, MemorySize, Span, SpanOrNone};
use crate::{listener, protocol};

fn limits() -> protocol::Limits {
    protocol::Limits::default()
}

fn timeouts() -> protocol::Timeouts {
    protocol::Timeouts::default()
}

fn listener() -> listener::Config {
    listener::Config::default()
}

gateway_section! {
    /// Limits. Sizes are bytes or have a unit: `16KiB`, `4MiB`.
    Limits / RouteLimits "a mapping of `limits` keys"
    {
        /// One request message, and the body of a unary request (413, RESOURCE_EXHAUSTED).
        request_message: ByteSize = ByteSize(limits().request_message);
        /// One message of an answer (RESOURCE_EXHAUSTED).
        response_message: ByteSize = ByteSize(limits().response_message);
        /// Nesting of messages, lists and objects, in JSON and on the wire (400). At most 200.
        depth: Count = Count::of(protocol::Options::default().read.depth_max);
    }
    gateway
    {
        /// Path and query together (414).
        url: ByteSize = ByteSize(protocol::HeadLimits::default().url);
        /// All request headers together (431).
        header_bytes: ByteSize = ByteSize(protocol::HeadLimits::default().metadata);
        /// How many request headers (431).
        headers: Count = Count::of(listener().limits.headers);
        /// What all messages together hold in memory while they are not whole, or not taken by their clients yet. A
        /// call that needs more is refused (RESOURCE_EXHAUSTED). `auto`: half of `overload.memory_max`, or 1 GiB where
        /// that is not known.
        buffered_total: MemorySize = MemorySize(None);
        /// Concurrent streams on one HTTP/2 connection.
        streams_per_connection: Count = Count(listener().limits.streams_per_connection);
        /// Concurrent client connections; further ones wait to be accepted. No more than half of the file descriptors
        /// that the process may have.
        connections: Count = Count::of(listener().limits.connections);
        /// TLS handshakes under way; further ones wait, within their time-out.
        handshakes: Count = Count::of(listener().limits.handshakes);
    }
}

gateway_section! {
    /// Time-outs. Only the drain's may be `0s`.
    Timeouts / RouteTimeouts "a mapping of `timeouts` keys"
    {
        /// Deadline of a unary call for which the client names none (504). `none`: it has no
        /// deadline.
        unary: SpanOrNone = SpanOrNone(timeouts().unary_default);
        /// The longest deadline a client can ask for in a unary call, or `none`.
        unary_cap: SpanOrNone = SpanOrNone(timeouts().unary_cap);
        /// Deadline of a stream for which the client names none, or `none`.
        stream: SpanOrNone = SpanOrNone(timeouts().stream_default);
        /// The longest deadline a client can ask for in a stream, or `none`.
        stream_cap: SpanOrNone = SpanOrNone(timeouts().stream_cap);
        /// Receiving the whole body of a unary request (408).
        request_body: Span = Span(timeouts().request_body);
        /// A stream on which no message travels either way. `none`: it may be silent.
        stream_idle: SpanOrNone = SpanOrNone(timeouts().stream_idle);
    }
    gateway
    {
        /// A client connection without a request.
        connection_idle: Span = Span(listener().timeouts.idle);
        /// A client that takes nothing more of a response that is there.
        write_stall: Span = Span(listener().timeouts.write_stall);
        /// PINGs to a client of HTTP/2, this often: they find out whether it is still there.
        keepalive_interval: Span = Span(listener().timeouts.keepalive_interval);
        /// The answer to such a PING; without it the client is gone, and its calls are cancelled.
        keepalive_timeout: Span = Span(listener().timeouts.keepalive_timeout);
        /// The TLS handshake of a new connection.
        tls_handshake: Span = Span(listener().timeouts.tls_handshake);
        /// Receiving the head of an HTTP/1.1 request.
        request_head: Span = Span(listener().timeouts.head);
        /// Receiving the HTTP/2 preface of a new connection.
        preface: Span = Span(listener().timeouts.preface);
        /// After a stop signal: how long the gateway still accepts while readiness already fails.
        drain_delay: Span = Span(listener().drain.delay);
        /// After a stop signal: how long running calls may take to end. Then they end with UNAVAILABLE.
        drain_grace: Span = Span(listener().drain.grace);
    }
}
