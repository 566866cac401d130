//! A gRPC service config in JSON: what the owner of a service says about calls to it.
