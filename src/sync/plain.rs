//! The standard library's locks, without poison. Those who wait long wait in these: in `parking_lot` they would stand in a
//! table of the process, in which a process that is forked off would find threads that it has not.

use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;
use std::time::Duration;

/// A mutex without poison.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

/// Holds the lock, but for the time that a condition is waited for.
pub(crate) struct MutexGuard<'a, T>(Option<std::sync::MutexGuard<'a, T>>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        let Some(held) = &self.0 else { not_held() };
        held
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        let Some(held) = &mut self.0 else { not_held() };
        held
    }
}

/// It is held but while a condition is waited for, which has the guard meanwhile.
#[cold]
fn not_held() -> ! {
    std::process::abort()
}

/// A condition.
#[derive(Debug, Default)]
pub(crate) struct Condvar(std::sync::Condvar);

/// What waiting for a time came to.
pub(crate) struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    pub(crate) fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }

    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let held = guard.0.take().map(|held| self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
        guard.0 = held;
    }

    pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, time: Duration) -> WaitTimeoutResult {
        let Some(held) = guard.0.take() else { return WaitTimeoutResult(false) };
        let (held, waited) = self.0.wait_timeout(held, time).unwrap_or_else(PoisonError::into_inner);
        guard.0 = Some(held);
        WaitTimeoutResult(waited.timed_out())
    }
}
