//! What the tests share: pairs of nodes on invented time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

pub mod pair;
