//! A call of an object of this side, whose result may come later.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use crate::context::{CallContext, Reply, ReplyTo};
use crate::drive::{Hub, operate_here, serving, serving_hub};
use crate::error::Error;
use crate::host::{Outcome, Own, Request};
use crate::hosts::iterator_of_stream;
use crate::table::Id;
use crate::value::Value;

/// A call that costs no message. What its object goes on with later runs where it is polled.
pub(crate) struct Here {
    call: Option<(Own, Vec<Arc<str>>, Request)>,
    context: CallContext,
    came: Arc<Came>,
}

struct Came {
    state: Mutex<State>,
    /// The session of the call that it is nested in.
    outer: Option<Weak<Hub>>,
}

#[derive(Default)]
struct State {
    result: Option<Result<Value, Error>>,
    tasks: Vec<Box<dyn FnOnce() + Send>>,
    waker: Option<Waker>,
}

impl Here {
    pub(crate) fn new(own: Own, path: Vec<Arc<str>>, request: Request) -> Self {
        let outer = serving_hub().map(|hub| Arc::downgrade(&hub));
        let came = Arc::new(Came { state: Mutex::default(), outer });
        let reply = Reply::new(came.clone(), Id::OUR_NAMES);
        let context = CallContext { chain: serving(), reply, ..CallContext::local() };
        Self { call: Some((own, path, request)), context, came }
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Value, Error>> {
        if let Some((own, path, request)) = self.call.take() {
            match operate_here(&own, &path, request, &self.context) {
                Ok(Outcome::Value(value)) => return self.done(Ok(value)),
                Ok(Outcome::Stream(source)) => return self.done(Ok(iterator_of_stream(source).into())),
                Ok(Outcome::Error(error)) | Err(error) => return self.done(Err(error)),
                // Who keeps the reply settles the call; if nobody does any more, that says so.
                Ok(Outcome::Later) => self.context.reply = CallContext::local().reply,
            }
        }
        loop {
            let tasks = {
                let mut state = self.came.state.lock();
                if let Some(result) = state.result.take() {
                    return Poll::Ready(result);
                }
                let tasks = std::mem::take(&mut state.tasks);
                if tasks.is_empty() {
                    let before = state.waker.replace(context.waker().clone());
                    drop(state);
                    drop(before);
                    return Poll::Pending;
                }
                tasks
            };
            tasks.into_iter().for_each(|task| task());
        }
    }

    fn done(&self, result: Result<Value, Error>) -> Poll<Result<Value, Error>> {
        self.context.reply.claim_with(result.as_ref().err());
        Poll::Ready(result)
    }
}

impl Future for Here {
    type Output = Result<Value, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Here::poll(&mut self, context)
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        // Wanted no more: if it is done, nobody listens.
        self.context.stop.set();
        self.context.stop.tell();
    }
}

impl Came {
    fn change(&self, change: impl FnOnce(&mut State)) {
        let waker = {
            let mut state = self.state.lock();
            change(&mut state);
            state.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }
}

impl ReplyTo for Came {
    fn settle(&self, _answer: Id, result: Result<Value, Error>) {
        self.change(|state| state.result = Some(result));
    }

    fn suspend(&self, _answer: Id) {}

    fn resume(&self, _answer: Id) {}

    fn run_later(&self, task: Box<dyn FnOnce() + Send>) {
        self.change(|state| state.tasks.push(task));
    }

    fn hub(&self) -> Option<Arc<Hub>> {
        self.outer.as_ref()?.upgrade()
    }
}
