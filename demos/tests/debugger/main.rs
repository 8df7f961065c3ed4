//! The debugger of scripts: real processes that run them, and terminals and clients in others that debug them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod adapter;
mod looking;
mod process;
mod speed;
mod stops;
mod terminal;
