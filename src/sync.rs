//! Locks and flags, as the drivers use them. A model checker stands in for them with `--cfg shuttle`, so that it can try the
//! orders in which threads may come.

pub(crate) use std::sync::atomic::Ordering;

#[cfg(not(shuttle))]
pub(crate) use plain::{Condvar, Mutex, MutexGuard};
#[cfg(not(shuttle))]
pub(crate) use std::sync::atomic::AtomicBool;

#[cfg(all(test, shuttle))]
pub(crate) use model::explore;
#[cfg(shuttle)]
pub(crate) use model::{Condvar, Mutex, MutexGuard};
#[cfg(shuttle)]
pub(crate) use shuttle::sync::atomic::AtomicBool;

#[cfg(shuttle)]
mod model;
#[cfg(not(shuttle))]
mod plain;
