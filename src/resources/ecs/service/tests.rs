//! What a service may say.
