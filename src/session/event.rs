//! What a session asks of its driver.

use std::fmt;
use std::sync::Arc;

use crate::clock::Time;
use crate::context::{Chain, StopFlag};
use crate::host::{Operation, Own};
use crate::session::parcel::Arrival;
use crate::session::question::Done;
use crate::session::returned::Settled;
use crate::table::{Handle, Id};
use crate::value::Value;

/// Something for the driver to act on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The peer's HELLO has come.
    Greeted,
    /// A call of the peer's is ready to run.
    Run(Box<Job>),
    /// A question of ours is settled, or has items; whoever waits for it looks.
    Settled(Id),
    /// A question of ours is settled, and nobody waits: its continuation is to be run.
    Done(Done, Settled),
    /// The call is wanted no more: run what its host asked to be told by.
    Stop(Arc<StopFlag>),
    /// The stream of an answer may go on: it has credit and was not exhausted.
    Pull(Id),
    /// The session is over.
    Ended,
}

/// A call of the peer's that is ready to run.
pub struct Job {
    /// The id of its answer.
    pub answer: Id,
    /// What it goes to.
    pub target: JobTarget,
    /// Attributes to follow first.
    pub path: Vec<Arc<str>>,
    /// What to do.
    pub operation: Operation,
    /// The member it is about.
    pub member: Option<Arc<str>>,
    /// Its arguments, not decoded yet.
    pub arguments: Arrival,
    /// The chain that it makes.
    pub chain: Chain,
    /// The caller's lane.
    pub lane: u64,
    /// The number of our own call that it is nested in.
    pub parent: Option<u64>,
    /// When nobody wants its result any more.
    pub deadline: Option<Time>,
    /// Set when its caller stops it.
    pub stop: Arc<StopFlag>,
    /// Attributes to bring along for each element.
    pub prefetch: Vec<Arc<str>>,
    /// First credit, bytes and items.
    pub credit: (u64, u64),
    /// Nobody waits for an answer.
    pub one_way: bool,
    /// Its order goes by the lane alone.
    pub lane_alone: bool,
}

/// What a call goes to.
#[derive(Clone, Debug)]
pub enum JobTarget {
    /// An object of ours.
    Object(Own),
    /// The table of exported names.
    Names,
    /// An object of a peer's, this one's or another's: the call is to be forwarded.
    Remote(Handle),
    /// A value that an answer holds.
    Value(Value),
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("answer", &self.answer)
            .field("target", &self.target)
            .field("path", &self.path)
            .field("operation", &self.operation)
            .field("member", &self.member)
            .finish_non_exhaustive()
    }
}
