//! Lanes: a small number for each thread that calls, and for each caller that a middle forwards for.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use parking_lot::Mutex;

use crate::context::Chain;

/// Numbers of threads that have called, so that a new thread gets the smallest that is free.
static THREADS: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

struct ThreadLane(u64);

impl ThreadLane {
    fn take() -> Self {
        let mut taken = THREADS.lock();
        let free = (0..).find(|lane| !taken.contains(lane)).unwrap_or_default();
        taken.insert(free);
        Self(free)
    }
}

impl Drop for ThreadLane {
    fn drop(&mut self) {
        THREADS.lock().remove(&self.0);
    }
}

thread_local! {
    static LANE: ThreadLane = ThreadLane::take();
    static SERVING: RefCell<Vec<Chain>> = const { RefCell::new(Vec::new()) };
}

/// The lane of the present thread: even, so that lanes of a middle are told from it.
pub(crate) fn thread_lane() -> u64 {
    // While a thread ends, its number is gone; what its destructors still call shares the first lane.
    LANE.try_with(|lane| lane.0 * 2).unwrap_or(0)
}

/// The chain that the present thread is serving.
pub(crate) fn serving() -> Option<Chain> {
    SERVING.try_with(|serving| serving.borrow().last().cloned()).ok().flatten()
}

/// While it lives, the present thread serves this chain.
pub(crate) struct Serving(());

impl Serving {
    pub(crate) fn enter(chain: &Chain) -> Self {
        SERVING.with(|serving| serving.borrow_mut().push(chain.clone()));
        Self(())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Bound, so that the chain is dropped after the borrow.
        let _chain = SERVING.with(|serving| serving.borrow_mut().pop());
    }
}

/// Lanes of the callers that a middle forwards for, by session, lane and parent over there.
#[derive(Default)]
pub(crate) struct ForwardLanes {
    lanes: HashMap<Caller, (u64, u32)>,
    taken: BTreeSet<u64>,
}

/// A caller that a middle forwards for: session, lane, parent.
pub(crate) type Caller = (u64, u64, Option<u64>);

impl ForwardLanes {
    /// The lane of a caller, for one more call.
    pub(crate) fn enter(&mut self, caller: Caller) -> u64 {
        let Self { lanes, taken } = self;
        let (lane, calls) = lanes.entry(caller).or_insert_with(|| {
            let free = (0..).find(|lane| !taken.contains(lane)).unwrap_or_default();
            taken.insert(free);
            (free, 0)
        });
        *calls += 1;
        *lane * 2 + 1
    }

    /// One call of a caller is over; after its last, the lane is free for others.
    pub(crate) fn leave(&mut self, caller: Caller) {
        let Some((lane, calls)) = self.lanes.get_mut(&caller) else { return };
        *calls -= 1;
        if *calls == 0 {
            self.taken.remove(lane);
            self.lanes.remove(&caller);
        }
    }
}
