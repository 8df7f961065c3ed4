//! What is to be done, what is done, and the bar that shows it.

use std::collections::VecDeque;
use std::io::{IsTerminal, stderr};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::numbers::Numbers;

/// Characters of the bar.
const BAR_LEN: usize = 40;

/// The work, shared by the threads that hand it out.
pub(crate) struct Board {
    state: Mutex<State>,
    /// There is a range to be taken again, or none is missing any more.
    changed: Condvar,
    ranges: usize,
}

struct State {
    /// Ranges that nobody works on.
    todo: VecDeque<Numbers>,
    /// Ranges that a worker held when it died.
    lost: Vec<Numbers>,
    /// Ranges without a result.
    missing: usize,
    primes: u64,
}

impl Board {
    /// Work of so many ranges, of which these are not yet given to anybody.
    pub(crate) fn new(ranges: usize, todo: Vec<Numbers>) -> Self {
        let state = State { todo: todo.into(), lost: Vec::new(), missing: ranges, primes: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new(), ranges }
    }

    /// A range to work on. If there is none just now, one may come back from a worker that dies: whoever has nothing
    /// else to do waits for that, until all is done.
    pub(crate) fn take(&self, wait: bool) -> Option<Numbers> {
        let mut state = self.state();
        while wait && state.todo.is_empty() && state.missing > 0 {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.todo.pop_front()
    }

    /// A worker has found so many primes in a range.
    pub(crate) fn done(&self, worker: usize, range: &Numbers, primes: u64) {
        let mut state = self.state();
        if state.lost.contains(range) {
            self.say(&state, &format!("worker {worker} has done {range:?} again"));
        }
        state.primes += primes;
        state.missing -= 1;
        self.draw(&state, true);
        if state.missing == 0 {
            self.changed.notify_all();
        }
    }

    /// A worker is gone, and has left these ranges undone.
    pub(crate) fn lose(&self, what: &str, ranges: Vec<Numbers>) {
        let mut state = self.state();
        self.say(&state, what);
        self.say(&state, &format!("it held {ranges:?}; counting twice does no harm, so others take that"));
        state.lost.extend_from_slice(&ranges);
        state.todo.extend(ranges);
        self.changed.notify_all();
    }

    /// How many primes there are, once no range is missing.
    pub(crate) fn result(&self) -> Option<u64> {
        let state = self.state();
        (state.missing == 0).then_some(state.primes)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints a line of the story, above the bar.
    fn say(&self, state: &State, line: &str) {
        if stderr().is_terminal() {
            eprint!("\r\x1b[K");
        }
        println!("{line}");
        self.draw(state, false);
    }

    /// Shows how much is done: a bar on a terminal; elsewhere a line for each quarter, when one more range is done.
    fn draw(&self, state: &State, is_more: bool) {
        let (all, done) = (self.ranges, self.ranges - state.missing);
        if stderr().is_terminal() {
            let full = done * BAR_LEN / all;
            let end = if state.missing == 0 { "\n" } else { "" };
            eprint!("\r\x1b[K[{}{}] {done}/{all}{end}", "#".repeat(full), ".".repeat(BAR_LEN - full));
        } else if is_more && done * 4 / all > (done - 1) * 4 / all {
            eprintln!("{done} of {all} ranges are done");
        }
    }
}
