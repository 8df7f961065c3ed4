//! Threads that wait for an async session by blocking.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::sync::{Condvar, Mutex};

/// Threads that wait, woken all at once: few do.
#[derive(Default)]
pub(super) struct Parked {
    /// Counts the times that there may have been news.
    news: Mutex<u64>,
    told: Condvar,
    /// Threads that look, or wait.
    waiting: AtomicU32,
    /// Of them, those that wait for a moment in time.
    timed: AtomicU32,
}

/// What a thread has seen, so that it misses nothing that comes after.
pub(super) struct Seen<'a>(u64, &'a Parked);

/// While it lives, a thread waits for a moment in time.
pub(super) struct Timed<'a>(&'a Parked);

impl Parked {
    /// To be called before looking for news.
    pub(super) fn look(&self) -> Seen<'_> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Seen(*self.news.lock(), self)
    }

    /// Waits until there may be news that were not there when `seen` was made.
    pub(super) fn wait(&self, seen: Seen<'_>) {
        let mut news = self.news.lock();
        while *news == seen.0 {
            self.told.wait(&mut news);
        }
    }

    /// There may be news.
    pub(super) fn wake(&self) {
        if self.waiting.load(Ordering::SeqCst) == 0 {
            return;
        }
        *self.news.lock() += 1;
        self.told.notify_all();
    }

    /// A thread waits for a moment in time from now on.
    pub(super) fn begin_timed(&self) -> Timed<'_> {
        self.timed.fetch_add(1, Ordering::SeqCst);
        Timed(self)
    }

    /// A tick has passed; whether anybody waits for the next.
    pub(super) fn tick(&self) -> bool {
        let any = self.timed.load(Ordering::SeqCst) > 0;
        if any {
            self.wake();
        }
        any
    }
}

impl Drop for Seen<'_> {
    fn drop(&mut self) {
        self.1.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Timed<'_> {
    fn drop(&mut self) {
        self.0.timed.fetch_sub(1, Ordering::SeqCst);
    }
}
