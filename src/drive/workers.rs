//! Worker threads of a node: as many as there is work for at once, kept for a while when there is none.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::sync::{Condvar, Mutex};

/// The worker threads of a node. Who gives them work bounds how much of it there is.
#[derive(Default)]
pub(crate) struct Workers(Arc<Pool>);

/// The worker threads, for who may outlive their node.
#[derive(Default)]
pub(crate) struct Pool {
    state: Mutex<State>,
    called: Condvar,
}

#[derive(Default)]
struct State {
    /// What nobody has begun, each with its number.
    tasks: VecDeque<(u64, Task)>,
    numbers: u64,
    threads: usize,
    idle: usize,
    over: bool,
}

/// What a worker does: it must not be kept waiting for another worker.
pub(crate) type Task = Box<dyn FnOnce() + Send>;

/// How long a worker without work is kept.
const IDLE: Duration = Duration::from_secs(10);

/// Bytes of stack: calls nested as deep as the limits allow fit, those of user code included.
const STACK_LEN: usize = 8 << 20;

impl Workers {
    /// Has a worker do this: one that is idle, or a new one. If no thread can be started, the task comes back, unless
    /// another has become free meanwhile: those at work may stay there for good.
    pub(crate) fn run(&self, task: Task) -> Result<(), Task> {
        self.0.run(task)
    }

    pub(crate) fn pool(&self) -> Arc<Pool> {
        self.0.clone()
    }

    /// How many threads there are.
    #[cfg(test)]
    fn threads(&self) -> usize {
        self.0.state.lock().threads
    }
}

impl Pool {
    /// As [`Workers::run`].
    pub(crate) fn run(self: &Arc<Self>, task: Task) -> Result<(), Task> {
        let mut state = self.state.lock();
        state.numbers += 1;
        let number = state.numbers;
        state.tasks.push_back((number, task));
        if state.idle >= state.tasks.len() {
            self.called.notify_one();
            return Ok(());
        }
        state.threads += 1;
        drop(state);
        let pool = self.clone();
        let started =
            thread::Builder::new().name("wherever-worker".into()).stack_size(STACK_LEN).spawn(move || pool.work());
        if started.is_ok() {
            return Ok(());
        }
        let mut state = self.state.lock();
        state.threads -= 1;
        let place = state.tasks.iter().position(|(other, _)| *other == number);
        place.and_then(|place| state.tasks.remove(place)).map_or(Ok(()), |(_, task)| Err(task))
    }

    fn work(&self) {
        let mut state = self.state.lock();
        loop {
            if let Some((_, task)) = state.tasks.pop_front() {
                drop(state);
                // What panicked was the user's, and was told to whoever asked for it, or to nobody.
                let _ = catch_unwind(AssertUnwindSafe(task));
                state = self.state.lock();
                continue;
            }
            if state.over {
                break;
            }
            state.idle += 1;
            let late = self.called.wait_for(&mut state, IDLE).timed_out();
            state.idle -= 1;
            if late && state.tasks.is_empty() {
                break;
            }
        }
        state.threads -= 1;
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.0.state.lock().over = true;
        self.0.called.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn as_many_threads_as_there_are_tasks_at_once_and_no_more() {
        let workers = Workers::default();
        for _ in 0..3 {
            let barrier = Arc::new(Barrier::new(5));
            for _ in 0..4 {
                let barrier = barrier.clone();
                assert!(workers.run(Box::new(move || _ = barrier.wait())).is_ok());
            }
            // All wait for each other, so all run at once.
            barrier.wait();
            while workers.0.state.lock().idle < 4 {
                thread::yield_now();
            }
            assert_eq!(workers.threads(), 4);
        }
    }

    #[test]
    fn a_panic_ends_the_task_and_not_the_worker() {
        let workers = Workers::default();
        let (sender, receiver) = crossbeam_channel::bounded(1);
        assert!(workers.run(Box::new(|| std::panic::resume_unwind(Box::new(())))).is_ok());
        assert!(workers.run(Box::new(move || _ = sender.send(()))).is_ok());
        assert!(receiver.recv().is_ok());
    }
}
