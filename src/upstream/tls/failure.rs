//! Why there is no TLS with an endpoint, in words that tell an operator what is wrong.

use std::io;

use rustls::{AlertDescription, CertificateError, Error};

/// Why there is no TLS with an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::upstream) enum Failure {
    #[error("its certificate is by an authority that is not trusted")]
    UnknownAuthority,
    #[error("its certificate is for another name")]
    OtherName,
    #[error("its certificate has expired")]
    Expired,
    #[error("its certificate is not valid yet")]
    NotValidYet,
    #[error("its certificate is no good")]
    Certificate,
    #[error("its address cannot be the name in a certificate")]
    NoName,
    #[error("it does not agree on HTTP/2 by ALPN")]
    NoHttp2,
    #[error("it does not speak TLS")]
    NotTls,
    #[error("it wants a client certificate")]
    WantsCertificate,
    #[error("it refuses the client certificate")]
    RefusesCertificate,
    #[error("it shares no version or cipher of TLS, or wants another client certificate")]
    NothingShared,
    #[error("it closed the connection instead of speaking TLS and HTTP/2")]
    Closed,
    #[error("the TLS handshake failed")]
    Other,
}

/// What the gateway shows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Nothing,
    Certificate,
}

impl Failure {
    /// Why a handshake failed.
    pub(super) fn of_handshake(error: &io::Error, shown: Shown) -> Self {
        let Some(cause) = cause(error) else {
            return match error.kind() {
                io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe => Self::Closed,
                _ => Self::Other,
            };
        };
        match cause {
            Error::InvalidCertificate(wrong) => Self::of_certificate(wrong),
            Error::InvalidMessage(_) => Self::NotTls,
            Error::NoApplicationProtocol => Self::NoHttp2,
            Error::PeerIncompatible(_) => Self::NothingShared,
            Error::AlertReceived(alert) => Self::of_description(*alert, shown),
            _ => Self::Other,
        }
    }

    /// Why the peer ended an open connection, if it said so.
    pub(super) fn of_alert(error: &io::Error, shown: Shown) -> Option<Self> {
        match cause(error)? {
            Error::AlertReceived(alert) => Some(Self::of_description(*alert, shown)),
            _ => None,
        }
    }

    fn of_certificate(wrong: &CertificateError) -> Self {
        use CertificateError as Wrong;
        match wrong {
            Wrong::UnknownIssuer => Self::UnknownAuthority,
            Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => Self::OtherName,
            Wrong::Expired | Wrong::ExpiredContext { .. } => Self::Expired,
            Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => Self::NotValidYet,
            _ => Self::Certificate,
        }
    }

    fn of_description(alert: AlertDescription, shown: Shown) -> Self {
        use AlertDescription as Alert;
        match (alert, shown) {
            (Alert::CertificateRequired, _)
            // What servers say by TLS 1.2, which has no word for it.
            | (Alert::BadCertificate | Alert::NoCertificate | Alert::AccessDenied, Shown::Nothing) => {
                Self::WantsCertificate
            }
            (
                Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied
                | Alert::DecryptError,
                Shown::Certificate,
            ) => Self::RefusesCertificate,
            (Alert::NoApplicationProtocol, _) => Self::NoHttp2,
            (Alert::UnrecognisedName, _) => Self::OtherName,
            (
                Alert::HandshakeFailure | Alert::ProtocolVersion | Alert::InsufficientSecurity,
                _,
            ) => Self::NothingShared,
            (_, _) => Self::Other,
        }
    }
}

fn cause(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}
