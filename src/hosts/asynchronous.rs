//! Methods that are futures: polled at once where they are called, and again wherever their session's driver lets code
//! of the user's run.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;

use crate::context::CallContext;
use crate::drive::TaskLane;
use crate::error::Error;
#[cfg(feature = "tracing")]
use crate::error::spans::Around;
use crate::guard::guarded;
use crate::host::Outcome;
use crate::hosts::called::Called;
use crate::value::Value;

type Code = Pin<Box<dyn Future<Output = Result<Value, Error>> + Send>>;

/// A call that is served by a future. Whoever may wake the future holds it; one that nobody can wake any more is dropped,
/// and its caller is told that it was not answered.
struct Served(Mutex<State>);

enum State {
    /// Waits to be woken.
    Idle(Box<Polled>),
    /// Woken; to be polled soon.
    Woken(Box<Polled>),
    /// Somebody polls it; whether it was woken meanwhile.
    Polling(bool),
    Over,
}

/// The future, with what it needs around it.
struct Polled {
    code: Code,
    context: CallContext,
    lane: TaskLane,
    /// What errors of it that come later are told to have come through.
    called: Option<Called>,
    #[cfg(feature = "tracing")]
    around: Around,
}

/// Serves a call by this future. An error that comes later is told to have come through `called`; of one that comes at
/// once, whoever called tells it.
pub(crate) fn serve(
    future: impl Future<Output = Result<Value, Error>> + Send + 'static,
    context: &CallContext,
    called: Option<&Called>,
) -> Outcome {
    let lane = TaskLane::take();
    let polled = Box::new(Polled {
        code: Box::pin(future),
        context: context.clone(),
        lane,
        called: called.cloned(),
        #[cfg(feature = "tracing")]
        around: Around::now(),
    });
    let served = Arc::new(Served(Mutex::new(State::Polling(false))));
    match polled.poll(&served) {
        Ok(result) => {
            *served.0.lock() = State::Over;
            result.into()
        }
        Err(_) if context.reply.is_local() => {
            *served.0.lock() = State::Over;
            let text = "the method waits for something, and is of this side: await the call";
            Outcome::Error(Error::Misuse(text.into()))
        }
        Err(pending) => {
            let reply = context.reply();
            // Weak: what nobody can wake is not kept for the sake of a stop.
            let weak = Arc::downgrade(&served);
            context.on_stop(move || _ = weak.upgrade().map(|served| served.stop()));
            served.rest(pending);
            reply.suspend();
            Outcome::Later
        }
    }
}

impl Polled {
    /// Polls the future as a part of its call, in its lane: its result, or itself.
    fn poll(mut self: Box<Self>, served: &Arc<Served>) -> Result<Result<Value, Error>, Box<Self>> {
        let waker = Waker::from(served.clone());
        let mut context = Context::from_waker(&waker);
        let (code, lane) = (&mut self.code, self.lane.lane());
        #[cfg(feature = "tracing")]
        let around = self.around;
        let poll = || {
            #[cfg(feature = "tracing")]
            around.restore();
            lane.run(|| code.as_mut().poll(&mut context))
        };
        let polled = guarded(|| self.context.serve(poll));
        let result = match polled {
            Ok(Poll::Pending) => return Err(self),
            Ok(Poll::Ready(result)) => result,
            Err(panicked) => Err(panicked),
        };
        let Self { code, context, .. } = *self;
        // What the future still holds ends within its call, and its panic must not take the result along.
        let dropped = guarded(|| context.serve(|| drop(code)));
        Ok(dropped.and(result))
    }

    /// Drops the future, as a part of its call, which was stopped.
    fn end(self) {
        let Self { code, context, .. } = self;
        context.serve(|| drop(code));
        context.reply().settle(Err(Error::Stopped));
    }
}

impl Served {
    /// Polls the future, which was woken.
    fn go_on(self: &Arc<Self>) {
        let polled = {
            let mut state = self.0.lock();
            match std::mem::replace(&mut *state, State::Polling(false)) {
                State::Woken(polled) => polled,
                other => return *state = other,
            }
        };
        let (reply, called) = (polled.context.reply(), polled.called.clone());
        match polled.poll(self) {
            Err(pending) => self.rest(pending),
            Ok(result) => {
                *self.0.lock() = State::Over;
                reply.settle(result.map_err(|error| match called {
                    Some(called) => called.through(error),
                    None => error,
                }));
            }
        }
    }

    /// The future waits, unless it was woken meanwhile, or stopped.
    fn rest(self: &Arc<Self>, polled: Box<Polled>) {
        let mut state = self.0.lock();
        match *state {
            State::Polling(false) => *state = State::Idle(polled),
            State::Polling(true) => {
                let reply = polled.context.reply();
                *state = State::Woken(polled);
                drop(state);
                self.have_polled(&reply);
            }
            // Stopped meanwhile.
            _ => {
                drop(state);
                (*polled).end();
            }
        }
    }

    fn have_polled(self: &Arc<Self>, reply: &crate::context::Reply) {
        let served = self.clone();
        reply.run_later(move || served.go_on());
    }

    /// The caller wants no result: the future is dropped, and the call is answered with that.
    fn stop(&self) {
        let before = std::mem::replace(&mut *self.0.lock(), State::Over);
        if let State::Idle(polled) | State::Woken(polled) = before {
            (*polled).end();
        }
    }
}

impl Wake for Served {
    fn wake(self: Arc<Self>) {
        let mut state = self.0.lock();
        match std::mem::replace(&mut *state, State::Over) {
            State::Idle(polled) => {
                let reply = polled.context.reply();
                *state = State::Woken(polled);
                drop(state);
                self.have_polled(&reply);
            }
            State::Polling(_) => *state = State::Polling(true),
            other => *state = other,
        }
    }
}
