//! What a session held and holds no more: what may be the user's goes out to be dropped where no lock is held, and the
//! rest, which is most of it, is dropped at once.

use std::sync::Arc;

use crate::context::StopFlag;
use crate::error::Error;
use crate::host::{Own, ValueStream};
use crate::session::Session;
use crate::session::event::Job;
use crate::session::parcel::{Arrival, OutRef, Parcel, Root, Settlement};
use crate::session::question::{CallSpec, Done, Pins};
use crate::session::returned::Returned;
use crate::table::{Handle, Offer};
use crate::value::{Ref, Value};

/// What a session held and holds no more; dropping it may run the user's code.
pub enum Trash {
    /// Objects of ours that the peer released.
    Objects(Vec<Own>),
    /// The last handle on something of a peer's.
    Handle(Handle),
    /// What a message or a question named.
    Refs(Vec<OutRef>),
    /// What an answer held.
    Settlement(Box<Settlement>),
    /// A result that nobody wants.
    Returned(Arc<Returned>),
    /// A stream that nobody reads.
    Stream(Box<dyn ValueStream>),
    /// A continuation that will not be run.
    Done(Done),
    /// Values that arrived, and that nobody wants.
    Values(Vec<Value>),
    /// A call that cannot be made.
    Call(Box<CallSpec>),
    /// What a call wanted to be told of its stop by.
    Stop(StopFlag),
}

impl Trash {
    /// Whether dropping it runs no code of the user's, for certain.
    pub(crate) fn is_plain(&self) -> bool {
        let no_own = |values: &[Value]| values.iter().all(is_plain);
        match self {
            Trash::Objects(objects) => objects.is_empty(),
            Trash::Handle(handle) => handle.passed_on_as().is_none(),
            Trash::Refs(refs) => refs.iter().all(is_plain_ref),
            Trash::Returned(returned) => no_own(returned.slots()),
            Trash::Stop(flag) => flag.is_alone(),
            Trash::Values(values) => no_own(values),
            Trash::Settlement(settlement) => {
                settlement.result.as_ref().is_ok_and(is_plain) && settlement.parcel.refs.iter().all(is_plain_ref)
            }
            Trash::Stream(_) | Trash::Done(_) | Trash::Call(_) => false,
        }
    }
}

/// A value in which no object of this side is, for certain.
fn is_plain(value: &Value) -> bool {
    match value {
        // One that came home may be the last that holds its caretaker.
        Value::Ref(Ref::Remote(handle)) => handle.passed_on_as().is_none(),
        Value::Ref(Ref::Own(_)) => false,
        Value::Tuple(_) | Value::FrozenSet(_) | Value::List(_) | Value::Dict(_) | Value::Set(_) => false,
        _ => true,
    }
}

fn is_plain_ref(reference: &OutRef) -> bool {
    !matches!(reference, OutRef::Object(_))
}

impl Session {
    pub(crate) fn discard_values(&mut self, values: Vec<Value>) {
        if !values.is_empty() {
            self.trash.push(Trash::Values(values));
        }
    }

    pub(crate) fn discard_refs(&mut self, refs: Vec<OutRef>) {
        if !refs.is_empty() {
            self.trash.push(Trash::Refs(refs));
        }
    }

    /// Dropping the last handle of a claim tells its owner, which may be another session.
    pub(crate) fn discard_handle(&mut self, handle: Handle) {
        self.trash.extend(handle.if_last().map(Trash::Handle));
    }

    pub(crate) fn discard_pins(&mut self, pins: Pins) {
        if let Some(target) = pins.target {
            self.discard_handle(target);
        }
        self.discard_refs(pins.refs);
    }

    pub(crate) fn discard_arrival(&mut self, arrival: Arrival) {
        self.discard_values(arrival.slots);
    }

    /// A call that will not run: of what it holds, its arguments alone may be the user's.
    pub(crate) fn discard_job(&mut self, job: Option<Box<Job>>) {
        if let Some(job) = job {
            self.discard_arrival(job.arguments);
        }
    }

    pub(crate) fn discard_returned(&mut self, returned: Arc<Returned>) {
        if !returned.slots().is_empty() {
            self.trash.push(Trash::Returned(returned));
        }
    }

    pub(crate) fn discard_offer(&mut self, offer: Arc<Offer>) {
        self.trash.extend(Arc::into_inner(offer).map(|offer| Trash::Objects(vec![offer.own])));
    }

    pub(crate) fn discard_stop(&mut self, stop: Arc<StopFlag>) {
        self.trash.extend(Arc::into_inner(stop).filter(|flag| !flag.is_alone()).map(Trash::Stop));
    }

    /// A settlement is shared within the session only: whoever lets go last has what is in it to drop.
    pub(crate) fn discard_settlement(&mut self, settlement: Arc<Settlement>) {
        if !settlement.parcel.refs.is_empty() || !is_scalar(&settlement.result, &settlement.root) {
            self.trash.extend(Arc::into_inner(settlement).map(|last| Trash::Settlement(Box::new(last))));
        }
    }

    /// What a settlement was beside its parcel.
    pub(crate) fn discard_result(&mut self, result: Result<Value, Error>, root: Root) {
        if !is_scalar(&result, &root) {
            let parcel = Parcel::default();
            self.trash.push(Trash::Settlement(Box::new(Settlement { result, root, parcel })));
        }
    }
}

/// Whether nothing of the user's is in a result: a value of a value type may hold something.
fn is_scalar(result: &Result<Value, Error>, root: &Root) -> bool {
    let is_scalar = matches!(
        result,
        Ok(Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::Bytes(_))
    );
    is_scalar && matches!(root, Root::Value)
}
