//! Hand-made clients, and any interleaving of attempts.
