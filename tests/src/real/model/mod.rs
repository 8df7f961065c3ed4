//! The programs of the simulation, run by two real processes with several threads each.
//!
//! Nobody decides here who runs when, so nobody knows beforehand what comes of it. Each process notes what it does and
//! sees, in the order of its own events; a value is noted by where it came from. When both have come to rest, the notes
//! are put together, and the book looks whether they can be true: each call ran once where it should, in order, with
//! what it was given, and its caller saw what it gave.

mod act;
mod book;
mod call;
mod note;
mod object;
mod run;
mod task;

pub use run::{Plan, first_side, other_side};
