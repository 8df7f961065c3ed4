//! The typed face: what the attributes and derives make, used between two sides.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that finds something else has failed")]

mod costs;
mod exporting;
mod failures;
mod grants;
mod interfaces;
mod middle;
mod names;
mod paths;
mod processes;
mod random;
mod runtimes;
mod support;
