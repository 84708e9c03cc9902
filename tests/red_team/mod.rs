//! Attacks, by the ids of the red team's list: each a sequence of requests against a running server.

mod sessions;
