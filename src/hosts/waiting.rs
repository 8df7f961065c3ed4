//! Where a thread waits for its turn.

use crate::error::Error;
use crate::hosts::turn::Turn;
use crate::sync::{Condvar, Mutex};

/// Where one thread waits until it is called.
#[derive(Default)]
pub(super) struct Seat {
    called: Mutex<Option<Result<Turn, Error>>>,
    came: Condvar,
}

impl Seat {
    /// Calls the thread: with the turn, or with why it will not come.
    pub(super) fn call(&self, turn: Result<Turn, Error>) {
        *self.called.lock() = Some(turn);
        self.came.notify_one();
    }

    /// Waits until the thread is called.
    pub(super) fn wait(&self) -> Result<Turn, Error> {
        let mut called = self.called.lock();
        loop {
            if let Some(turn) = called.take() {
                return turn;
            }
            self.came.wait(&mut called);
        }
    }
}
