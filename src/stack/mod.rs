//! Stack files: TOML with spans, variables, environments, expressions, references, diagnostics. Pure.
