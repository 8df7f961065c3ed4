//! Which hubs the present thread acts on the events of, so that events do not stack up on each other.

use std::cell::RefCell;

thread_local! {
    /// Numbers of the hubs, innermost last.
    static WITHIN: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Times that a thread acts on a hub's events while it acts on another of the same hub. Beyond that the outer ones go on
/// with what is left: a peer may cause any number of events at once, and each may lead to acting on the next.
const DEPTH_MAX: usize = 4;

/// While it lives, the present thread acts on a hub's events.
pub(crate) struct Dispatching(());

impl Dispatching {
    /// Begins to act on this hub's events, unless the thread is too deep in them already.
    pub(crate) fn enter(hub: u64) -> Option<Self> {
        WITHIN.with(|within| {
            let mut within = within.borrow_mut();
            let depth = within.iter().filter(|number| **number == hub).count();
            (depth < DEPTH_MAX).then(|| {
                within.push(hub);
                Self(())
            })
        })
    }
}

impl Drop for Dispatching {
    fn drop(&mut self) {
        WITHIN.with(|within| within.borrow_mut().pop());
    }
}

/// While it lives, the present thread waits: whatever it was acting on goes on only after that, so events are acted on
/// as if it were on none.
pub(crate) struct Waits(Vec<u64>);

impl Waits {
    pub(crate) fn begin() -> Self {
        Self(WITHIN.with(RefCell::take))
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        WITHIN.with(|within| *within.borrow_mut() = std::mem::take(&mut self.0));
    }
}
