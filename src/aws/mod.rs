//! Clients, paging, throttling, retry and error classes, ownership tags, canonical policies.
