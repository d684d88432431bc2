//! Snapshot of the account, diff, graph, plan (pure) and apply, wait, events (I/O behind the resource trait).
