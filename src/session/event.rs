//! What a session asks of its driver.

use std::fmt;
use std::sync::Arc;

use crate::clock::Time;
use crate::context::{Chain, StopFlag};
use crate::host::{Operation, Own, ValueStream};
use crate::session::parcel::{Arrival, OutRef, Parcel, Settlement};
use crate::session::question::{CallSpec, Done, Pins};
use crate::session::returned::{Returned, Settled};
use crate::table::{Handle, Id};
use crate::value::{Ref, Value};

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

impl Trash {
    /// Whether dropping it runs no code of the user's, for certain.
    pub(crate) fn is_plain(&self) -> bool {
        let no_own = |values: &[Value]| values.iter().all(is_plain);
        match self {
            Trash::Objects(objects) => objects.is_empty(),
            Trash::Pins(pins) => pins.refs.iter().all(is_plain_ref),
            Trash::Refs(refs) => refs.iter().all(is_plain_ref),
            Trash::Parcel(parcel) => parcel.refs.iter().all(is_plain_ref),
            Trash::Arrival(arrival) => no_own(&arrival.slots),
            Trash::Returned(returned) => no_own(returned.slots()),
            Trash::Stop(flag) => flag.is_alone(),
            Trash::Values(values) => no_own(values),
            Trash::Settlement(settlement) => {
                settlement.result.as_ref().is_ok_and(is_plain) && settlement.parcel.refs.iter().all(is_plain_ref)
            }
            Trash::Stream(_) | Trash::Done(_) | Trash::Job(_) | Trash::Call(_) => false,
        }
    }
}

/// A value in which no object of this side is, for certain.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Ref(reference) => matches!(reference, Ref::Remote(_)),
        Value::Tuple(_) | Value::FrozenSet(_) | Value::List(_) | Value::Dict(_) | Value::Set(_) => false,
        _ => true,
    }
}

fn is_plain_ref(reference: &OutRef) -> bool {
    !matches!(reference, OutRef::Object(_))
}

/// What a session held and holds no more; dropping it may run the user's code.
pub enum Trash {
    /// Objects of ours that the peer released.
    Objects(Vec<Own>),
    /// What a question pinned.
    Pins(Pins),
    /// What a message named.
    Refs(Vec<OutRef>),
    /// A payload that was not sent.
    Parcel(Parcel),
    /// What an answer held.
    Settlement(Arc<Settlement>),
    /// Arguments, or a result, that nobody wants.
    Arrival(Arrival),
    /// A result that nobody wants.
    Returned(Arc<Returned>),
    /// A stream that nobody reads.
    Stream(Box<dyn ValueStream>),
    /// A continuation that will not be run.
    Done(Done),
    /// A job that will not be run.
    Job(Box<Job>),
    /// References as values.
    Values(Vec<Value>),
    /// A call that cannot be made.
    Call(Box<CallSpec>),
    /// What a call wanted to be told of its stop by.
    Stop(Arc<StopFlag>),
}
