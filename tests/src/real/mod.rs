//! Real processes and threads: what the tests of `threads` are made of.
//!
//! A test starts the program `real` with the name of a scene. That process is one side, has no other test in it, and
//! starts the other side itself: the same program again. So threads, processor time and memory can be counted per
//! process, and a scene that hangs is killed whole.
#![allow(clippy::print_stderr, reason = "what a scene measured, and why it fails, is told to whoever plays it")]

pub mod carrier;
pub mod graves;
pub mod lab;
pub mod model;
pub mod other;
pub mod scenes;
pub mod system;
