//! Carriers for `wherever`: what moves frames from one process to another.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, reason = "a test that finds something else has failed"))]

mod child;
mod closable;
mod stdio;
mod traced;

pub use child::Child;
pub use stdio::{Stdio, stdio};
pub use traced::{Traced, Way};
