//! Pages of small APIs written as `.proto` text.
