//! The dialects and HTTP versions by which calls are told apart: closed sets, so that whatever is counted
//! by them has bounds.

use http::Version;

/// In what a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// None: a preflight, or what was refused before its dialect was known.
    Http,
    /// REST with JSON.
    Rest,
    /// Connect.
    Connect,
    /// gRPC.
    Grpc,
    /// gRPC-Web.
    GrpcWeb,
    /// gRPC-Web in base64.
    GrpcWebText,
    /// WebSocket.
    Websocket,
    /// A page of the gateway's own, such as documentation.
    Pages,
}

impl Protocol {
    /// All of them, each at the place of its number.
    pub const ALL: [Self; 8] = [
        Self::Http,
        Self::Rest,
        Self::Connect,
        Self::Grpc,
        Self::GrpcWeb,
        Self::GrpcWebText,
        Self::Websocket,
        Self::Pages,
    ];

    /// The word in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Rest => "rest",
            Self::Connect => "connect",
            Self::Grpc => "grpc",
            Self::GrpcWeb => "grpc_web",
            Self::GrpcWebText => "grpc_web_text",
            Self::Websocket => "websocket",
            Self::Pages => "pages",
        }
    }

    /// True if a request in it means a method, be there one or not.
    pub(super) const fn means_a_method(self) -> bool {
        match self {
            Self::Connect | Self::Grpc | Self::GrpcWeb | Self::GrpcWebText => true,
            Self::Http | Self::Rest | Self::Websocket | Self::Pages => false,
        }
    }
}

/// Versions of HTTP that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HttpVersion {
    Http10,
    Http11,
    Http2,
}

impl HttpVersion {
    /// All of them, each at the place of its number.
    pub(super) const ALL: [Self; 3] = [Self::Http10, Self::Http11, Self::Http2];

    /// That of a request. There are no others than these: nothing beneath reads them.
    pub(super) const fn of(version: Version) -> Self {
        match version {
            Version::HTTP_09 | Version::HTTP_10 => Self::Http10,
            Version::HTTP_11 => Self::Http11,
            _ => Self::Http2,
        }
    }

    /// The number in logs and metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "1.0",
            Self::Http11 => "1.1",
            Self::Http2 => "2",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stands_at_the_place_of_its_number() {
        for (place, protocol) in Protocol::ALL.into_iter().enumerate() {
            assert_eq!(protocol as usize, place);
        }
        for (place, version) in HttpVersion::ALL.into_iter().enumerate() {
            assert_eq!(version as usize, place);
        }
    }
}
