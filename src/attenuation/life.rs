//! The life of an attenuated reference: what it holds, until when, and that it was revoked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{Clock, Time};
use crate::error::Error;
use crate::value::Ref;

/// What the caretaker of a reference, and those of the functions that were read through it, have in common.
///
/// One lock for all of it: whoever revokes finds every object held, and what is made meanwhile finds it revoked.
pub(crate) struct Life {
    state: Mutex<State>,
    clock: Option<Lease>,
}

#[derive(Default)]
struct State {
    revoked: bool,
    until: Option<Time>,
    /// Objects by the numbers of their caretakers.
    held: BTreeMap<u64, Ref>,
    numbers: u64,
}

/// By which clock a lease runs. Not the node: that may export the reference, and would be kept by it.
pub(super) struct Lease(Arc<dyn Clock>);

impl Lease {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self(clock)
    }
}

/// Why there is no life left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Revoked,
    RunOut,
}

impl Life {
    pub(super) fn new(lease: Option<(Lease, Duration)>) -> Arc<Self> {
        let until = lease.as_ref().map(|(lease, time)| lease.0.now().saturating_add(*time));
        let state = Mutex::new(State { until, ..State::default() });
        Arc::new(Self { state, clock: lease.map(|(lease, _)| lease) })
    }

    /// Holds an object, unless all is revoked; the number that it is held under.
    pub(super) fn hold(&self, object: Ref) -> u64 {
        let mut state = self.state.lock();
        state.numbers += 1;
        let number = state.numbers;
        if state.revoked {
            drop(state);
            drop(object);
        } else {
            state.held.insert(number, object);
        }
        number
    }

    /// Lets an object go.
    pub(super) fn let_go(&self, number: u64) {
        // Bound, so that the object is dropped after the lock.
        let _object = self.state.lock().held.remove(&number);
    }

    /// The object, if it may be used now.
    pub(super) fn object(&self, number: u64) -> Result<Ref, Over> {
        let now = self.clock.as_ref().map(|lease| lease.0.now());
        let state = self.state.lock();
        let object = state.held.get(&number).filter(|_| !state.revoked).cloned().ok_or(Over::Revoked)?;
        match (state.until, now) {
            (Some(until), Some(now)) if until <= now => {
                drop(state);
                drop(object);
                Err(Over::RunOut)
            }
            _ => Ok(object),
        }
    }

    /// The object, whether or not the lease has run out.
    pub(super) fn held(&self, number: u64) -> Option<Ref> {
        self.state.lock().held.get(&number).cloned()
    }

    pub(super) fn revoke(&self) {
        // Bound, so that the objects are dropped after the lock.
        let _objects = {
            let mut state = self.state.lock();
            state.revoked = true;
            std::mem::take(&mut state.held)
        };
    }

    pub(super) fn is_revoked(&self) -> bool {
        self.state.lock().revoked
    }

    pub(super) fn renew(&self, time: Duration) -> Result<(), Error> {
        let Some(Lease(clock)) = &self.clock else {
            return Err(Error::Misuse("the reference has no lease that could be renewed: it lasts".into()));
        };
        let until = clock.now().saturating_add(time);
        let mut state = self.state.lock();
        if state.revoked {
            return Err(Error::Misuse("the reference was revoked: give a new one".into()));
        }
        state.until = Some(until);
        Ok(())
    }

    pub(super) fn left(&self) -> Option<Duration> {
        let now = self.clock.as_ref().map(|lease| lease.0.now());
        let state = self.state.lock();
        if state.revoked {
            return Some(Duration::ZERO);
        }
        Some(state.until?.saturating_sub(now?))
    }
}
