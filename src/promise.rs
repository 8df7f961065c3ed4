//! Promises: results that have not arrived, on which calls can be made all the same.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use crate::call::{CallBuilder, Callee};
use crate::clock::Time;
use crate::context::CallContext;
use crate::convert::IntoArguments;
use crate::drive::{Awaited, Hub, serving};
use crate::error::Error;
use crate::host::{Host, Operation, Outcome, Own, Request};
use crate::proxy::Proxy;
use crate::session::{CallSpec, Session, Target};
use crate::shape::{Category, Shape};
use crate::table::Handle;
use crate::value::{Ref, Value};

/// A result that may not have arrived.
///
/// A call made on it goes out at once and runs over there as soon as the result is known; so a chain of calls costs
/// one round trip. It can be passed as an argument, and stands then for what it comes to. Dropping it says that the
/// result is not wanted here, never that the call shall stop.
#[derive(Clone)]
pub struct Promise(pub(crate) State);

#[derive(Clone)]
pub(crate) enum State {
    Remote(Handle),
    Ready(Result<Value, Error>),
}

impl Promise {
    pub(crate) fn of(handle: Handle) -> Self {
        Self(State::Remote(handle))
    }

    pub(crate) fn ready(result: Result<Value, Error>) -> Self {
        Self(State::Ready(result))
    }

    /// Waits for the result.
    ///
    /// An object of this side is handed out only when every call that this thread made on the promise has arrived
    /// there, so that calls made on the object come after them.
    ///
    /// # Errors
    /// What the call failed with.
    pub fn result(&self) -> Result<Value, Error> {
        self.wait(None)
    }

    /// As [`Self::result`], but waits no longer than this. The call goes on: the promise can be waited for again.
    ///
    /// # Errors
    /// [`Error::Deadline`] if the result has not come in this time; what the call failed with.
    pub fn result_within(&self, time: Duration) -> Result<Value, Error> {
        self.wait(Some(time))
    }

    fn wait(&self, time: Option<Duration>) -> Result<Value, Error> {
        let handle = match &self.0 {
            State::Ready(result) => return result.clone(),
            State::Remote(handle) => handle,
        };
        let Some(hub) = Hub::of(handle) else {
            return Err(Error::Misuse("a promise of a foreign kind".into()));
        };
        let id = handle.id();
        // What no clock can hold is for ever.
        let until = time.and_then(|time| hub.now().checked_add(time));
        if hub.with(|session| session.is_no_return(id)) {
            return self.prove(&hub, until);
        }
        hub.with(|session| {
            session.await_question(id);
            session.will_wait(id);
        });
        let value = hub.wait_value(Awaited::Promise(id, until))?;
        let lane = hub.lane();
        if hub.with(|session| session.needs_proof(id, lane)) {
            return self.prove(&hub, until);
        }
        Ok(value)
    }

    /// Asks for the result by a no-op call on the answer, which comes after all that this thread sent on it.
    fn prove(&self, hub: &Arc<Hub>, until: Option<Time>) -> Result<Value, Error> {
        let State::Remote(handle) = &self.0 else { return Err(Error::Stopped) };
        let mut spec = proof_of(hub, handle);
        spec.deadline = spec.deadline.into_iter().chain(until).min();
        let in_time = spec.deadline.is_some();
        let proof = hub.call_when_room(spec, true).and_then(|id| hub.wait_value(Awaited::call(id, in_time)));
        self.proven(hub, proof)
    }

    /// What a no-op call on the answer says of the answer.
    pub(crate) fn proven(&self, hub: &Arc<Hub>, proof: Result<Value, Error>) -> Result<Value, Error> {
        let State::Remote(handle) = &self.0 else { return Err(Error::Stopped) };
        match (proof, hub.with(|session| session.take_settled(handle.id()))) {
            // A no-op call that was cut off says nothing of the call itself: whether that may have run, what it gave.
            (Err(Error::Disconnected(_)), Some(settled)) => settled?.value(hub.node().limits()),
            (Err(error), None) => Err(error.after_running()),
            (proof, _) => proof,
        }
    }

    /// Whether [`Self::result`] would return without a message or a wait.
    pub fn is_ready(&self) -> bool {
        match &self.0 {
            State::Ready(_) => true,
            State::Remote(handle) => Hub::of(handle).is_none_or(|hub| {
                let (id, lane) = (handle.id(), hub.lane());
                hub.with(|session| session.is_settled(id) && !session.needs_proof(id, lane))
            }),
        }
    }

    /// Says that the result is not wanted, and asks the call to stop. It fails here at once, with
    /// [`Error::Stopped`]; a call that other calls were made on stops after these.
    pub fn cancel(&self) {
        if let State::Remote(handle) = &self.0
            && let Some(hub) = Hub::of(handle)
        {
            hub.with(|session: &mut Session| session.stop_question(handle.id()));
            hub.kick();
        }
    }

    /// Calls a member of the object that is promised.
    ///
    /// # Errors
    /// Why the call could not be made; what the object raises comes from the new promise.
    pub fn call(&self, member: &str, arguments: impl IntoArguments) -> Result<Promise, Error> {
        self.request(Operation::Call)?.member(member).args(arguments).promise()
    }

    /// Reads an attribute of the object that is promised.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn get(&self, member: &str) -> Result<Promise, Error> {
        self.request(Operation::Get)?.member(member).promise()
    }

    /// A call on the object that is promised, under construction.
    ///
    /// # Errors
    /// What the promise failed with, if that is known already, or if it came to something that is no object.
    pub fn request(&self, operation: Operation) -> Result<CallBuilder, Error> {
        Ok(CallBuilder::new(Callee::Object(self.reference()?), operation))
    }

    /// The object that is promised, as a proxy: whatever is asked of it goes the promise's way.
    ///
    /// # Errors
    /// As for [`Self::request`].
    pub fn proxy(&self) -> Result<Proxy, Error> {
        self.reference().map(Proxy::of)
    }

    fn reference(&self) -> Result<Ref, Error> {
        match &self.0 {
            State::Remote(handle) => Ok(Ref::Remote(handle.clone())),
            State::Ready(Ok(Value::Ref(reference))) => Ok(reference.clone()),
            State::Ready(Ok(value)) => Err(Error::convert("an object", value.kind())),
            State::Ready(Err(error)) => Err(error.clone()),
        }
    }
}

impl From<Promise> for Value {
    /// The promise as an argument: for its owner it stands for what it comes to. One that failed here is an object that
    /// answers everything with its error.
    fn from(promise: Promise) -> Self {
        match promise.0 {
            State::Remote(handle) => Value::Ref(Ref::Remote(handle)),
            State::Ready(Ok(value)) => value,
            State::Ready(Err(error)) => Own::new(Broken(error)).into(),
        }
    }
}

/// What a failed promise is to those who were given it.
struct Broken(Error);

impl Host for Broken {
    fn shape(&self) -> Arc<Shape> {
        // Constant data.
        static SHAPE: LazyLock<Arc<Shape>> =
            LazyLock::new(|| Arc::new(Shape::new("wherever:broken", Category::Function).open()));
        SHAPE.clone()
    }

    fn operate(&self, _request: Request, _context: &CallContext) -> Outcome {
        Outcome::Error(self.0.clone())
    }
}

/// The no-op call on an answer, which comes after all that this lane sent on it.
pub(crate) fn proof_of(hub: &Arc<Hub>, handle: &Handle) -> CallSpec {
    CallSpec {
        lane: hub.lane(),
        chain: serving().map(Arc::new),
        deadline: hub.with(|session| session.deadline_of(handle.id())),
        ..CallSpec::new(Target::Handle(handle.clone()), Operation::Noop)
    }
}

impl From<&Promise> for Value {
    fn from(promise: &Promise) -> Self {
        promise.clone().into()
    }
}

impl fmt::Debug for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            State::Remote(handle) => fmt::Debug::fmt(handle, f),
            State::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
        }
    }
}
