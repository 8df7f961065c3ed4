//! The caretaker: what stands between an attenuated reference and its object.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::AsReference;
use super::home::AtHome;
use super::life::{Life, Over};
use super::log::{Log, Logged};
use super::remote::ask;
use super::rules::{Answers, Rules};
use super::sealing::{Passage, Sealing};
use super::told::shape_of;
use crate::context::CallContext;
use crate::drive::identity_of;
use crate::error::Error;
use crate::host::{Host, Identity, Operation, Outcome, Own, Request};
use crate::limits::ATTENUATIONS_MAX;
use crate::policy::{Grant, denied};
use crate::shape::{Category, Shape};
use crate::table::Handle;
use crate::value::{Ref, Value};

/// What stands between an attenuated reference and its object: a host, whose calls a driver takes on to the object.
pub struct Caretaker {
    me: Weak<Self>,
    life: Arc<Life>,
    /// What the object is held under.
    number: u64,
    rules: Rules,
    log: Option<Log>,
    /// The member that it was read as, for a function that was read through another.
    read_as: Option<Arc<str>>,
    /// How many caretakers there are to the object, this one counted.
    depth: u32,
    identity: Identity,
    /// The session of an object of a peer's.
    session: Option<u64>,
    /// The object's shape as it was when it was asked for, and what of it is told.
    shape: Mutex<(Arc<Shape>, Arc<Shape>)>,
    describes: Option<Arc<Shape>>,
}

/// What becomes of a request that is let through.
pub(crate) enum Admitted {
    /// It is for this object.
    Object(Ref),
    /// The caretaker has answered it.
    Answer(Value),
}

impl Caretaker {
    /// The caretaker of an object, which it holds for as long as it lives and `life` lasts.
    ///
    /// # Errors
    /// [`Error::TooDeep`] if there are too many caretakers on the way to the object.
    pub(super) fn of(object: Ref, rules: Rules, log: Option<Log>, life: &Arc<Life>) -> Result<Arc<Self>, Error> {
        Self::new(object, rules, log, life, None)
    }

    fn new(
        object: Ref,
        rules: Rules,
        log: Option<Log>,
        life: &Arc<Life>,
        read_as: Option<Arc<str>>,
    ) -> Result<Arc<Self>, Error> {
        let (inner, identity, describes, session) = match &object {
            Ref::Own(own) => {
                let (host, inner) = (own.host(), own.host().attenuated());
                let session = inner.as_ref().and_then(|inner| inner.session);
                (inner, host.identity(), host.describes(), session)
            }
            Ref::Remote(handle) => (None, identity_of(handle), handle.describes(), Some(handle.session_number())),
        };
        let depth = inner.map_or(0, |inner| inner.depth) + 1;
        if depth > ATTENUATIONS_MAX {
            return Err(Error::TooDeep(ATTENUATIONS_MAX));
        }
        let real = shape_of_object(&object);
        let told = shape_of(&real, &rules);
        let number = life.hold(object);
        Ok(Arc::new_cyclic(|me| Self {
            me: me.clone(),
            life: life.clone(),
            number,
            rules,
            log,
            read_as,
            depth,
            identity,
            session,
            shape: Mutex::new((real, told)),
            describes,
        }))
    }

    /// The reference.
    pub(crate) fn own(self: &Arc<Self>) -> Own {
        self.own_with(Grant::Passed)
    }

    /// The reference, with what passing it grants.
    pub(crate) fn own_with(self: &Arc<Self>, grant: Grant) -> Own {
        Own::with_grant(self.clone(), grant)
    }

    /// Whether its object is of a peer's, so that calls are passed on.
    pub(crate) fn is_remote(&self) -> bool {
        self.session.is_some()
    }

    /// The object, if it is of a peer's.
    pub(crate) fn handle(&self) -> Option<Handle> {
        self.session?;
        match self.root() {
            Some(Ref::Remote(handle)) => Some(handle),
            _ => None,
        }
    }

    /// The object behind this caretaker and those behind it, while none of them is revoked.
    fn root(&self) -> Option<Ref> {
        match self.life.held(self.number)? {
            Ref::Own(own) => match own.host().attenuated() {
                Some(inner) => inner.root(),
                None => Some(Ref::Own(own)),
            },
            remote => Some(remote),
        }
    }

    /// What the reference is when it comes home: the object, or, if it was revoked, the reference.
    pub(crate) fn home(self: &Arc<Self>, grant: Grant) -> Value {
        let own = self.own_with(grant);
        Value::Ref(match self.root() {
            Some(Ref::Own(object)) => {
                Ref::Own(Own::with_grant(Arc::new(AtHome { object, caretaker: self.clone() }), grant))
            }
            Some(Ref::Remote(handle)) => Ref::Remote(handle.to_pass_on_as(own)),
            None => Ref::Own(own),
        })
    }

    /// Tells the log, if there is one, that a use begins.
    pub(crate) fn begin(&self, context: &CallContext, request: &Request) -> Option<Logged> {
        self.log.as_ref().map(|log| log.begin(context, request, self.read_as.as_ref()))
    }

    /// Lets a request pass, or says why not. Its arguments are not looked at.
    pub(crate) fn admit(&self, grant: Grant, request: &Request) -> Result<Admitted, Error> {
        let object = self.life.object(self.number).map_err(|over| {
            let shape = self.shape.lock().0.clone();
            match over {
                Over::Revoked => denied(&shape, request, "revoked", "a new reference from whoever gave this one"),
                Over::RunOut => denied(&shape, request, "lease", "a renewal by whoever gave the reference"),
            }
        })?;
        match self.rules.check(&shape_of_object(&object), grant, request)? {
            Answers::Object => Ok(Admitted::Object(object)),
            Answers::Caretaker => Ok(Admitted::Answer(self.answer(request))),
        }
    }

    /// The answer to what can be told of the reference without its object.
    fn answer(&self, request: &Request) -> Value {
        let told = self.shape();
        match request.operation {
            Operation::Dir => {
                let names = told.members().iter().filter(|member| member.exposed);
                Value::tuple(names.map(|member| Value::Text(member.name.clone())))
            }
            _ => Value::text(format!("<{}>", told.name())),
        }
    }

    /// What was read from the object as this member: a function comes under a caretaker of its own, of the same life.
    ///
    /// # Errors
    /// [`Error::TooDeep`] if there are too many on the way to it.
    pub(crate) fn wrap(&self, member: &Arc<str>, read: Value) -> Result<Value, Error> {
        let function = match &read {
            Value::Ref(Ref::Remote(handle)) if handle.is_promise() => return Ok(read),
            Value::Ref(reference) if shape_of_object(reference).category() == Category::Function => {
                reference.as_reference()?
            }
            _ => return Ok(read),
        };
        if matches!(&function, Ref::Own(own) if own.host().attenuated().is_some_and(|inner| self.covers(&inner))) {
            return Ok(read);
        }
        let member = self.read_as.as_ref().unwrap_or(member).clone();
        let wrapped = Self::new(function, Rules::of_function(), self.log.clone(), &self.life, Some(member))?;
        Ok(Value::Ref(Ref::Own(wrapped.own())))
    }

    /// Whether what this caretaker is of has the same life.
    fn covers(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.life, &other.life)
    }

    /// Does what is asked without a driver: for whoever uses the reference on this side, and for attributes that are
    /// brought along. `gate` is what the object itself is behind.
    pub(crate) fn ask(
        &self,
        grant: Grant,
        request: Request,
        context: &CallContext,
        gate: &dyn Fn(&Own, &Request) -> Result<(), Error>,
    ) -> Outcome {
        let logged = self.begin(context, &request);
        let logged = match context.reply.is_local() {
            true => logged,
            false => logged.and_then(|logged| {
                context.reply.log(logged);
                None
            }),
        };
        let outcome = match self.admit(grant, &request) {
            Ok(Admitted::Object(object)) => self.ask_object(object, request, context, gate),
            Ok(Admitted::Answer(value)) => Outcome::Value(value),
            Err(error) => Outcome::Error(error),
        };
        if let Some(logged) = logged {
            logged.end(if let Outcome::Error(error) = &outcome { Some(error) } else { None });
        }
        outcome
    }

    fn ask_object(
        &self,
        object: Ref,
        request: Request,
        context: &CallContext,
        gate: &dyn Fn(&Own, &Request) -> Result<(), Error>,
    ) -> Outcome {
        let own = match object {
            Ref::Remote(handle) => {
                return self.sealing(request, context, |request, context| ask(handle, request, context));
            }
            Ref::Own(own) => own,
        };
        self.sealing(request, context, |request, context| match own.host().attenuated() {
            Some(inner) => inner.ask(own.grant(), request, context, gate),
            None => match gate(&own, &request) {
                Err(error) => Outcome::Error(error),
                Ok(()) if request.operation == Operation::Whole => own.host().whole_for(context),
                Ok(()) => own.host().operate(request, context),
            },
        })
    }

    /// Asks; what is read comes under this caretaker.
    fn sealing(
        &self,
        request: Request,
        context: &CallContext,
        ask: impl FnOnce(Request, &CallContext) -> Outcome,
    ) -> Outcome {
        let Some(me) = self.me.upgrade().filter(|_| request.operation == Operation::Get) else {
            return ask(request, context);
        };
        let mut passage = Passage::default();
        passage.through(me);
        passage.reads(request.member.clone());
        if context.reply.is_local() {
            return match ask(request, context) {
                Outcome::Value(value) => passage.seal(value).into(),
                outcome => outcome,
            };
        }
        let sealing = Sealing::new(passage, context);
        let outcome = ask(request, &sealing.context);
        sealing.seal(outcome)
    }
}

/// The shape of the object of a reference.
fn shape_of_object(object: &Ref) -> Arc<Shape> {
    match object {
        Ref::Own(own) => own.shape(),
        Ref::Remote(handle) => handle.shape(),
    }
}

impl Host for Caretaker {
    fn shape(&self) -> Arc<Shape> {
        let Some(object) = self.life.held(self.number) else { return self.shape.lock().1.clone() };
        let real = shape_of_object(&object);
        let mut shape = self.shape.lock();
        if !Arc::ptr_eq(&shape.0, &real) {
            let told = shape_of(&real, &self.rules);
            *shape = (real, told);
        }
        shape.1.clone()
    }

    fn operate(&self, request: Request, context: &CallContext) -> Outcome {
        self.ask(Grant::Passed, request, context, &|_, _| Ok(()))
    }

    fn whole(&self) -> Result<Value, Error> {
        match self.whole_for(&CallContext::local()) {
            Outcome::Value(contents) => Ok(contents),
            Outcome::Error(error) => Err(error),
            Outcome::Stream(_) | Outcome::Later => Err(Error::not_supported(&self.shape(), Operation::Whole)),
        }
    }

    fn whole_for(&self, context: &CallContext) -> Outcome {
        self.operate(Request::new(Operation::Whole), context)
    }

    /// That of the object: calls on it have one order, and it is the same.
    fn identity(&self) -> Identity {
        self.identity
    }

    fn describes(&self) -> Option<Arc<Shape>> {
        self.describes.clone()
    }

    fn stands_for(&self) -> Option<Value> {
        self.me.upgrade().map(|me| me.home(Grant::Passed))
    }

    fn attenuated(&self) -> Option<Arc<Caretaker>> {
        self.me.upgrade()
    }
}

impl Drop for Caretaker {
    fn drop(&mut self) {
        self.life.let_go(self.number);
    }
}
