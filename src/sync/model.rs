//! The model checker's locks, with the faces of ours; and what runs a model.

use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;
use std::time::Duration;

/// A mutex without poison, of the model checker.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

/// Holds the lock, but for the time that a condition is waited for.
pub(crate) struct MutexGuard<'a, T>(Option<shuttle::sync::MutexGuard<'a, T>>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("held but while waiting")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("held but while waiting")
    }
}

/// A condition, of the model checker.
#[derive(Debug, Default)]
pub(crate) struct Condvar(shuttle::sync::Condvar);

impl Condvar {
    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }

    /// Time does not pass in a model.
    pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _time: Duration) -> WaitTimeoutResult {
        self.wait(guard);
        WaitTimeoutResult
    }

    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let held = guard.0.take().map(|held| self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
        guard.0 = held;
    }
}

/// What waiting for a time came to.
pub(crate) struct WaitTimeoutResult;

impl WaitTimeoutResult {
    pub(crate) fn timed_out(&self) -> bool {
        false
    }
}

/// Runs a model under many schedules: random ones, and ones in which few threads overtake others. What fails is printed
/// with its schedule; set as `SHUTTLE_SCHEDULE`, that schedule alone is run.
#[cfg(test)]
pub(crate) fn explore(schedules: usize, model: fn()) {
    use shuttle::scheduler::{PctScheduler, RandomScheduler};
    use shuttle::{Config, MaxSteps, Runner};

    if let Ok(schedule) = std::env::var("SHUTTLE_SCHEDULE") {
        return shuttle::replay(model, &schedule);
    }
    let mut config = Config::new();
    config.max_steps = MaxSteps::FailAfter(200_000);
    config.stack_size = 0x40000;
    config.silence_warnings = true;
    Runner::new(RandomScheduler::new_from_seed(1, schedules / 2), config.clone()).run(model);
    for depth in [2, 4, 8, 16] {
        Runner::new(PctScheduler::new_from_seed(depth as u64, depth, schedules / 8), config.clone()).run(model);
    }
}
