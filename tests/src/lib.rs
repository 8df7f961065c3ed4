//! What the tests share: pairs of nodes on invented time, simulations, and real processes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

pub mod conformance;
pub mod hand;
pub mod hostile;
pub mod inline;
pub mod lab;
pub mod line;
pub mod pair;
#[cfg(target_os = "linux")]
pub mod real;
pub mod sim;
pub mod toy;
pub mod vectors;

/// The code on the page for who writes a carrier.
#[cfg(doctest)]
#[doc = include_str!("../../docs/transports.md")]
pub struct PageOnTransports;

/// The code in the guide.
#[cfg(all(doctest, unix))]
#[doc = include_str!("../../docs/guide.md")]
pub struct Guide;
