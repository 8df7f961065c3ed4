//! Calls as futures, methods that are futures, and the async driver.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod by_hand;
mod driver;
mod many;
mod methods;
#[cfg(unix)]
mod mixed;
mod on_futures_io;
mod on_tokio;
mod room;
mod support;
mod whole;
