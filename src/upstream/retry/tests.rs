//! Whole calls against random upstreams, and A6 in tables.
