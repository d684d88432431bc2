//! The embedded AWS and its strict rules.
