//! What a session knows of a call that it makes.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::clock::Time;
use crate::context::Chain;
use crate::error::Error;
use crate::host::Operation;
use crate::session::parcel::{OutRef, Parcel};
use crate::session::returned::Settled;
use crate::session::stream::StreamIn;
use crate::table::Handle;

/// What is run when a question that nobody waits for is settled.
pub struct Done(Box<dyn FnOnce(Settled) + Send>);

impl Done {
    /// Has this run when the question is settled, outside the session.
    pub fn new(run: impl FnOnce(Settled) + Send + 'static) -> Self {
        Self(Box::new(run))
    }

    /// Runs it.
    pub fn run(self, settled: Settled) {
        (self.0)(settled);
    }
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Done")
    }
}

/// A call to be made.
#[derive(Debug)]
pub struct CallSpec {
    /// What it goes to.
    pub target: Target,
    /// Attributes to follow from there.
    pub path: Vec<Arc<str>>,
    /// What to do.
    pub operation: Operation,
    /// The member that it is about.
    pub member: Option<Arc<str>>,
    /// Its arguments.
    pub arguments: Parcel,
    /// The caller's lane.
    pub lane: u64,
    /// Its order goes by the lane alone: for calls that a middle forwards.
    pub lane_alone: bool,
    /// The chain that the caller is serving.
    pub chain: Option<Arc<Chain>>,
    /// No answer is wanted.
    pub one_way: bool,
    /// The answer is kept for further calls, until its handle is dropped.
    pub keep: bool,
    /// The batch that may hold it till its end.
    pub batch: Option<u64>,
    /// When nobody wants its result any more.
    pub deadline: Option<Time>,
    /// Attributes to bring along for each element.
    pub prefetch: Vec<Arc<str>>,
    /// First credit of its stream: bytes, items.
    pub credit: Option<(u64, u64)>,
    /// What to run when it is settled, if nobody will wait.
    pub done: Option<Done>,
}

/// What a call goes to.
#[derive(Clone, Debug)]
pub enum Target {
    /// The peer's table of exported names.
    Names,
    /// An object of the peer's, or an answer that it owes.
    Handle(Handle),
}

impl CallSpec {
    /// A plain call, without arguments.
    pub fn new(target: Target, operation: Operation) -> Self {
        Self {
            target,
            path: Vec::new(),
            operation,
            member: None,
            arguments: Parcel::default(),
            lane: 0,
            lane_alone: false,
            chain: None,
            one_way: false,
            keep: false,
            batch: None,
            deadline: None,
            prefetch: Vec::new(),
            credit: None,
            done: None,
        }
    }
}

/// Why a call was not made.
#[derive(Debug)]
pub enum Refusal {
    /// There is no room now: the queue is full, or the peer has as many of our calls as it allows. The call comes back.
    Full(Box<CallSpec>),
    /// It cannot be made.
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Failed(error)
    }
}

/// What a question keeps alive at its peer until it is answered; answers only until it has left, since there they are
/// kept by the call that waits for them, and a stop goes on only to one that was released.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    pub(crate) target: Option<Handle>,
    pub(crate) refs: Vec<OutRef>,
}

/// A call of ours.
#[derive(Default)]
pub(crate) struct Question {
    pub(crate) lane: u64,
    pub(crate) chain: Option<Arc<Chain>>,
    pub(crate) one_way: bool,
    pub(crate) keep: bool,
    pub(crate) no_return: bool,
    /// Counts towards the peer's limit of calls.
    pub(crate) counted: bool,
    /// The question whose answer it was made on.
    pub(crate) on: Option<u64>,
    /// It is a no-op, whose return proves what came before it.
    pub(crate) proves: bool,
    pub(crate) fence: bool,
    pub(crate) pins: Pins,
    pub(crate) sent: bool,
    /// Somebody waits for its result.
    pub(crate) awaited: bool,
    /// A thread is about to wait for it.
    pub(crate) will_wait: bool,
    pub(crate) settled: Option<Settled>,
    /// Its final RETURN has come, or none will.
    pub(crate) over: bool,
    pub(crate) deadline: Option<Time>,
    /// The promise's last handle is gone.
    pub(crate) let_go: bool,
    /// The answer was released over there, or a stop was sent.
    pub(crate) released: bool,
    /// A stop is to be sent after the call.
    pub(crate) stop_wanted: bool,
    pub(crate) stream: Option<StreamIn>,
    pub(crate) roads: SmallVec<[LaneRoad; 1]>,
    /// The answer of ours that its result waits for, as the peer told.
    pub(crate) held_on: Option<u64>,
    pub(crate) held_times: u32,
    pub(crate) done: Option<Done>,
}

/// What one lane has sent on a promise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneRoad {
    pub(crate) lane: u64,
    /// Calls that will return and have not.
    pub(crate) out: u32,
    /// Number of the last call that will not return and has not been proven to have arrived.
    pub(crate) unproven: Option<u64>,
}

/// Calls without return that nothing has proven to have ended.
#[derive(Default)]
pub(crate) struct FenceState {
    /// Sent since the last fence.
    pub(crate) behind: u32,
    /// Sent before the fence that is out.
    pub(crate) covered: u32,
    pub(crate) out: bool,
}

impl Question {
    pub(crate) fn road(&mut self, lane: u64) -> &mut LaneRoad {
        let place = self.roads.iter().position(|road| road.lane == lane).unwrap_or_else(|| {
            self.roads.push(LaneRoad { lane, out: 0, unproven: None });
            self.roads.len() - 1
        });
        &mut self.roads[place]
    }

    pub(crate) fn road_returned(&mut self, lane: u64, number: u64, silent: bool, proves: bool) {
        let road = self.road(lane);
        if !silent {
            road.out = road.out.saturating_sub(1);
        }
        if proves && road.unproven.is_some_and(|unproven| unproven < number) {
            road.unproven = None;
        }
        self.roads.retain(|road| road.out > 0 || road.unproven.is_some());
    }
}
