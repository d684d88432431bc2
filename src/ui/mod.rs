//! The only place that prints: data in, bytes out.
