//! Annotations out of `.proto` texts, dialect by dialect.
