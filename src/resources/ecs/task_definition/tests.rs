//! What a task definition may say.
