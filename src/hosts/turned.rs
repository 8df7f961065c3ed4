//! Values whose users take turns: methods on `&mut` as objects.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{ArcRwLockReadGuard, ArcRwLockWriteGuard, RawRwLock, RwLock};

use crate::context::{CallContext, Chain, Reply, ReplyTo};
use crate::drive::{Hub, serving};
use crate::error::Error;
use crate::guard::guarded;
use crate::host::Outcome;
use crate::hosts::called::Called;
use crate::hosts::turn::{Came, Start, Turn, Turns, Use, Wish};
use crate::hosts::waiting::Seat;
use crate::interrupt;
use crate::table::Id;
use crate::value::Value;

/// A value of which one call at a time has `&mut`, or several have `&`: its class is described by
/// [`ClassBuilder::method_mut`](crate::hosts::ClassBuilder::method_mut) and its kind.
///
/// A call that finds the value in use queues, in the order of arrival and without a thread, and is run when its turn
/// comes; when its caller stops it, or its deadline passes, it leaves the queue. One that is nested in a call which has
/// the turn gets [`Error::Busy`] at once; a one-way call queues. What has `&` shares the turn, but for those that would
/// overtake a call that waits for `&mut`. A panic gives the turn back.
///
/// Two calls that each have an object, and each call the other's, wait for each other until a deadline, or a stop, ends
/// it.
pub struct Turned<T> {
    turns: Arc<Turns>,
    value: Arc<Cell<T>>,
}

/// The lock is never waited for: whoever has the turn finds it free.
type Cell<T> = RwLock<T>;

/// `&mut` of a [`Turned`] value, for a call that goes on after its method has returned; the turn ends when it is dropped
/// and the call is settled.
pub struct Exclusive<T> {
    // Before the turn: it is dropped first.
    value: ArcRwLockWriteGuard<RawRwLock, T>,
    _turn: Arc<Turn>,
}

/// `&` of a [`Turned`] value; see [`Exclusive`].
pub struct Shared<T> {
    value: ArcRwLockReadGuard<RawRwLock, T>,
    _turn: Arc<Turn>,
}

/// Numbers calls that never left this side apart, as links of chains.
static CALLS_HERE: AtomicU64 = AtomicU64::new(1);

/// The session of such links: there is none with this number.
const HERE: u64 = 0;

/// What is done with a value once the turn is there.
pub(super) trait Work<T>: FnOnce(&Arc<RwLock<T>>, Turn, &CallContext) -> Outcome + Send + 'static {}

impl<T, W: FnOnce(&Arc<RwLock<T>>, Turn, &CallContext) -> Outcome + Send + 'static> Work<T> for W {}

impl<T: Send + Sync + 'static> Turned<T> {
    /// A value that nobody uses yet.
    pub fn new(value: T) -> Self {
        Self { turns: Arc::default(), value: Arc::new(RwLock::new(value)) }
    }

    /// Reads the value from this side, waiting for the turn if others have it.
    ///
    /// # Errors
    /// [`Error::Busy`] within a call that has `&mut`; [`Error::Interrupted`].
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> Result<R, Error> {
        let (_turn, context) = self.take_here(Use::Shared)?;
        let value = self.value.try_read().ok_or_else(jammed)?;
        Ok(context.serve(|| read(&value)))
    }

    /// Changes the value from this side, waiting for the turn if others have it.
    ///
    /// # Errors
    /// [`Error::Busy`] within a call that has the turn; [`Error::Interrupted`].
    pub fn with_mut<R>(&self, change: impl FnOnce(&mut T) -> R) -> Result<R, Error> {
        let (_turn, context) = self.take_here(Use::Exclusive)?;
        let mut value = self.value.try_write().ok_or_else(jammed)?;
        Ok(context.serve(|| change(&mut value)))
    }

    fn take_here(&self, how: Use) -> Result<(Turn, CallContext), Error> {
        let context = linked(&CallContext::local());
        let place: Arc<str> = std::any::type_name::<T>().into();
        let turn = self.wait(wish(how, &place, &context), &context)?;
        Ok((turn, context))
    }

    /// Does the work of a call as soon as it is its turn: now, or later by the call's own reply.
    pub(super) fn ask(&self, how: Use, called: &Called, context: &CallContext, work: impl Work<T>) -> Outcome {
        match context.session {
            Some(_) => self.queue(wish(how, called.place(), context), called, context, work),
            None => {
                let context = &linked(context);
                let wish = wish(how, called.place(), context);
                if context.one_way || !context.reply.is_local() {
                    return context.serve(|| self.queue(wish, called, context, work));
                }
                match self.wait(wish, context) {
                    Ok(turn) => context.serve(|| work(&self.value, turn, context)),
                    Err(error) => Outcome::Error(error),
                }
            }
        }
    }

    fn queue(&self, wish: Wish, called: &Called, context: &CallContext, work: impl Work<T>) -> Outcome {
        let mut work = Some(work);
        let later = || later(self.value.clone(), context.clone(), called.clone(), work.take());
        let came = self.turns.enter(wish, later);
        match (came, work) {
            (Came::Now(turn), Some(work)) => work(&self.value, turn, context),
            (Came::Refused(error), _) => Outcome::Error(error),
            (Came::Queued(number, nested), _) => {
                // Weak: the flag may outlive the object.
                let turns = Arc::downgrade(&self.turns);
                context.on_stop(move || {
                    if let Some(turns) = turns.upgrade() {
                        turns.withdraw(number, Error::Stopped);
                    }
                });
                if nested {
                    // What the outer call asks next is in line behind this one, which waits for the outer call.
                    context.reply().suspend();
                }
                Outcome::Later
            }
            (Came::Now(_), None) => Outcome::Error(jammed()),
        }
    }

    /// Waits on the present thread; or, where it may not be held up, for nothing.
    fn wait(&self, wish: Wish, context: &CallContext) -> Result<Turn, Error> {
        let place = wish.place.clone();
        let seat = Arc::new(Seat::default());
        let start = || -> Start {
            let seat = seat.clone();
            Box::new(move |turn| seat.call(turn))
        };
        let number = match self.turns.enter(wish, start) {
            Came::Now(turn) => return Ok(turn),
            Came::Refused(error) => return Err(error),
            Came::Queued(number, _) => number,
        };
        if !context.may_wait {
            self.turns.withdraw(number, Error::Busy(format!("{place}: others use the object").into()));
        }
        let turns = self.turns.clone();
        let interrupt = interrupt::current();
        let _watch = interrupt.map(|interrupt| {
            interrupt.watch(Arc::new(move || {
                turns.withdraw(number, Error::Interrupted);
            }))
        });
        seat.wait()
    }
}

/// What goes on with a call that waits in the queue.
fn later<T: Send + Sync + 'static>(
    value: Arc<Cell<T>>,
    context: CallContext,
    called: Called,
    work: Option<impl Work<T>>,
) -> Start {
    Box::new(move |turn| {
        let reply = context.reply();
        match (turn, work) {
            (Ok(turn), Some(work)) => reply.run_later(move || {
                if context.is_stopped() {
                    drop(turn);
                    return context.reply().pass_back(Err(Error::Stopped));
                }
                let outcome = context.serve(|| work(&value, turn, &context));
                context.conclude(match outcome {
                    Outcome::Error(error) => Outcome::Error(called.through(error)),
                    outcome => outcome,
                });
            }),
            (Err(error), _) => reply.pass_back(Err(error)),
            (Ok(_), None) => {}
        }
    })
}

fn wish(how: Use, place: &Arc<str>, context: &CallContext) -> Wish {
    let chain = context.chain.clone().unwrap_or_else(|| link(None));
    Wish { how, chain, place: place.clone(), one_way: context.one_way }
}

/// A call that never left this side, as a link of its own in the chain that it is made in.
fn linked(context: &CallContext) -> CallContext {
    let outer = context.chain.clone().or_else(serving);
    CallContext { chain: Some(link(outer)), ..context.clone() }
}

fn link(outer: Option<Chain>) -> Chain {
    Chain::new(HERE, Id::ours(CALLS_HERE.fetch_add(1, Ordering::Relaxed)), outer.map(Arc::new))
}

/// Cannot be: the turn was there.
fn jammed() -> Error {
    Error::Misuse("an object was used by somebody who had not the turn".into())
}

/// Runs a method that is done when it returns.
pub(super) fn with_ref<T>(value: &Arc<RwLock<T>>, turn: Turn, code: impl FnOnce(&T) -> Outcome) -> Outcome {
    let outcome = match value.try_read() {
        Some(value) => guarded(|| code(&value)).unwrap_or_else(Outcome::Error),
        None => Outcome::Error(jammed()),
    };
    drop(turn);
    outcome
}

/// As [`with_ref`], on `&mut`.
pub(super) fn with_mut<T>(value: &Arc<RwLock<T>>, turn: Turn, code: impl FnOnce(&mut T) -> Outcome) -> Outcome {
    let outcome = match value.try_write() {
        Some(mut value) => guarded(|| code(&mut value)).unwrap_or_else(Outcome::Error),
        None => Outcome::Error(jammed()),
    };
    drop(turn);
    outcome
}

impl<T> Exclusive<T> {
    pub(super) fn take(value: &Arc<RwLock<T>>, turn: Arc<Turn>) -> Result<Self, Error> {
        Ok(Self { value: value.try_write_arc().ok_or_else(jammed)?, _turn: turn })
    }
}

impl<T> Shared<T> {
    pub(super) fn take(value: &Arc<RwLock<T>>, turn: Arc<Turn>) -> Result<Self, Error> {
        Ok(Self { value: value.try_read_arc().ok_or_else(jammed)?, _turn: turn })
    }
}

/// Runs a method that settles its call itself; the turn is kept for it until then.
pub(super) fn settled_later<H>(
    held: Result<H, Error>,
    turn: Arc<Turn>,
    context: &CallContext,
    code: impl FnOnce(H, CallContext),
) -> Outcome {
    let held = match held {
        Ok(held) => held,
        Err(error) => return Outcome::Error(error),
    };
    let keeping = Keeping { reply: context.reply(), turn: parking_lot::Mutex::new(Some(turn)) };
    let reply = Reply::new(Arc::new(keeping), context.reply.answer());
    let inner = CallContext { reply: reply.clone(), ..context.clone() };
    match guarded(|| code(held, inner)) {
        Ok(()) => Outcome::Later,
        Err(panicked) => {
            reply.claim();
            Outcome::Error(panicked)
        }
    }
}

/// A reply that keeps the turn until it is settled.
struct Keeping {
    reply: Reply,
    turn: parking_lot::Mutex<Option<Arc<Turn>>>,
}

impl ReplyTo for Keeping {
    fn settle(&self, _answer: Id, result: Result<Value, Error>) {
        // First: settling may wait for a peer that reads slowly, and others are waiting here.
        let turn = self.turn.lock().take();
        drop(turn);
        self.reply.pass_back(result);
    }

    fn suspend(&self, _answer: Id) {
        self.reply.suspend();
    }

    fn resume(&self, _answer: Id) {
        self.reply.resume();
    }

    fn run_later(&self, task: Box<dyn FnOnce() + Send>) {
        self.reply.run_later(task);
    }

    fn hub(&self) -> Option<Arc<Hub>> {
        self.reply.hub()
    }
}

impl<T> Deref for Exclusive<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Exclusive<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> fmt::Debug for Exclusive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exclusive")
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

impl<T> fmt::Debug for Turned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turned")
    }
}

#[cfg(test)]
mod tests;
