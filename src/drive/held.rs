//! Results that hold promises: their RETURN waits until every promise in them has come.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::context::Chain;
use crate::drive::hub::Hub;
use crate::error::Error;
use crate::host::Operation;
use crate::session::{CallSpec, Done, Target};
use crate::table::{Handle, Id};
use crate::value::{Entries, Items, Ref, Value};

/// Gives a call its result as soon as no promise in it is open.
pub(crate) fn settle_when_whole(hub: &Arc<Hub>, answer: Id, result: Result<Value, Error>) {
    let Some(promise) = result.as_ref().ok().and_then(first_promise) else {
        return settle_now(hub, answer, result);
    };
    let Ok(value) = result else { return };
    if let Err(cycle) = hub.with(|session| session.hold(answer, &promise)) {
        return settle_now(hub, answer, Err(cycle));
    }
    // The object itself is done: what the promise is on may be in line behind this very call.
    let chain = hub.with(|session| {
        session.suspend(answer);
        session.chain_of_answer(answer)
    });
    hub.kick();
    let hub = hub.clone();
    let place = promise.clone();
    when_settled(&promise, chain, move |settled| match settled {
        Ok(came) => settle_when_whole(&hub, answer, Ok(replace(&value, &place, &came))),
        Err(error) => settle_now(&hub, answer, Err(error.after_running())),
    });
}

fn settle_now(hub: &Arc<Hub>, answer: Id, result: Result<Value, Error>) {
    let mut unsettled = hub.settle_if_room(answer, result);
    while let Err(result) = unsettled {
        if !hub.driver().make_room(hub) {
            hub.keep_result(answer, result);
            return hub.kick();
        }
        if hub.is_over() {
            return;
        }
        unsettled = hub.settle_if_room(answer, result);
    }
}

/// Runs `then` with what a promise has come to, now or later. `chain` is that of the call which waits for it.
fn when_settled(promise: &Handle, chain: Option<Chain>, then: impl FnOnce(Result<Value, Error>) + Send + 'static) {
    let Some(hub) = Hub::of(promise) else {
        return then(Err(Error::Misuse("a promise of a foreign kind".into())));
    };
    let id = promise.id();
    // If it has not left its batch yet, its RETURN is not given up.
    let given_up = hub.with(|session| {
        session.await_question(id);
        session.is_no_return(id)
    });
    if given_up {
        return ask_again(&hub, promise, chain, then);
    }
    let waiting =
        Arc::new(Waiting { hub: hub.clone(), promise: promise.clone(), then: Mutex::new(Some(Box::new(then))) });
    waiting.look();
    hub.kick();
}

/// The promise was a link of a batch's chain and has no RETURN of its own: a no-op call on it has. That is
/// nested in the call that waits for it, whose caller may hold all the threads that other calls can have.
fn ask_again(
    hub: &Arc<Hub>,
    promise: &Handle,
    chain: Option<Chain>,
    then: impl FnOnce(Result<Value, Error>) + Send + 'static,
) {
    let limits = hub.node().limits().clone();
    let done = Done::new(move |settled| then(settled.and_then(|returned| returned.value(&limits))));
    let mut spec = CallSpec::new(Target::Handle(promise.clone()), Operation::Noop);
    spec.chain = chain.map(Arc::new);
    spec.done = Some(done);
    // A call that cannot be made drops its continuation, and with it the reply, which says so.
    let _ = hub.call_or_queue(spec, None);
    hub.kick();
}

type Then = Box<dyn FnOnce(Result<Value, Error>) + Send>;

struct Waiting {
    hub: Arc<Hub>,
    promise: Handle,
    then: Mutex<Option<Then>>,
}

impl Waiting {
    /// Looks whether the promise is settled, having asked to be told if it is not.
    fn look(self: Arc<Self>) {
        let id = self.promise.id();
        let again = self.clone();
        let settled = self.hub.look_or_listen(id, move |session| session.take_settled(id), move || again.look());
        let Some(settled) = settled else { return };
        let then = self.then.lock().take();
        if let Some(then) = then {
            then(settled.and_then(|returned| returned.value(self.hub.node().limits())));
        }
    }
}

fn first_promise(value: &Value) -> Option<Handle> {
    // Values of user code here: as deep as they can be encoded at most, or encoding refuses them.
    match value {
        Value::Ref(Ref::Remote(handle)) if handle.is_promise() => Some(handle.clone()),
        Value::Tuple(items) | Value::List(items) | Value::Set(items) | Value::FrozenSet(items) => {
            items.iter().find_map(first_promise)
        }
        Value::Dict(entries) => {
            entries.iter().find_map(|(key, value)| first_promise(key).or_else(|| first_promise(value)))
        }
        _ => None,
    }
}

fn replace(value: &Value, promise: &Handle, came: &Value) -> Value {
    let all = |items: &Items| items.iter().map(|item| replace(item, promise, came)).collect::<Items>();
    match value {
        Value::Ref(Ref::Remote(handle)) if handle.same(promise) => came.clone(),
        Value::Tuple(items) => Value::Tuple(all(items)),
        Value::List(items) => Value::List(all(items)),
        Value::Set(items) => Value::Set(all(items)),
        Value::FrozenSet(items) => Value::FrozenSet(all(items)),
        Value::Dict(entries) => Value::Dict(
            entries
                .iter()
                .map(|(key, value)| (replace(key, promise, came), replace(value, promise, came)))
                .collect::<Entries>(),
        ),
        other => other.clone(),
    }
}
