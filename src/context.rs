//! What a host knows of the call it serves: its chain, its time, whether it was stopped, and where its result goes.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use crate::attenuation::Logged;
use crate::clock::Time;
use crate::drive::{Hub, Serving};
use crate::error::Error;
use crate::host::Outcome;
use crate::hosts::iterator_of_stream;
use crate::notice::Observed;
use crate::peer::Peer;
use crate::policy::Policy;
use crate::table::Id;
use crate::value::Value;

/// The calls that a call is nested in, innermost first, over all sessions of this process: those served here, and those
/// made here while serving them. The innermost needs no memory of its own: most calls are nested in none.
#[derive(Clone)]
pub struct Chain {
    session: u64,
    call: Id,
    depth: u32,
    outer: Option<Arc<Chain>>,
}

impl Chain {
    /// The chain of a call: one that we serve goes by the peer's id, one that we make by ours.
    pub(crate) fn new(session: u64, call: Id, outer: Option<Arc<Chain>>) -> Self {
        let depth = outer.as_ref().map_or(0, |outer| outer.depth()).saturating_add(1);
        Self { session, call, depth, outer }
    }

    /// How many calls the chain goes through, as far as this process sees it.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// The innermost call served in this session that the chain goes through.
    pub(crate) fn served_in(&self, session: u64) -> Option<Id> {
        self.links().find(|link| link.session == session && !link.call.is_ours()).map(|link| link.call)
    }

    /// Whether the chain goes through the call that this one is the chain of.
    pub(crate) fn leads_to(&self, other: &Chain) -> bool {
        self.goes_through(other.session, other.call)
    }

    /// The calls that this session made and that the chain goes through, innermost first.
    pub(crate) fn made_in(&self, session: u64) -> impl Iterator<Item = Id> {
        self.links().filter(move |link| link.session == session && link.call.is_ours()).map(|link| link.call)
    }

    /// Whether the chain goes through this call of this session.
    pub(crate) fn goes_through(&self, session: u64, call: Id) -> bool {
        self.links().any(|link| link.session == session && link.call == call)
    }

    fn links(&self) -> impl Iterator<Item = &Chain> {
        std::iter::successors(Some(self), |link| link.outer.as_deref())
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.links().map(|link| (link.session, link.call))).finish()
    }
}

/// Where the result of a call goes that a host settles itself.
pub(crate) trait ReplyTo: Send + Sync {
    /// The call has this result.
    fn settle(&self, answer: Id, result: Result<Value, Error>);
    /// The call waits for something, and later calls of its lane may start.
    fn suspend(&self, answer: Id);
    /// The call's stream has more to give.
    fn resume(&self, answer: Id);
    /// Something is to be run where user code may run.
    fn run_later(&self, task: Box<dyn FnOnce() + Send>);
    /// The session that the call came by, if it came by one.
    fn hub(&self) -> Option<Arc<Hub>> {
        None
    }
    /// The call has this outcome, after its host had said that it comes later.
    fn conclude(&self, context: &CallContext, outcome: Outcome) {
        match outcome {
            Outcome::Value(value) => context.reply.settle(Ok(value)),
            Outcome::Error(error) => context.reply.settle(Err(error)),
            Outcome::Stream(source) => context.reply.settle(Ok(iterator_of_stream(source).into())),
            Outcome::Later => {}
        }
    }
}

/// The means to settle a call later. Clones settle the same call; the first to do so wins. If all are dropped without
/// that, the caller gets an error: no call is left without an answer.
#[derive(Clone)]
pub struct Reply(Arc<ReplyCell>);

struct ReplyCell {
    to: Option<Arc<dyn ReplyTo>>,
    answer: Id,
    settled: AtomicBool,
    /// Told of the end of a call whose beginning was told.
    observed: OnceLock<Box<Observed>>,
}

impl Reply {
    pub(crate) fn new(to: Arc<dyn ReplyTo>, answer: Id) -> Self {
        Self(Arc::new(ReplyCell { to: Some(to), answer, settled: AtomicBool::new(false), observed: OnceLock::new() }))
    }

    /// Whether it is of a call that never left this side, and that nobody waits for.
    pub(crate) fn is_local(&self) -> bool {
        self.0.to.is_none()
    }

    pub(crate) fn local() -> Self {
        Self(Arc::new(ReplyCell {
            to: None,
            answer: Id::OUR_NAMES,
            settled: AtomicBool::new(true),
            observed: OnceLock::new(),
        }))
    }

    /// Gives the call its result. Only the first result counts.
    ///
    /// Of a call that failed because another session was lost, its caller is told that it may have run, as it has.
    pub fn settle(&self, result: Result<Value, Error>) {
        self.0.settle(result.map_err(Error::after_running));
    }

    /// As [`Self::settle`], for a call that did not run here.
    pub(crate) fn pass_back(&self, result: Result<Value, Error>) {
        self.0.settle(result);
    }

    /// Marks the call as waiting: later calls of its lane on the object may start.
    pub fn suspend(&self) {
        if let Some(to) = &self.0.to {
            to.suspend(self.0.answer);
        }
    }

    /// Tells that a stream which had said [`crate::host::Step::Later`] has more to give.
    pub fn resume(&self) {
        if let Some(to) = &self.0.to {
            to.resume(self.0.answer);
        }
    }

    /// Has the session's driver run this, on a thread or task on which user code may run: for a host that goes on with a
    /// call which it left. Of a local call it runs at once. It is dropped if the session is over.
    pub fn run_later(&self, task: impl FnOnce() + Send + 'static) {
        match &self.0.to {
            Some(to) => to.run_later(Box::new(task)),
            None => task(),
        }
    }

    /// The session that the call came by; of a call that never left this side, that of the call it is nested in.
    pub(crate) fn hub(&self) -> Option<Arc<Hub>> {
        self.0.to.as_ref()?.hub()
    }

    /// The call that it settles.
    pub(crate) fn answer(&self) -> Id {
        self.0.answer
    }

    /// Takes the right to settle from every clone; whether it was still to be had.
    pub(crate) fn claim(&self) -> bool {
        self.claim_with(None)
    }

    /// As [`Self::claim`], for a call that failed with this, or did not.
    pub(crate) fn claim_with(&self, error: Option<&Error>) -> bool {
        let claimed = !self.0.settled.swap(true, Ordering::AcqRel);
        if let (true, Some(observed)) = (claimed, self.0.observed.get()) {
            observed.end(error);
        }
        claimed
    }

    /// Has the end of the call told, beside others that are told of it.
    pub(crate) fn observe(&self, observed: Observed) -> Option<&Observed> {
        Observed::add(&self.0.observed, observed)
    }

    /// Has the log of an attenuated reference told of the end of the call.
    pub(crate) fn log(&self, logged: Logged) {
        self.observe(Observed::access(logged));
    }
}

impl ReplyCell {
    fn settle(&self, result: Result<Value, Error>) {
        if let (false, Some(to)) = (self.settled.swap(true, Ordering::AcqRel), &self.to) {
            let Some(observed) = self.observed.get() else { return to.settle(self.answer, result) };
            let error = result.as_ref().err().cloned();
            to.settle(self.answer, result);
            observed.end(error.as_ref());
        }
    }
}

impl Drop for ReplyCell {
    fn drop(&mut self) {
        if !*self.settled.get_mut() {
            self.settle(Err(Error::raise("wherever:unanswered", "the object dropped the call without answering it")));
        }
    }
}

/// Whether a call is wanted no more, and what is to be told when that happens.
#[derive(Default)]
pub struct StopFlag {
    stopped: AtomicBool,
    told: Mutex<Vec<Box<dyn FnOnce() + Send>>>,
}

impl StopFlag {
    /// Whether the caller wants no result any more.
    pub fn is_set(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Marks the call as not wanted, and nothing more: what is to be told is told by [`Self::tell`].
    pub(crate) fn set(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    /// Runs what is to be told. Never called with a lock held.
    pub(crate) fn tell(&self) {
        let told = std::mem::take(&mut *self.told.lock());
        told.into_iter().for_each(|tell| tell());
    }

    /// Whether nobody is to be told.
    pub(crate) fn is_alone(&self) -> bool {
        self.told.lock().is_empty()
    }

    fn on_stop(&self, tell: Box<dyn FnOnce() + Send>) {
        self.told.lock().push(tell);
        if self.is_set() {
            self.tell();
        }
    }
}

impl fmt::Debug for StopFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StopFlag({})", self.is_set())
    }
}

/// What a host knows of the call it serves.
#[derive(Clone)]
pub struct CallContext {
    pub(crate) chain: Option<Chain>,
    pub(crate) lane: u64,
    pub(crate) session: Option<u64>,
    pub(crate) deadline: Option<Time>,
    pub(crate) stop: Arc<StopFlag>,
    pub(crate) reply: Reply,
    pub(crate) one_way: bool,
    /// For a call that is answered by items: the attributes to bring along.
    pub(crate) items: Option<Vec<Arc<str>>>,
    /// Whether the thread may be held up, where the call cannot be left and gone on with later.
    pub(crate) may_wait: bool,
}

impl CallContext {
    /// The context of a call that never left this side.
    pub fn local() -> Self {
        Self {
            chain: None,
            lane: 0,
            session: None,
            deadline: None,
            stop: Arc::default(),
            reply: Reply::local(),
            one_way: false,
            items: None,
            may_wait: true,
        }
    }

    /// The chain that the call belongs to; `None` for a local one.
    pub fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// The moment, by the node's clock, after which nobody wants the result.
    pub fn deadline(&self) -> Option<Time> {
        self.deadline
    }

    /// Whether the caller wants no answer, not even that it failed.
    pub fn is_one_way(&self) -> bool {
        self.one_way
    }

    /// Gives the call the outcome that it would have had at once.
    pub(crate) fn conclude(&self, outcome: Outcome) {
        if let Some(to) = self.reply.0.to.clone() {
            to.conclude(self, outcome);
        }
    }

    /// Whether the caller wants no result any more. Long work looks from time to time, and ends itself.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_set()
    }

    /// Has this run when the caller stops the call, or at once if it has; on whatever thread learns of it.
    pub fn on_stop(&self, tell: impl FnOnce() + Send + 'static) {
        self.stop.on_stop(Box::new(tell));
    }

    /// The means to settle the call after [`crate::host::Outcome::Later`].
    pub fn reply(&self) -> Reply {
        self.reply.clone()
    }

    /// Runs `act` as a part of this call: what it calls is nested in it, as it is while the object is first asked. For
    /// hosts that answer later and go on elsewhere, on another thread or as a task that is polled.
    pub fn serve<R>(&self, act: impl FnOnce() -> R) -> R {
        let _serving = self.chain.as_ref().map(|chain| Serving::enter(chain, self.reply.clone()));
        act()
    }

    /// The number of the session it came by; `None` for a local call.
    pub fn session_number(&self) -> Option<u64> {
        self.session
    }

    /// The policy that let it pass: a host of finer grain than operations and members refuses the rest by it. `None` for a
    /// local call, which no policy is asked about.
    pub fn policy(&self) -> Option<Policy> {
        self.session?;
        self.reply.hub().map(|hub| hub.node().policy())
    }

    /// The peer whose call it is; `None` for a local call. Of a call that came through a middle that is the middle: who
    /// is behind it, only the middle knows. Whoever keeps the peer keeps the session.
    ///
    /// Code that has no context asks [`Peer::calling`].
    pub fn peer(&self) -> Option<Peer> {
        self.session?;
        self.reply.hub().map(Peer::new)
    }
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext").field("chain", &self.chain).field("lane", &self.lane).finish_non_exhaustive()
    }
}
