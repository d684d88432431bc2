//! Data sources: what others own, read and never written.
