//! The rules of the house, held against the text of the sources.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod manifest;
mod pages;
mod python;
mod source;
mod surface;
mod threads;
