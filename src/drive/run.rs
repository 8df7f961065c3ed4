//! Running a call: arguments, path, gate, operation, result; a panic is an error for its caller alone.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::attenuation::{Passage, Sealing};
use crate::context::{CallContext, Reply, ReplyTo};
use crate::drive::forward::forward;
use crate::drive::hub::Hub;
use crate::drive::lanes::Serving;
use crate::error::{Error, ErrorObject};
use crate::guard::guarded;
use crate::host::{Operation, Outcome, Own, Request};
use crate::hosts::{iterator_of_stream, whole_stream};
use crate::node::Node;
use crate::notice::{Notice, Observed, ServedCall};
use crate::policy::{Grant, denied};
use crate::session::{Job, JobTarget};
use crate::table::{Handle, Id};
use crate::value::{Ref, Value};

/// The member by which a no-op call asks for what tells the object from all others.
pub(crate) const IDENTITY: &str = "identity";

/// A call on its way to the object at the end of its path.
pub(super) struct Walk {
    pub(super) hub: Arc<Hub>,
    pub(super) job: Box<Job>,
    /// Names of the path that are left, in reverse.
    pub(super) path: Vec<Arc<str>>,
    pub(super) context: CallContext,
    /// The caretakers that led to the present object, if any did.
    pub(super) passage: Option<Box<Passage>>,
}

impl Hub {
    /// Runs a call of the peer's on the present thread. Its result goes back by itself.
    pub(crate) fn run_job(self: &Arc<Self>, mut job: Box<Job>) {
        let reply = Reply::new(self.clone(), job.answer);
        let context = CallContext {
            chain: Some(job.chain.clone()),
            lane: job.lane,
            session: Some(self.number()),
            deadline: job.deadline,
            stop: job.stop.clone(),
            reply,
            one_way: job.one_way,
            items: answered_by_items(job.operation).then(|| job.prefetch.clone()),
            may_wait: false,
        };
        let mut path = std::mem::take(&mut job.path);
        path.reverse();
        let target = std::mem::replace(&mut job.target, JobTarget::Names);
        let mut walk = Some((Walk { hub: self.clone(), job, path, context, passage: None }, target));
        self.node().run_job(&mut || {
            if let Some((walk, target)) = walk.take() {
                walk.go(target);
            }
        });
    }
}

impl Walk {
    fn go(self, target: JobTarget) {
        let serving = Serving::enter(&self.job.chain, self.context.reply());
        // Beside what the object does, what it says of itself is its own code too.
        if let Err(error) = guarded(|| self.step(target)).flatten()
            && let Some(reply) = serving.leave()
        {
            reply.pass_back(Err(error));
        }
    }

    /// Follows the path as far as it goes at once, then does what is asked.
    pub(super) fn step(mut self, target: JobTarget) -> Result<(), Error> {
        match target {
            JobTarget::Object(own) => match own.host().stands_for() {
                None => self.at(own),
                Some(stands_for) => self.stand_in(own, stands_for),
            },
            JobTarget::Remote(handle) => match handle.passed_on_as() {
                None => self.forward(handle),
                Some(own) => self.step(JobTarget::Object(own.clone())),
            },
            JobTarget::Value(value) => self.on_value(value),
            JobTarget::Names => match self.path.pop() {
                None => {
                    if self.hub.node().hooks().are_wanted() {
                        self.observe("wherever:names".into(), self.job.member.clone());
                    }
                    let result = self.names_operation();
                    self.context.reply.settle(result);
                    Ok(())
                }
                Some(name) => {
                    let found = exported(self.hub.node(), &name)?;
                    self.step(JobTarget::Object(found))
                }
            },
        }
    }

    /// Goes on from an object of this side.
    pub(super) fn at(mut self, own: Own) -> Result<(), Error> {
        let Some(name) = self.path.pop() else { return self.operate(&own) };
        let request = Request::member(Operation::Get, name.clone());
        let (next, context) = self.next_step();
        if let Some(passage) = &mut self.passage {
            passage.end_with(&context.reply);
            passage.reads(Some(name));
        }
        let outcome = match check(self.hub.node(), &own, &request) {
            Ok(()) => operate(&own, request, &context),
            Err(error) => {
                self.refused(&own, &request, &error);
                Outcome::Error(error)
            }
        };
        match outcome {
            Outcome::Value(value) => {
                context.reply.claim();
                let value = self.sealed(value)?;
                self.step(target_of(value))
            }
            Outcome::Error(error) => {
                context.reply.claim_with(Some(&error));
                Err(error)
            }
            Outcome::Stream(_) => {
                let error = Error::not_supported(&own.shape(), Operation::Get);
                context.reply.claim_with(Some(&error));
                Err(error)
            }
            Outcome::Later => {
                next.set(self);
                Ok(())
            }
        }
    }

    pub(super) fn forward(mut self, handle: Handle) -> Result<(), Error> {
        if let Some(passage) = self.passage.take() {
            return self.forward_through(passage, &handle);
        }
        let Self { hub, job, mut path, context, .. } = self;
        path.reverse();
        forward(&hub, job, path, &context, &handle)
    }

    fn on_value(self, value: Value) -> Result<(), Error> {
        if self.path.is_empty() && self.job.operation == Operation::Noop {
            self.context.reply.settle(Ok(value));
            return Ok(());
        }
        let text = format!("a copied value ({}) has no operations over there; use it here", value.kind());
        Err(Error::convert("an object", text))
    }

    fn names_operation(&self) -> Result<Value, Error> {
        let node = self.hub.node();
        match self.job.operation {
            Operation::Noop => Ok(Value::None),
            Operation::Get => exported(node, self.job.member.as_deref().unwrap_or_default()).map(told_of),
            Operation::Dir => Ok(Value::tuple(node.names().into_iter().map(Value::Text))),
            operation => Err(Error::NotSupported { shape: "wherever:names".into(), operation }),
        }
    }

    fn operate(mut self, own: &Own) -> Result<(), Error> {
        if self.job.operation == Operation::Noop {
            let result = match self.job.member.as_deref() {
                Some(IDENTITY) => self.hub.node().token(own),
                _ => Value::Ref(Ref::Own(own.clone())),
            };
            self.context.reply.settle(Ok(result));
            return Ok(());
        }
        let passage = self.passage.take().map(|mut passage| {
            passage.end_with(&self.context.reply);
            passage
        });
        let arguments = self.job.arguments.arguments(self.hub.node().limits())?;
        let request = Request { operation: self.job.operation, member: self.job.member.take(), arguments };
        check(self.hub.node(), own, &request).inspect_err(|error| self.refused(own, &request, error))?;
        let member = request.member.clone();
        let observed = match self.hub.node().hooks().are_wanted() {
            true => self.observe(own.shape().name().clone(), member.clone()),
            false => None,
        };
        let sealing = passage.filter(|_| request.operation == Operation::Get).map(|mut passage| {
            passage.reads(member.clone());
            Sealing::new(*passage, &self.context)
        });
        let context = sealing.as_ref().map_or(&self.context, |sealing| &sealing.context);
        let run = || match request.operation {
            Operation::Whole => guarded(|| own.host().whole_for(context)).unwrap_or_else(Outcome::Error),
            _ => operate(own, request, context),
        };
        let outcome = match observed {
            Some(observed) => observed.within(run),
            None => run(),
        };
        let outcome = match outcome {
            Outcome::Error(error) => Outcome::Error(error.named(place_of(own, member.as_deref()))),
            outcome => outcome,
        };
        let outcome = match sealing {
            Some(sealing) => sealing.seal(outcome),
            None => outcome,
        };
        conclude(&self.hub, &self.context, outcome);
        Ok(())
    }

    /// Tells that the call begins, and has its end told.
    fn observe(&self, shape: Arc<str>, member: Option<Arc<str>>) -> Option<&Observed> {
        let call = self.told(shape, self.job.operation, member);
        self.context.reply.observe(Observed::begin(self.hub.node(), call))
    }

    pub(super) fn refused(&self, own: &Own, request: &Request, error: &Error) {
        let hooks = self.hub.node().hooks();
        if let (Error::Denied(denied), true) = (error, hooks.are_wanted()) {
            let call = self.told(own.shape().name().clone(), request.operation, request.member.clone());
            hooks.tell(&Notice::Refused { call, denied: denied.clone() });
        }
    }

    fn told(&self, shape: Arc<str>, operation: Operation, member: Option<Arc<str>>) -> ServedCall {
        let (session, number) = (self.hub.number(), self.job.answer.number());
        ServedCall { session, number, shape, operation, member, one_way: self.job.one_way }
    }
}

/// What a call ran, for those who read of its failure.
fn place_of(own: &Own, member: Option<&str>) -> String {
    match member {
        Some(member) => format!("{}.{member}", own.shape().name()),
        None => own.shape().name().to_string(),
    }
}

/// Gives a call what its object made of it.
pub(crate) fn conclude(hub: &Arc<Hub>, context: &CallContext, outcome: Outcome) {
    let source = match (outcome, &context.items) {
        (Outcome::Later, _) => return,
        (Outcome::Error(error), _) => return context.reply.settle(Err(error)),
        (Outcome::Stream(source), Some(_)) => source,
        (Outcome::Stream(source), None) => return context.reply.settle(Ok(iterator_of_stream(source).into())),
        (Outcome::Value(contents), Some(_)) => whole_stream(contents),
        (Outcome::Value(value), None) => return context.reply.settle(Ok(value)),
    };
    if context.one_way {
        return context.reply.settle(Ok(Value::None));
    }
    // The stream's end settles the call; the host's own reply is kept for it to resume by.
    hub.open_stream(context, source, context.items.clone().unwrap_or_default());
}

fn answered_by_items(operation: Operation) -> bool {
    matches!(operation, Operation::Iterate | Operation::Whole)
}

/// What is told of an exported object: where it only stands for something, that; it may be a value that is copied.
fn told_of(own: Own) -> Value {
    match own.host().stands_for() {
        // What grants less than its object stays what it is.
        Some(stands_for) if own.grant() == Grant::Passed && own.host().attenuated().is_none() => stands_for,
        _ => own.into(),
    }
}

fn exported(node: &Node, name: &str) -> Result<Own, Error> {
    node.exported(name).ok_or_else(|| Error::NotFound(name.into()))
}

pub(super) fn target_of(value: Value) -> JobTarget {
    match value {
        Value::Ref(Ref::Own(own)) => JobTarget::Object(own),
        Value::Ref(Ref::Remote(handle)) => JobTarget::Remote(handle),
        value => JobTarget::Value(value),
    }
}

/// Lets the request pass by the node's policy, or says why not.
pub(crate) fn check(node: &Node, own: &Own, request: &Request) -> Result<(), Error> {
    let policy = node.policy();
    let checked = policy.check(&own.shape(), own.grant(), request);
    match &checked {
        Err(Error::Denied(_)) if ErrorObject::is_asked(own, request) => match node.tells_backtraces() {
            true => Ok(()),
            false => Err(denied(&own.shape(), request, policy.name(), BACKTRACES_TOLD)),
        },
        _ => checked,
    }
}

/// What would allow a backtrace to be read.
const BACKTRACES_TOLD: &str = "`NodeBuilder::tell_backtraces` on its side, or the policy `public`,";

fn operate(own: &Own, request: Request, context: &CallContext) -> Outcome {
    guarded(|| own.host().operate(request, context)).unwrap_or_else(Outcome::Error)
}

/// What goes on when an attribute of a path comes later.
pub(super) struct NextStep {
    hub: Arc<Hub>,
    state: Mutex<Option<Result<Walk, Result<Value, Error>>>>,
}

impl NextStep {
    pub(super) fn new(hub: &Arc<Hub>) -> Self {
        Self { hub: hub.clone(), state: Mutex::new(None) }
    }

    /// The walk to go on with; at once if the attribute has come meanwhile.
    pub(super) fn set(&self, walk: Walk) {
        let mut state = self.state.lock();
        match state.take() {
            Some(Err(came)) => {
                drop(state);
                walk.resume(came);
            }
            _ => *state = Some(Ok(walk)),
        }
    }
}

impl Walk {
    fn resume(mut self, came: Result<Value, Error>) {
        match came.and_then(|value| self.sealed(value)) {
            Ok(value) => self.go(target_of(value)),
            Err(error) => self.context.reply.settle(Err(error)),
        }
    }
}

impl ReplyTo for NextStep {
    fn settle(&self, _answer: Id, result: Result<Value, Error>) {
        let mut state = self.state.lock();
        match state.take() {
            Some(Ok(walk)) => {
                drop(state);
                walk.resume(result);
            }
            _ => *state = Some(Err(result)),
        }
    }

    fn suspend(&self, _answer: Id) {}

    fn resume(&self, _answer: Id) {}

    fn run_later(&self, task: Box<dyn FnOnce() + Send>) {
        ReplyTo::run_later(&*self.hub, task);
    }

    fn hub(&self) -> Option<Arc<Hub>> {
        Some(self.hub.clone())
    }
}

/// Does what is asked of an object of this side, for this side: no message, no gate.
pub(crate) fn perform_here(own: &Own, path: &[Arc<str>], request: Request) -> Result<Value, Error> {
    match operate_here(own, path, request, &CallContext::local())? {
        Outcome::Value(value) => Ok(value),
        Outcome::Error(error) => Err(error),
        Outcome::Stream(source) => Ok(iterator_of_stream(source).into()),
        Outcome::Later => {
            Err(Error::Misuse("the object answers later, and is of this side: call it by its own means".into()))
        }
    }
}

/// As [`perform_here`], for a caller that wants no answer.
pub(crate) fn one_way_here(own: &Own, path: &[Arc<str>], request: Request) {
    // Nobody is told of its failure, as nobody is when it happens over there.
    let _ = operate_here(own, path, request, &CallContext { one_way: true, ..CallContext::local() });
}

/// As [`perform_here`]; what comes later goes the context's way.
pub(crate) fn operate_here(
    own: &Own,
    path: &[Arc<str>],
    request: Request,
    context: &CallContext,
) -> Result<Outcome, Error> {
    let mut own = own.clone();
    for name in path {
        match perform_here(&own, &[], Request::member(Operation::Get, name.clone()))? {
            Value::Ref(Ref::Own(next)) => own = next,
            other => return Err(Error::convert("an object of this side", other.kind())),
        }
    }
    match request.operation {
        Operation::Noop => Ok(Outcome::Value(Value::Ref(Ref::Own(own)))),
        Operation::Whole => guarded(|| own.host().whole_for(context)),
        _ => Ok(operate(&own, request, context)),
    }
}
