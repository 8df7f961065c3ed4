//! Lanes: a small number for each thread that calls, for each task that shares its thread with others, and for each
//! caller that a middle forwards for. The kinds are told apart by the remainder of four.

mod tasks;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::context::{Chain, Reply};
use crate::drive::hub::Hub;
pub(crate) use tasks::TaskLane;

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
    static SERVING: RefCell<Vec<Served>> = const { RefCell::new(Vec::new()) };
}

/// The lane that was entered, or that of the task with the number that `task` tells, or that of the present thread.
pub(crate) fn present_lane(task: impl FnOnce() -> Option<u64>) -> u64 {
    if let Some(Lane(lane)) = ENTERED.get() {
        return lane;
    }
    if let Some(Lane(lane)) = task().map(tasks::of_number) {
        return lane;
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
        Self(number.wrapping_mul(4) | 2)
    }

    /// Runs `act`; the calls that it makes, and the promises that it looks at, belong to this lane.
    pub fn run<R>(self, act: impl FnOnce() -> R) -> R {
        let _left = Entered(ENTERED.replace(Some(self)));
        act()
    }

    /// The future, polled within this lane.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        let mut future = Box::pin(future);
        poll_fn(move |context| self.run(|| future.as_mut().poll(context)))
    }

    /// The future, polled within a lane that is its own for as long as it lives: for a task whose calls shall keep their
    /// order, and shall not wait for those of other tasks on the same thread.
    ///
    /// A session that is driven on tokio knows tokio's tasks apart by itself.
    pub fn of_task<F: Future>(future: F) -> impl Future<Output = F::Output> {
        let (lane, mut future) = (TaskLane::take(), Box::pin(future));
        poll_fn(move |context| lane.lane().run(|| future.as_mut().poll(context)))
    }
}

/// Goes back to the lane before, even if what runs panics.
struct Entered(Option<Lane>);

impl Drop for Entered {
    fn drop(&mut self) {
        ENTERED.set(self.0);
    }
}

/// A call that the present thread serves: the chain that its own calls are nested in, and whose it is.
struct Served {
    chain: Option<Chain>,
    reply: Reply,
}

/// The chain that the present thread is serving.
pub(crate) fn serving() -> Option<Chain> {
    SERVING.try_with(|serving| serving.borrow().last().and_then(|served| served.chain.clone())).ok().flatten()
}

/// The session whose call the present thread is serving.
pub(crate) fn serving_hub() -> Option<Arc<Hub>> {
    // A call that never left this side is a part of whatever this thread serves.
    let from_afar = |served: &&Served| !served.reply.is_local();
    let reply = |serving: &[Served]| serving.iter().rev().find(from_afar).map(|served| served.reply.clone());
    SERVING.try_with(|serving| reply(&serving.borrow())).ok().flatten()?.hub()
}

/// While it lives, the present thread serves a call.
pub(crate) struct Serving(());

impl Serving {
    /// Begins to serve the call with this chain and this reply.
    pub(crate) fn enter(chain: &Chain, reply: Reply) -> Self {
        Self::push(Some(chain.clone()), reply)
    }

    /// Begins to serve this call by what is not nested in it: its stream, which is stepped when its reader has room.
    pub(crate) fn beside(reply: Reply) -> Self {
        Self::push(serving(), reply)
    }

    fn push(chain: Option<Chain>, reply: Reply) -> Self {
        SERVING.with(|serving| serving.borrow_mut().push(Served { chain, reply }));
        Self(())
    }

    /// Ends it; the reply that it began with.
    pub(crate) fn leave(self) -> Option<Reply> {
        std::mem::forget(self);
        Self::pop().map(|served| served.reply)
    }

    fn pop() -> Option<Served> {
        SERVING.with(|serving| serving.borrow_mut().pop())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Bound, so that what it held is dropped after the borrow.
        let _served = Self::pop();
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
