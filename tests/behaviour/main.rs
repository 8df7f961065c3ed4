//! Behaviours: what a user may count on, a file for each kind.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod budgets;
mod cycles;
mod depth;
