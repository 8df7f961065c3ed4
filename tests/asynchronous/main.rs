//! Calls as futures, methods that are futures, and the async driver.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod by_hand;
mod driver;
mod methods;
mod room;
