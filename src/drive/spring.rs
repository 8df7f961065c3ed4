//! Tasks of hosts that run where they are asked for: not on top of each other without end.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// What a host goes on with.
pub(crate) type Task = Box<dyn FnOnce() + Send>;

/// Tasks that may run on top of each other on one thread. One that waits, and is served meanwhile, may need some; one
/// that asks for itself again and again must not fill the stack.
const DEPTH_MAX: u32 = 8;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static LEFT: RefCell<VecDeque<Task>> = const { RefCell::new(VecDeque::new()) };
}

/// While it lives, one more task runs.
struct Deeper;

impl Drop for Deeper {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Runs a task, now or as soon as the outermost that runs on this thread is done.
pub(crate) fn run(task: Task) {
    if DEPTH.get() >= DEPTH_MAX {
        return LEFT.with(|left| left.borrow_mut().push_back(task));
    }
    DEPTH.set(DEPTH.get() + 1);
    let deeper = Deeper;
    task();
    if DEPTH.get() == 1 {
        // The borrow ends before the task begins.
        while let Some(task) = LEFT.with(|left| left.borrow_mut().pop_front()) {
            task();
        }
    }
    drop(deeper);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn again(left: u32, count: &Arc<AtomicU32>) -> Task {
        let count = count.clone();
        Box::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
            if left > 0 {
                run(again(left - 1, &count));
            }
        })
    }

    #[test]
    fn a_task_that_asks_for_itself_does_not_fill_the_stack() {
        let count = Arc::default();
        run(again(200_000, &count));
        assert_eq!(count.load(Ordering::Relaxed), 200_001);
        assert_eq!(DEPTH.get(), 0);
    }
}
