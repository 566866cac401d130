//! What each code means, and what whoever gets it can do.

use crate::call::Code;

/// What happened.
pub(super) const fn meaning(code: Code) -> &'static str {
    match code {
        Code::Ok => "The call succeeded.",
        Code::Cancelled => "The caller gave up, or somebody on its way did.",
        Code::Unknown => "The backend failed without saying how, or in no way that is defined.",
        Code::InvalidArgument => "The request is wrong, whatever state the system is in.",
        Code::DeadlineExceeded => "The time for the call ran out; it may have had its effect.",
        Code::NotFound => "What the request names is not there.",
        Code::AlreadyExists => "What was to be created is there already.",
        Code::PermissionDenied => "The caller is known and may not do this.",
        Code::ResourceExhausted => "A quota is used up, or a message is larger than its limit.",
        Code::FailedPrecondition => "The system is not in the state that this needs.",
        Code::Aborted => "Something else happened at the same time and won.",
        Code::OutOfRange => "The request goes past the end of what there is.",
        Code::Unimplemented => "Nothing there does this.",
        Code::Internal => "Something is broken: a rule of the protocol, or of the backend's own.",
        Code::Unavailable => "The backend cannot be reached now.",
        Code::DataLoss => "Data is lost or damaged beyond repair.",
        Code::Unauthenticated => "The caller is not known.",
    }
}

/// What to do.
pub(super) const fn remedy(code: Code) -> &'static str {
    match code {
        Code::Ok => "Nothing.",
        Code::Cancelled => "Look for who left: a closed connection, a timer of the client.",
        Code::Unknown | Code::DataLoss => {
            "Tell whoever runs the backend; the message may say more."
        }
        Code::InvalidArgument => "Mend the request: the details name the field.",
        Code::DeadlineExceeded => {
            "Give it more time, or find what is slow. Repeat it only if it may be repeated."
        }
        Code::NotFound => "Look at the name; the details may say which resource is meant.",
        Code::AlreadyExists => "Take another name, or change what is there.",
        Code::PermissionDenied => "Ask for access; repeating it does not help.",
        Code::ResourceExhausted => "Wait as long as RetryInfo says, or send less.",
        Code::FailedPrecondition => "Bring about the state first; the details say which.",
        Code::Aborted => "Read again and repeat the whole step.",
        Code::OutOfRange => "Ask for less; at the end, stop.",
        Code::Unimplemented => "Look at the name of the method, and at the backend's version.",
        Code::Internal => "Report it; repeating it rarely helps.",
        Code::Unavailable => "Repeat it after a while, later each time.",
        Code::Unauthenticated => "Send credentials, or new ones.",
    }
}

/// Who is likely to have failed.
pub(super) const fn culprit(code: Code) -> &'static str {
    match code {
        Code::Ok => "Nobody.",
        Code::Cancelled => "The caller's side.",
        Code::InvalidArgument => {
            "The request. If the details name a field, it was the gateway or the backend that read it; \
             both judge by the same schema."
        }
        Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::DataLoss => "The backend decided this; the gateway passes it on.",
        Code::Unauthenticated => {
            "Whoever checks callers: the gateway where it is set up to, else the backend."
        }
        Code::DeadlineExceeded => {
            "The backend was slow; the gateway or the backend looked at the clock."
        }
        Code::ResourceExhausted => {
            "The gateway, if the message speaks of a limit in bytes; else the backend."
        }
        Code::Unimplemented => "The gateway, if the path is nowhere; else the backend.",
        Code::Unavailable => {
            "The gateway could not reach the backend, or the backend says so itself."
        }
        Code::Unknown | Code::Internal => "The backend, or what it answered was not gRPC.",
    }
}
