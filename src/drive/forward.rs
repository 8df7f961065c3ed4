//! A middle: what one session's peer holds through us of another's, and the calls that we pass on.

use std::any::Any;
use std::sync::Arc;

use crate::context::CallContext;
use crate::drive::hub::{Awaited, Hub};
use crate::drive::relay::Relay;
use crate::error::{Disconnected, Error};
use crate::host::{Host, Identity, Operation, Outcome, Request};
use crate::session::{CallSpec, Done, Job, Settled, Target};
use crate::shape::Shape;
use crate::table::Handle;
use crate::value::{Ref, Value};

/// An object of ours that only stands for what a handle of another session leads to.
pub(crate) struct Adopted {
    handle: Handle,
}

impl Adopted {
    pub(crate) fn new(handle: Handle) -> Self {
        Self { handle }
    }
}

impl Host for Adopted {
    fn shape(&self) -> Arc<Shape> {
        self.handle.shape()
    }

    fn operate(&self, request: Request, _context: &CallContext) -> Outcome {
        // Never asked: a call on it is forwarded by its driver, which knows the call's lane and chain.
        Outcome::Error(Error::not_supported(&self.handle.shape(), request.operation))
    }

    fn identity(&self) -> Identity {
        identity_of(&self.handle)
    }

    fn describes(&self) -> Option<Arc<Shape>> {
        self.handle.describes()
    }

    fn stands_for(&self) -> Option<Value> {
        Some(Value::Ref(Ref::Remote(self.handle.clone())))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

/// What tells an object of a peer's from all that is offered to others.
pub(crate) fn identity_of(handle: &Handle) -> Identity {
    Identity::of_pair::<Adopted>(handle.session_number(), handle.id().to_bits())
}

/// Passes a call on to where its target lives, without waiting, as a lane of its own; the result comes back by the
/// call's reply.
pub(crate) fn forward(
    from: &Arc<Hub>,
    job: Box<Job>,
    path: Vec<Arc<str>>,
    context: &CallContext,
    handle: &Handle,
) -> Result<(), Error> {
    let arguments = job.arguments.arguments(from.node().limits())?;
    let request = Request { operation: job.operation, member: job.member.clone(), arguments };
    pass_on(from, &job, (path, request), context, handle)
}

/// As [`forward`], for a request that may be one step of the call: then `context` is that of the step.
pub(crate) fn pass_on(
    from: &Arc<Hub>,
    job: &Job,
    (path, request): (Vec<Arc<str>>, Request),
    context: &CallContext,
    handle: &Handle,
) -> Result<(), Error> {
    let Some(to) = Hub::of(handle) else {
        return Err(Error::Misuse("a handle of a foreign kind".into()));
    };
    let arguments = to.pack(|packer| packer.arguments(&request.arguments))?;
    // The parent of a call that was forwarded before may be that very call as the middle before us served it.
    let parent = job.parent.filter(|_| !job.lane_alone);
    let lane = to.lanes.of((from.number(), job.lane, parent));
    let left = |deadline| to.now() + std::time::Duration::saturating_sub(deadline, from.now());
    let streams = matches!(request.operation, Operation::Iterate | Operation::Whole);
    let spec = CallSpec {
        path,
        member: request.member,
        arguments,
        lane,
        lane_alone: true,
        chain: Some(Arc::new(job.chain.clone())),
        one_way: context.one_way,
        deadline: job.deadline.map(left),
        prefetch: if streams { job.prefetch.clone() } else { Vec::new() },
        credit: streams.then_some(job.credit),
        ..CallSpec::new(Target::Handle(handle.clone()), request.operation)
    };
    if context.one_way {
        let made = to.call_or_queue(spec, None);
        to.kick();
        context.reply().settle(Ok(Value::None));
        return made.map(|_| ());
    }
    let passed_on = match streams {
        true => Relay::open(from, &to, spec, job, context),
        false => forward_plain(from, &to, spec, context),
    };
    passed_on.map_err(|error| {
        // What stood behind the refused call may leave now.
        to.kick();
        from_behind(&to, error, from.number() == to.number())
    })
}

fn forward_plain(from: &Arc<Hub>, to: &Arc<Hub>, mut spec: CallSpec, context: &CallContext) -> Result<(), Error> {
    let (reply, hub, same) = (context.reply(), to.clone(), from.number() == to.number());
    spec.done = Some(Done::new(move |settled| reply.pass_back(came_back(&hub, settled, same))));
    let made = to.call_or_queue(spec, Some(context))?;
    // Passed on, behind all that came before it: the next of its order may follow.
    context.reply().suspend();
    if let Some(id) = made {
        // Where nobody else would bring the answer, whoever forwards waits for it.
        if !same && to.driver().waits_in_line() {
            return to.driver().wait(to, Awaited::Call(id), &mut |session| session.is_over(id));
        }
    }
    to.kick();
    Ok(())
}

/// A result as it is passed back.
pub(crate) fn came_back(hub: &Arc<Hub>, settled: Settled, same: bool) -> Result<Value, Error> {
    match settled {
        Ok(returned) => returned.value(hub.node().limits()),
        Err(error) => Err(from_behind(hub, error, same)),
    }
}

/// An error of the session behind a middle: one that lost that hop says so, all else goes on unchanged.
fn from_behind(hub: &Arc<Hub>, error: Error, same: bool) -> Error {
    match error {
        Error::Disconnected(lost) if !same && lost.hop.is_none() => {
            let hop: Arc<str> = format!("the middle ({})", hub.node().runtime_name()).into();
            Error::Disconnected(Arc::new(Disconnected { hop: Some(hop), ..Arc::unwrap_or_clone(lost) }))
        }
        error => error,
    }
}
