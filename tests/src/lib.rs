//! What the tests share: pairs of nodes on invented time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

pub mod hostile;
pub mod inline;
pub mod lab;
pub mod pair;
pub mod sim;
pub mod toy;
pub mod vectors;
