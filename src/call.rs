//! A call under construction: what every way of using a remote object comes down to.

use std::sync::Arc;
use std::time::Duration;

use crate::batch::Batch;
use crate::convert::{IntoArguments, IntoValue};
use crate::drive::{Awaited, Hub, one_way_here, perform_here, serving};
use crate::error::{Disconnected, Error};
use crate::forked::is_abandoned;
use crate::future::Here;
use crate::host::{Arguments, Operation, Own, Request};
use crate::hosts::copy_operand;
use crate::promise::Promise;
use crate::session::{CallSpec, Parcel, Road, Target};
use crate::stream::ItemStream;
use crate::table::Handle;
use crate::value::{Ref, Value};

/// What a call is made on.
#[derive(Clone)]
pub(crate) enum Callee {
    /// The table of names of a session's peer.
    Names(Arc<Hub>),
    /// An object.
    Object(Ref),
}

/// A call under construction: set what it needs, then send it in one of the four ways. In a task, await it: see
/// [`CallFuture`](crate::CallFuture).
#[must_use = "a call is made by send, promise, one_way or stream, or by awaiting it"]
pub struct CallBuilder {
    callee: Callee,
    path: Vec<Arc<str>>,
    operation: Operation,
    member: Option<Arc<str>>,
    arguments: Arguments,
    time: Option<Duration>,
    prefetch: Vec<Arc<str>>,
    credit: Option<(u64, u64)>,
    /// Why an argument could not be made a value.
    misfit: Option<Box<Error>>,
}

/// Where a call goes, once its target is looked at.
pub(crate) enum Route {
    /// To a peer.
    Peer(Arc<Hub>, Target),
    /// To an object of this side.
    Here(Own),
}

/// Fails if a session is of the process that this one was forked off.
fn check_own(session: u64) -> Result<(), Error> {
    if !is_abandoned(session) {
        return Ok(());
    }
    let reason = "the session belongs to the process that this one was forked off: what was had of the peer is dead here; \
                  connect again";
    Err(Error::Disconnected(Arc::new(Disconnected { reason: reason.into(), may_have_run: false, hop: None })))
}

impl CallBuilder {
    pub(crate) fn new(callee: Callee, operation: Operation) -> Self {
        Self {
            callee,
            path: Vec::new(),
            operation,
            member: None,
            arguments: Arguments::default(),
            time: None,
            prefetch: Vec::new(),
            credit: None,
            misfit: None,
        }
    }

    pub(crate) fn path(mut self, path: &[Arc<str>]) -> Self {
        self.path.extend_from_slice(path);
        self
    }

    /// About this member.
    pub fn member(mut self, member: impl Into<Arc<str>>) -> Self {
        self.member = Some(member.into());
        self
    }

    /// With these arguments.
    pub fn args(mut self, arguments: impl IntoArguments) -> Self {
        match arguments.into_arguments() {
            Ok(arguments) => self.arguments = arguments,
            Err(misfit) => self.misfit = Some(Box::new(misfit)),
        }
        self
    }

    /// With one more argument, by name.
    pub fn named(mut self, name: impl Into<Arc<str>>, value: impl IntoValue) -> Self {
        let name = name.into();
        match value.into_value() {
            Ok(value) => self.arguments.named.push((name, value)),
            Err(misfit) => self.misfit = Some(Box::new(misfit.within(name))),
        }
        self
    }

    /// To be answered within this time: after it the call fails here, and is asked to stop over there.
    pub fn within(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// For a call answered by items: attributes of each item that are to come along.
    pub fn prefetch(mut self, names: &[&str]) -> Self {
        self.prefetch = names.iter().map(|name| Arc::from(*name)).collect();
        self
    }

    /// For a call answered by items: how far the peer may run ahead at first, in bytes and in items; one of each at
    /// least, or nothing would ever come.
    pub fn credit(mut self, bytes: u64, items: u64) -> Self {
        self.credit = Some((bytes.max(1), items.max(1)));
        self
    }

    /// Makes the call and waits for its result.
    ///
    /// # Errors
    /// What the object raised, or why the call could not be made.
    pub fn send(mut self) -> Result<Value, Error> {
        self.refuse_items()?;
        match self.route()? {
            Route::Here(own) => self.here(&own),
            Route::Peer(hub, target) => {
                let in_time = self.time.is_some();
                let spec = self.spec(&hub, target)?;
                let id = hub.call_when_room(spec, true)?;
                hub.wait_value(Awaited::call(id, in_time))
            }
        }
    }

    /// Makes the call and waits for nothing: the result is promised, and calls may be made on it at once.
    ///
    /// # Errors
    /// Why the call could not be made.
    pub fn promise(mut self) -> Result<Promise, Error> {
        self.refuse_items()?;
        match self.route()? {
            Route::Here(own) => Ok(Promise::ready(self.here(&own))),
            Route::Peer(hub, target) => {
                let batch = Batch::of_thread(hub.number());
                let spec = CallSpec { keep: true, batch, ..self.spec(&hub, target)? };
                let id = hub.call_when_room(spec, false)?;
                let promise = Promise::of(hub.promise_handle(id));
                hub.kick();
                Ok(promise)
            }
        }
    }

    /// Makes the call and wants no answer, not even that it failed.
    ///
    /// # Errors
    /// Why the call could not be made.
    pub fn one_way(mut self) -> Result<(), Error> {
        self.refuse_items()?;
        match self.route()? {
            Route::Here(own) => {
                let request = Request { operation: self.operation, member: self.member, arguments: self.arguments };
                one_way_here(&own, &self.path, request);
                Ok(())
            }
            Route::Peer(hub, target) => {
                let batch = Batch::of_thread(hub.number());
                let spec = CallSpec { one_way: true, batch, ..self.spec(&hub, target)? };
                hub.call_when_room(spec, false)?;
                hub.kick();
                Ok(())
            }
        }
    }

    /// Makes the call, one of [`Operation::Iterate`] or [`Operation::Whole`], and gives its items as they come; those
    /// of a whole begin with the code of the container's category. The peer may run ahead by this many items.
    ///
    /// # Errors
    /// Why the call could not be made; what the object raises comes with the items.
    pub fn stream(mut self, ahead: u64) -> Result<ItemStream, Error> {
        match self.route()? {
            Route::Here(own) => self.stream_here(&own),
            Route::Peer(hub, target) => {
                let credit = self.credit;
                let spec = self.spec(&hub, target)?;
                let id = hub.call_when_room(spec, true)?;
                hub.kick();
                Ok(ItemStream::remote(hub, id, credit, ahead))
            }
        }
    }

    /// Refuses what is answered by items to a call that wants one result, or none.
    pub(crate) fn refuse_items(&self) -> Result<(), Error> {
        match self.operation {
            Operation::Iterate | Operation::Whole => {
                Err(Error::Misuse(format!("{:?} is answered by items: call `stream`", self.operation).into()))
            }
            _ => Ok(()),
        }
    }

    /// Where the call goes; a method read off a path and then called is a call of the method.
    pub(crate) fn route(&mut self) -> Result<Route, Error> {
        if let Some(misfit) = self.misfit.take() {
            return Err(*misfit);
        }
        if self.operation == Operation::Call && self.member.is_none() {
            self.member = self.path.pop();
        }
        if self.operation.takes_operands() {
            for argument in &mut self.arguments.positional {
                *argument = copy_operand(argument)?;
            }
        }
        let handle = match &self.callee {
            Callee::Names(hub) => {
                check_own(hub.number())?;
                return Ok(Route::Peer(hub.clone(), Target::Names));
            }
            Callee::Object(Ref::Own(own)) => return Ok(Route::Here(own.clone())),
            Callee::Object(Ref::Remote(handle)) => handle.clone(),
        };
        check_own(handle.session_number())?;
        let Some(hub) = Hub::of(&handle) else {
            return Err(Error::Misuse("a handle of a foreign kind".into()));
        };
        if !handle.is_promise() {
            self.check_member(&handle)?;
            return Ok(Route::Peer(hub, Target::Handle(handle)));
        }
        let lane = hub.lane();
        match hub.with(|session| session.road(handle.id(), lane)) {
            Road::Answer => Ok(Route::Peer(hub, Target::Handle(handle))),
            Road::Remote(resolved) if resolved.session_number() == hub.number() => {
                Ok(Route::Peer(hub, Target::Handle(resolved)))
            }
            Road::Remote(elsewhere) => {
                self.callee = Callee::Object(Ref::Remote(elsewhere));
                self.route()
            }
            Road::Own(own) => Ok(Route::Here(own)),
            Road::Failed(error) => Err(error),
            Road::Value(returned) => {
                let value = returned.value(hub.node().limits())?;
                Err(Error::convert("an object", value.kind()))
            }
        }
    }

    /// A member that a closed shape does not have is missed without asking.
    fn check_member(&self, handle: &Handle) -> Result<(), Error> {
        let asks = matches!(self.operation, Operation::Call | Operation::Get | Operation::Set | Operation::Delete);
        let Some(first) = self.path.first().or(self.member.as_ref().filter(|_| asks)) else { return Ok(()) };
        let shape = handle.shape();
        match shape.is_closed() && shape.find(first).is_none() {
            true => Err(Error::no_member(&shape, first)),
            false => Ok(()),
        }
    }

    fn here(self, own: &Own) -> Result<Value, Error> {
        let request = Request { operation: self.operation, member: self.member, arguments: self.arguments };
        perform_here(own, &self.path, request)
    }

    /// As [`Self::here`], for what may come later.
    pub(crate) fn here_later(self, own: Own) -> Here {
        let request = Request { operation: self.operation, member: self.member, arguments: self.arguments };
        Here::new(own, self.path, request)
    }

    pub(crate) fn stream_here(self, own: &Own) -> Result<ItemStream, Error> {
        ItemStream::here(own, self.operation, &self.path, self.prefetch)
    }

    pub(crate) fn first_credit(&self) -> Option<(u64, u64)> {
        self.credit
    }

    pub(crate) fn spec(self, hub: &Arc<Hub>, target: Target) -> Result<CallSpec, Error> {
        let Arguments { positional, named } = &self.arguments;
        let arguments = match positional.is_empty() && named.is_empty() {
            true => Parcel::default(),
            false => hub.pack(|packer| packer.arguments(&self.arguments))?,
        };
        Ok(CallSpec {
            path: self.path,
            member: self.member,
            arguments,
            lane: hub.lane(),
            chain: serving().map(Arc::new),
            deadline: self.time.map(|time| hub.now().saturating_add(time)),
            prefetch: self.prefetch,
            credit: self.credit,
            ..CallSpec::new(target, self.operation)
        })
    }
}
