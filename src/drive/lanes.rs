//! Lanes: a small number for each thread that calls, for each task that shares its thread with others, and for each
//! caller that a middle forwards for. The kinds are told apart by the remainder of four.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};

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
    static ENTERED: Cell<Option<Lane>> = const { Cell::new(None) };
    static SERVING: RefCell<Vec<Chain>> = const { RefCell::new(Vec::new()) };
}

/// The lane of the present thread, or of the task that it runs at present.
pub(crate) fn thread_lane() -> u64 {
    if let Some(Lane(number)) = ENTERED.get() {
        return number.wrapping_mul(4) | 2;
    }
    // While a thread ends, its number is gone; what its destructors still call shares the first lane.
    LANE.try_with(|lane| lane.0 * 4).unwrap_or(0)
}

/// An order of its own for the calls of one task, where several tasks share a thread.
///
/// Calls of one lane on one object run in the order made; those of different lanes know no order. A thread is a lane
/// by itself. Whoever runs tasks that wait by turns on one thread gives each a number, and polls it within
/// [`Lane::run`]: otherwise a call of one task would wait for those of all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lane(u64);

impl Lane {
    /// The lane of the task with this number: small ones make small messages. No thread, and no caller that a middle
    /// forwards for, has the same lane.
    pub fn numbered(number: u64) -> Self {
        Self(number)
    }

    /// Runs `act`; the calls that it makes, and the promises that it looks at, belong to this lane.
    pub fn run<R>(self, act: impl FnOnce() -> R) -> R {
        let _left = Entered(ENTERED.replace(Some(self)));
        act()
    }
}

/// Goes back to the lane before, even if what runs panics.
struct Entered(Option<Lane>);

impl Drop for Entered {
    fn drop(&mut self) {
        ENTERED.set(self.0);
    }
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

/// A caller that a middle forwards for: session, lane, parent.
pub(crate) type Caller = (u64, u64, Option<u64>);

/// Lanes of the callers that a middle forwards for.
///
/// Each is made of the caller itself, by a hash whose key no peer knows. A table would have to forget callers: one
/// forgotten while its one-way calls are still to run would come back in another lane, and overtake them.
#[derive(Default)]
pub(crate) struct ForwardLanes(RandomState);

impl ForwardLanes {
    /// The lane of a caller: no thread, and no task, has the same.
    pub(crate) fn of(&self, caller: Caller) -> u64 {
        // 53 bits: no two callers meet by chance. The highest is always set, so that it takes eight bytes whatever the
        // key is.
        (self.0.hash_one(caller) >> 10 | 1 << 53) << 2 | 1
    }
}
