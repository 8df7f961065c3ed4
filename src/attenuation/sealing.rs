//! Sealing: what is read through caretakers, now or later, comes under them if it is a function.

use std::sync::Arc;

use crate::attenuation::{Caretaker, Logged};
use crate::context::{CallContext, Reply, ReplyTo};
use crate::drive::Hub;
use crate::error::Error;
use crate::host::Outcome;
use crate::table::Id;
use crate::value::Value;

/// The caretakers that a request has come through on its way to the object that is to do it, outermost first.
#[derive(Default)]
pub(crate) struct Passage {
    caretakers: Vec<Arc<Caretaker>>,
    logs: Vec<Logged>,
    /// The member that it reads, if it does.
    reads: Option<Arc<str>>,
}

impl Passage {
    /// Notes that the request has passed one more; what tells the log of that one of its end.
    pub(crate) fn through(&mut self, caretaker: Arc<Caretaker>) {
        self.caretakers.push(caretaker);
    }

    /// Notes that a log is to be told of the request's end.
    pub(crate) fn logged(&mut self, logged: Option<Logged>) {
        self.logs.extend(logged);
    }

    /// Notes that the request reads this member.
    pub(crate) fn reads(&mut self, member: Option<Arc<str>>) {
        self.reads = member;
    }

    /// Tells the logs that the request has ended, or what it failed with.
    pub(crate) fn end(&self, error: Option<&Error>) {
        self.logs.iter().for_each(|logged| logged.end(error));
    }

    /// Has the logs told by whoever settles this.
    pub(crate) fn end_with(&mut self, reply: &Reply) {
        self.logs.drain(..).for_each(|logged| reply.log(logged));
    }

    /// What was read, as it is handed on; other results as they are.
    ///
    /// # Errors
    /// [`Error::TooDeep`] if it has come through too many.
    pub(crate) fn seal(&self, result: Value) -> Result<Value, Error> {
        let Some(member) = &self.reads else { return Ok(result) };
        self.caretakers.iter().rev().try_fold(result, |result, caretaker| caretaker.wrap(member, result))
    }
}

/// A request that reads, the result of which is sealed whenever it comes.
pub(crate) struct Sealing {
    passage: Arc<Passage>,
    /// The context to ask within.
    pub(crate) context: CallContext,
}

impl Sealing {
    pub(crate) fn new(passage: Passage, context: &CallContext) -> Self {
        let passage = Arc::new(passage);
        let sealed = Sealed { to: context.reply(), passage: passage.clone() };
        let reply = Reply::new(Arc::new(sealed), context.reply.answer());
        Self { passage, context: CallContext { reply, ..context.clone() } }
    }

    /// The outcome as it is handed on.
    pub(crate) fn seal(self, outcome: Outcome) -> Outcome {
        if !matches!(outcome, Outcome::Later) {
            self.context.reply.claim();
        }
        match outcome {
            Outcome::Value(value) => self.passage.seal(value).into(),
            outcome => outcome,
        }
    }
}

/// A reply by which a result is sealed on its way.
struct Sealed {
    to: Reply,
    passage: Arc<Passage>,
}

impl ReplyTo for Sealed {
    fn settle(&self, _answer: Id, result: Result<Value, Error>) {
        self.to.pass_back(result.and_then(|value| self.passage.seal(value)));
    }

    fn suspend(&self, _answer: Id) {
        self.to.suspend();
    }

    fn resume(&self, _answer: Id) {
        self.to.resume();
    }

    fn run_later(&self, task: Box<dyn FnOnce() + Send>) {
        self.to.run_later(task);
    }

    fn hub(&self) -> Option<Arc<Hub>> {
        self.to.hub()
    }
}
