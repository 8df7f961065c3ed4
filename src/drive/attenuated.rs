//! Calls through attenuated references: what their caretakers let pass goes on to the object, each step of a path by
//! itself.

use std::sync::Arc;

use crate::attenuation::{Admitted, Caretaker, Passage, Sealing};
use crate::context::{CallContext, Reply};
use crate::drive::forward::{forward, pass_on};
use crate::drive::run::{IDENTITY, NextStep, Walk, target_of};
use crate::error::Error;
use crate::host::{Operation, Own, Request};
use crate::policy::{Grant, check_reads};
use crate::session::JobTarget;
use crate::table::Handle;
use crate::value::{Ref, Value};

impl Walk {
    /// Goes on from an object that only stands for something.
    pub(super) fn stand_in(self, own: Own, stands_for: Value) -> Result<(), Error> {
        if let Some(caretaker) = own.host().attenuated() {
            return self.through(&own, caretaker);
        }
        match stands_for {
            Value::Ref(Ref::Remote(handle)) => {
                if own.grant() == Grant::ReadOnly {
                    // What it stands for has a gate of its own, which does not know what this reference grants.
                    let request = self.next_use();
                    check_reads(&handle.shape(), &request).inspect_err(|error| self.refused(&own, &request, error))?;
                }
                self.forward(handle)
            }
            Value::Ref(Ref::Own(stood_for)) if own.grant() == Grant::Passed => self.step(JobTarget::Object(stood_for)),
            _ => self.at(own),
        }
    }

    /// Goes on through a caretaker to its object.
    fn through(mut self, own: &Own, caretaker: Arc<Caretaker>) -> Result<(), Error> {
        let request = self.next_use();
        if request.operation == Operation::Noop && request.member_name() != IDENTITY {
            // Of what is passed on, too: nothing is asked of the object, and the lane's calls on it have left before.
            self.context.reply.settle(Ok(Value::Ref(Ref::Own(own.clone()))));
            return Ok(());
        }
        let mut passage = self.passage.take().unwrap_or_default();
        passage.logged(caretaker.begin(&self.context, &request));
        match caretaker.admit(own.grant(), &request) {
            Ok(Admitted::Object(object)) => {
                passage.through(caretaker);
                self.passage = Some(passage);
                self.step(target_of(Value::Ref(object)))
            }
            Ok(Admitted::Answer(value)) => {
                passage.end(None);
                self.context.reply.settle(Ok(value));
                Ok(())
            }
            Err(error) => {
                passage.end(Some(&error));
                self.refused(own, &request, &error);
                Err(error)
            }
        }
    }

    /// What is asked next, without its arguments: the first attribute of the path, or else what the call is for.
    fn next_use(&self) -> Request {
        match self.path.last() {
            Some(name) => Request::member(Operation::Get, name.clone()),
            None => Request { member: self.job.member.clone(), ..Request::new(self.job.operation) },
        }
    }

    /// Passes on what has come through caretakers: a path by steps, since what each gives may be a function of the object.
    pub(super) fn forward_through(mut self, mut passage: Box<Passage>, handle: &Handle) -> Result<(), Error> {
        let Some(name) = self.path.pop() else {
            return self.forward_end(*passage, handle);
        };
        let (next, context) = self.next_step();
        passage.end_with(&context.reply);
        passage.reads(Some(name.clone()));
        let request = Request::member(Operation::Get, name);
        if let Err(error) = pass_on(&self.hub, &self.job, (Vec::new(), request), &context, handle) {
            context.reply.claim_with(Some(&error));
            return Err(error);
        }
        self.passage = Some(passage);
        next.set(self);
        Ok(())
    }

    /// The context of the next step of the path, and what goes on with what that gives.
    pub(super) fn next_step(&self) -> (Arc<NextStep>, CallContext) {
        let next = Arc::new(NextStep::new(&self.hub));
        let reply = Reply::new(next.clone(), self.context.reply.answer());
        (next, CallContext { reply, one_way: false, ..self.context.clone() })
    }

    /// Passes on what the call is for; what it reads is sealed when it comes.
    fn forward_end(self, mut passage: Passage, handle: &Handle) -> Result<(), Error> {
        passage.end_with(&self.context.reply);
        if self.job.operation != Operation::Get {
            return forward(&self.hub, self.job, Vec::new(), &self.context, handle);
        }
        passage.reads(self.job.member.clone());
        let context = Sealing::new(passage, &self.context).context;
        forward(&self.hub, self.job, Vec::new(), &context, handle).inspect_err(|_| _ = context.reply.claim())
    }

    /// What a step of the path gave, as the walk goes on from it.
    pub(super) fn sealed(&mut self, value: Value) -> Result<Value, Error> {
        match self.passage.take() {
            Some(passage) => passage.seal(value),
            None => Ok(value),
        }
    }
}
