//! Rules out of `.proto` texts, row by row.
