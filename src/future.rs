//! Calls, promises and the end of a session as futures: nothing here blocks, and each works with every driver that
//! somebody or something moves.

mod asking;
mod here;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::batch::Batch;
use crate::call::{CallBuilder, Route};
use crate::convert::copied::Copied;
use crate::drive::{Hub, News, Wanted};
use crate::error::Error;
use crate::hosts::contents_from_items;
use crate::peer::Peer;
use crate::promise::{Promise, State as PromiseState, proof_of};
use crate::proxy::Proxy;
use crate::session::{CallSpec, EndReason};
use crate::stream::ItemStream;
use crate::table::Handle;
use crate::typed::{ROOT, TypedProxy};
use crate::value::Value;
use asking::{Asking, Called};
pub(crate) use here::Here;

/// A call as a future: made when it is first polled, as soon as there is room. Dropped before it is done, it asks the
/// call to stop. Made by awaiting a [`CallBuilder`].
#[must_use = "a future does nothing unless it is polled"]
pub struct CallFuture(CallState);

enum CallState {
    New(CallBuilder),
    Here(Here),
    Called(Called),
    Over,
}

impl Future for CallFuture {
    type Output = Result<Value, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let CallState::New(_) = &self.0
            && let CallState::New(call) = std::mem::replace(&mut self.0, CallState::Over)
        {
            self.0 = match begin(call) {
                Ok(begun) => begun,
                Err(error) => return Poll::Ready(Err(error)),
            };
        }
        let result = match &mut self.0 {
            CallState::New(_) | CallState::Over => Err(over()),
            CallState::Here(here) => ready!(here.poll(context)),
            CallState::Called(called) => ready!(called.poll_value(context)),
        };
        self.0 = CallState::Over;
        Poll::Ready(result)
    }
}

fn begin(mut call: CallBuilder) -> Result<CallState, Error> {
    call.refuse_items()?;
    Ok(match call.route()? {
        Route::Here(own) => CallState::Here(call.here_later(own)),
        Route::Peer(hub, target) => CallState::Called(Called::new(&hub, call.spec(&hub, target)?)),
    })
}

fn over() -> Error {
    Error::Misuse("a future that is done was polled".into())
}

impl IntoFuture for CallBuilder {
    type Output = Result<Value, Error>;
    type IntoFuture = CallFuture;

    fn into_future(self) -> CallFuture {
        CallFuture(CallState::New(self))
    }
}

impl CallBuilder {
    /// As [`Self::promise`], from within a task: waits for room for the call without blocking, and for nothing else.
    ///
    /// # Errors
    /// Why the call could not be made.
    pub async fn promise_when_room(mut self) -> Result<Promise, Error> {
        self.refuse_items()?;
        match self.route()? {
            Route::Here(own) => Ok(Promise::ready(self.here_later(own).await)),
            Route::Peer(hub, target) => {
                let batch = Batch::of_thread(hub.number());
                let spec = CallSpec { keep: true, batch, ..self.spec(&hub, target)? };
                let id = Asking::new(&hub, spec, Wanted::Promise).await?;
                Ok(Promise::of(hub.promise_handle(id)))
            }
        }
    }

    /// As [`Self::one_way`], from within a task: waits for room for the call without blocking, and for nothing else.
    ///
    /// # Errors
    /// Why the call could not be made.
    pub async fn one_way_when_room(mut self) -> Result<(), Error> {
        self.refuse_items()?;
        match self.route()? {
            Route::Here(own) => self.here_later(own).await.map(|_| ()).or(Ok(())),
            Route::Peer(hub, target) => {
                let batch = Batch::of_thread(hub.number());
                let spec = CallSpec { one_way: true, batch, ..self.spec(&hub, target)? };
                Asking::new(&hub, spec, Wanted::Nothing).await.map(|_| ())
            }
        }
    }

    /// As [`Self::stream`], from within a task: waits for room for the call without blocking. The items are had by
    /// [`ItemStream::next_item`].
    ///
    /// # Errors
    /// Why the call could not be made; what the object raises comes with the items.
    pub async fn stream_when_room(mut self, ahead: u64) -> Result<ItemStream, Error> {
        match self.route()? {
            Route::Here(own) => self.stream_here(&own),
            Route::Peer(hub, target) => {
                let credit = self.first_credit();
                let spec = self.spec(&hub, target)?;
                let id = Asking::new(&hub, spec, Wanted::Result).await?;
                Ok(ItemStream::remote(hub, id, credit, ahead))
            }
        }
    }
}

/// A promise as a future. Dropped after it was polled and before it is done, it asks the call to stop, for all that hold
/// the promise; a promise that is merely dropped does not. Made by awaiting a [`Promise`], or a reference to one.
#[must_use = "a future does nothing unless it is polled"]
pub struct PromiseFuture {
    promise: Promise,
    state: Awaiting,
}

enum Awaiting {
    New,
    Waiting(News),
    Proving(Called),
    Over,
}

impl Future for PromiseFuture {
    type Output = Result<Value, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(self.advance(context));
        self.state = Awaiting::Over;
        Poll::Ready(result)
    }
}

impl PromiseFuture {
    fn advance(&mut self, context: &mut Context<'_>) -> Poll<Result<Value, Error>> {
        let handle = match &self.promise.0 {
            PromiseState::Ready(result) => return Poll::Ready(result.clone()),
            PromiseState::Remote(handle) => handle.clone(),
        };
        let Some(hub) = Hub::of(&handle) else {
            return Poll::Ready(Err(Error::Misuse("a promise of a foreign kind".into())));
        };
        loop {
            match &mut self.state {
                Awaiting::Over => return Poll::Ready(Err(over())),
                Awaiting::New => self.state = begin_waiting(&hub, &handle),
                Awaiting::Waiting(news) => {
                    let id = handle.id();
                    let settled = ready!(news.poll(context, |session| session.take_settled(id)));
                    let lane = hub.lane();
                    let needs_proof = hub.with(|session| session.needs_proof(id, lane));
                    match settled.and_then(|returned| returned.value(hub.node().limits())) {
                        Ok(_) if needs_proof => self.state = prove(&hub, &handle),
                        result => return Poll::Ready(result),
                    }
                }
                Awaiting::Proving(called) => {
                    let proof = ready!(called.poll_value(context));
                    return Poll::Ready(self.promise.proven(&hub, proof));
                }
            }
        }
    }
}

fn begin_waiting(hub: &Arc<Hub>, handle: &Handle) -> Awaiting {
    let id = handle.id();
    if hub.with(|session| session.is_no_return(id)) {
        return prove(hub, handle);
    }
    hub.with(|session| session.await_question(id));
    hub.kick();
    Awaiting::Waiting(News::of(hub, id))
}

fn prove(hub: &Arc<Hub>, handle: &Handle) -> Awaiting {
    Awaiting::Proving(Called::new(hub, proof_of(hub, handle)))
}

impl Drop for PromiseFuture {
    fn drop(&mut self) {
        if matches!(self.state, Awaiting::Waiting(_) | Awaiting::Proving(_)) {
            self.promise.cancel();
        }
    }
}

impl IntoFuture for Promise {
    type Output = Result<Value, Error>;
    type IntoFuture = PromiseFuture;

    fn into_future(self) -> PromiseFuture {
        PromiseFuture { promise: self, state: Awaiting::New }
    }
}

impl IntoFuture for &Promise {
    type Output = Result<Value, Error>;
    type IntoFuture = PromiseFuture;

    fn into_future(self) -> PromiseFuture {
        self.clone().into_future()
    }
}

impl Peer {
    /// As [`Self::get`], from within a task.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none.
    pub async fn get_later(&self, name: &str) -> Result<Proxy, Error> {
        self.lookup(name).await?.to()
    }

    /// As [`Self::get_as`], from within a task.
    ///
    /// # Errors
    /// As for [`Self::get_as`].
    pub async fn get_as_later<P: TypedProxy>(&self, name: &str) -> Result<P, Error> {
        self.get_later(name).await?.cast()
    }

    /// As [`Self::root`], from within a task.
    ///
    /// # Errors
    /// As for [`Self::get_as`].
    pub async fn root_later<P: TypedProxy>(&self) -> Result<P, Error> {
        self.get_as_later(ROOT).await
    }

    /// Waits, without blocking, until the session is over; why it is. For a side that only serves: while it waits, the
    /// session has somebody who refers to it.
    pub async fn over(&self) -> EndReason {
        let mut news = News::of_session(self.hub());
        std::future::poll_fn(|context| news.poll(context, |session| session.ended().cloned())).await
    }
}

impl Proxy {
    /// As [`Self::iterate`], from within a task.
    ///
    /// # Errors
    /// As for [`Self::iterate`].
    pub async fn iterate_later(&self) -> Result<ItemStream, Error> {
        let (request, ahead) = self.stepping();
        let mut items = request.stream_when_room(ahead).await?;
        if self.is_container() {
            // A whole fetch begins with the category of the container, which whoever steps through it does not want.
            items.next_item().await.transpose()?;
        }
        Ok(items)
    }

    /// As [`Self::fetch`], from within a task.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub async fn fetch_later(&self) -> Result<Value, Error> {
        let mut items = self.request(crate::host::Operation::Whole).stream_when_room(u64::MAX).await?;
        let mut contents = Vec::new();
        while let Some(item) = items.next_item().await {
            contents.push(item?);
        }
        contents_from_items(contents)
    }

    /// As [`Self::fetch_later`], for a conversion, which copies no more than it may.
    pub(crate) async fn fetch_within_later(&self, copied: &mut Copied) -> Result<Value, Error> {
        let max = self.copied_max();
        copied.container(max)?;
        let mut items = self.request(crate::host::Operation::Whole).stream_when_room(u64::MAX).await?;
        let mut contents = Vec::new();
        while let Some(item) = items.next_item().await {
            let item = item?;
            copied.value(&item, max)?;
            contents.push(item);
        }
        contents_from_items(contents)
    }
}

impl fmt::Debug for CallFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallFuture")
    }
}

impl fmt::Debug for PromiseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PromiseFuture({:?})", self.promise)
    }
}
