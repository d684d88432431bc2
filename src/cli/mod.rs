//! Arguments, one file a verb, exit codes.
