//! The objects between whoever runs code and whoever debugs it, in whatever language either is written: a [`Stack`] of
//! frames, the [`Debugger`] that a process exports, the [`DebugListener`] that it tells of stops.
//!
//! Whoever runs code implements [`Stack`] and [`Debugger`], and exports the latter by the name [`NAME`]. Whoever debugs
//! takes that as a [`DebuggerProxy`]. What a member gives is one tuple, copied whole, so each call is one round trip.
#![forbid(unsafe_code)]

mod command;
mod interfaces;
mod records;
#[cfg(test)]
mod tests;
mod tuple;
mod words;

pub use command::Command;
pub use interfaces::{DebugListener, DebugListenerProxy, Debugger, DebuggerProxy, Stack, StackProxy};
pub use records::{About, Breakpoint, Contents, Failure, Place, Placed, Stop, ThreadInfo, Variable};
pub use tuple::Tuple;
pub use words::{Reason, Scope};

/// The name by which a process exports its [`Debugger`].
pub const NAME: &str = "debugger";
