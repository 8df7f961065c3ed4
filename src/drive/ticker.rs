//! The ticker: one thread per node, which looks once a tick at the sessions that asked for it.
//!
//! It does nothing by itself that could wait, and runs no code of the user's: it calls others.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::thread;

use crate::clock::{Clock, Time};
use crate::drive::hub::Hub;
use crate::session::TICK;
use crate::sync::{Condvar, Mutex, MutexGuard};

/// Looks at sessions once a tick.
pub(crate) struct Ticker(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    turned: Condvar,
}

#[derive(Default)]
struct State {
    hubs: Vec<Weak<Hub>>,
    started: bool,
    over: bool,
}

impl Ticker {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let shared = Arc::new(Shared { clock, state: Mutex::default(), turned: Condvar::default() });
        let weak = Arc::downgrade(&shared);
        shared.clock.on_turn(Box::new(move || {
            if let Some(shared) = weak.upgrade() {
                // Locked, so that whoever looked at the clock before it was turned waits by now.
                let _state = shared.state.lock();
                shared.turned.notify_all();
            }
        }));
        Self(shared)
    }

    /// Has a session looked at from the next tick on, until it needs it no more.
    #[inline]
    pub(crate) fn enlist(&self, hub: &Hub) {
        if !hub.ticking.load(Ordering::SeqCst) {
            self.enlist_anew(hub);
        }
    }

    fn enlist_anew(&self, hub: &Hub) {
        if hub.ticking.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut state = self.0.state.lock();
        state.hubs.push(hub.weak());
        if state.started {
            self.0.turned.notify_all();
            return;
        }
        let shared = self.0.clone();
        let spawned = thread::Builder::new().name("wherever-ticker".into()).spawn(move || shared.run());
        state.started = spawned.is_ok();
        if !state.started {
            // Whoever comes next tries again.
            state.hubs.pop();
            hub.ticking.store(false, Ordering::Release);
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.0.state.lock().over = true;
        self.0.turned.notify_all();
    }
}

impl Shared {
    fn run(&self) {
        let mut last = self.clock.now();
        let mut state = self.state.lock();
        while !state.over {
            if state.hubs.is_empty() {
                self.turned.wait(&mut state);
                continue;
            }
            let due = last + TICK;
            let now = self.clock.now();
            if now < due {
                self.wait_till(due, &mut state);
                continue;
            }
            last = now;
            let hubs = std::mem::take(&mut state.hubs);
            drop(state);
            let more: Vec<Weak<Hub>> = hubs.into_iter().filter(|hub| look_at(hub, now)).collect();
            state = self.state.lock();
            state.hubs.extend(more);
        }
    }

    fn wait_till(&self, due: Time, state: &mut MutexGuard<'_, State>) {
        match self.clock.until(due) {
            Some(time) => _ = self.turned.wait_for(state, time),
            None => self.turned.wait(state),
        }
    }
}

/// Looks at one session; whether it is to be looked at again.
fn look_at(hub: &Weak<Hub>, now: Time) -> bool {
    let Some(hub) = hub.upgrade() else { return false };
    // Before looking: what comes up after it enlists the session anew.
    hub.ticking.store(false, Ordering::SeqCst);
    // A carrier's `wake`, a waker: what panics there is the user's, and must not take the ticker of all sessions along.
    let more = catch_unwind(AssertUnwindSafe(|| hub.driver().tick(&hub, now))).unwrap_or(true);
    let more = more && !hub.ticking.swap(true, Ordering::AcqRel);
    // If nothing else refers to it by now, what goes with it may be the user's: that is dropped by a worker.
    if let Some(last) = Arc::into_inner(hub) {
        let workers = last.node().workers().pool();
        // Without a thread it is dropped here.
        let _ = workers.run(Box::new(move || drop(last)));
    }
    more
}
