//! Lanes of tasks: of those that the library polls, and of those that a runtime numbers.

use std::collections::BTreeSet;

use parking_lot::Mutex;

use crate::drive::lanes::Lane;

/// Numbers that are free again, and the lowest that was never taken, so that a new task gets a small one.
static FREE: Mutex<(BTreeSet<u64>, u64)> = Mutex::new((BTreeSet::new(), 0));

/// A lane that is one task's, until it is dropped.
#[derive(Debug)]
pub(crate) struct TaskLane(u64);

impl TaskLane {
    pub(crate) fn take() -> Self {
        let mut free = FREE.lock();
        let number = free.0.pop_first().unwrap_or_else(|| {
            free.1 += 1;
            free.1 - 1
        });
        Self(number)
    }

    pub(crate) fn lane(&self) -> Lane {
        Lane(self.0.wrapping_mul(8) | 3)
    }
}

impl Drop for TaskLane {
    fn drop(&mut self) {
        FREE.lock().0.insert(self.0);
    }
}

/// The lane of a task that its runtime knows by this number.
pub(super) fn of_number(number: u64) -> Lane {
    Lane(number.wrapping_mul(8) | 7)
}
