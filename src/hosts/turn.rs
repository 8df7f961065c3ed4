//! Turns: who uses an object at present, and who is next. The one exclusion across the user's code.
//!
//! A turn belongs to the call that took it, not to a thread, and lasts until whatever holds it is dropped. Calls that
//! must wait queue in the order in which they came, without a thread: whoever ends the last turn that is in the way has
//! the next ones started, each by its own session's driver. A call that is nested in one that has the turn would wait
//! for ever: it is refused at once, as a `RefCell` would; but one-way calls queue, since nobody waits for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::context::Chain;
use crate::error::Error;

/// How a call uses the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// With others that do so too.
    Shared,
    /// Alone.
    Exclusive,
}

/// A call that wants the turn.
#[derive(Clone)]
pub(super) struct Wish {
    pub(super) how: Use,
    /// The chain of the call.
    pub(super) chain: Chain,
    /// The object's type and the member, for people.
    pub(super) place: Arc<str>,
    pub(super) one_way: bool,
}

/// Goes on with a call that waited: with the turn, or with why it will not get it. It may be told on any thread, and
/// must not run the user's code itself.
pub(super) type Start = Box<dyn FnOnce(Result<Turn, Error>) + Send>;

/// What became of the wish for a turn.
pub(super) enum Came {
    /// It is there.
    Now(Turn),
    /// It comes later; the number is for [`Turns::withdraw`]. Whether it waits for a call that it is nested in.
    Queued(u64, bool),
    /// It will not come.
    Refused(Error),
}

/// The turns of one object.
#[derive(Default)]
pub(super) struct Turns(Mutex<State>);

#[derive(Default)]
struct State {
    owners: SmallVec<[Owner; 1]>,
    exclusive: bool,
    waiting: BTreeMap<u64, Waiting>,
    next: u64,
    /// Somebody starts those who are next: nobody else does meanwhile.
    starting: bool,
}

struct Owner {
    number: u64,
    chain: Chain,
    place: Arc<str>,
}

struct Waiting {
    wish: Wish,
    start: Start,
}

/// The right to use the object, until it is dropped.
pub(super) struct Turn {
    turns: Arc<Turns>,
    number: u64,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.end(self.number);
    }
}

impl Turns {
    /// Takes the turn if it is to be had, else queues for it.
    pub(super) fn enter(self: &Arc<Self>, wish: Wish, start: impl FnOnce() -> Start) -> Came {
        let mut state = self.0.lock();
        let is_free = state.is_free_for(wish.how);
        let outer = state.owners.iter().find(|owner| wish.chain.leads_to(&owner.chain));
        let goes_on = match outer {
            // Whoever waits, waits for the outer call, and that for this one.
            Some(_) if is_free => true,
            Some(outer) if !wish.one_way => {
                let text = format!("{} was called within {}, which uses the object", wish.place, outer.place);
                return Came::Refused(Error::Busy(text.into()));
            }
            _ => is_free && state.waiting.is_empty(),
        };
        let nested = outer.is_some();
        let number = state.next;
        state.next += 1;
        if goes_on {
            state.take(number, &wish);
            return Came::Now(Turn { turns: self.clone(), number });
        }
        state.waiting.insert(number, Waiting { wish, start: start() });
        Came::Queued(number, nested)
    }

    /// Tells a call that still waits that it waits no more; whether it did.
    pub(super) fn withdraw(self: &Arc<Self>, number: u64, reason: Error) -> bool {
        let Some(waiting) = self.0.lock().waiting.remove(&number) else { return false };
        (waiting.start)(Err(reason));
        // Those behind it may have waited for it alone.
        self.start_next();
        true
    }

    fn end(self: &Arc<Self>, number: u64) {
        let ended = {
            let mut state = self.0.lock();
            let place = state.owners.iter().position(|owner| owner.number == number);
            place.map(|place| state.owners.remove(place))
        };
        drop(ended);
        self.start_next();
    }

    /// Starts those whose turn it is. What is started may end at once, and end up here again: the outer one goes on.
    fn start_next(self: &Arc<Self>) {
        loop {
            let (turn, start) = {
                let mut state = self.0.lock();
                if state.starting {
                    return;
                }
                let Some((number, waiting)) = state.pop_next() else { return };
                state.starting = true;
                state.take(number, &waiting.wish);
                (Turn { turns: self.clone(), number }, waiting.start)
            };
            let started = Started(self);
            start(Ok(turn));
            drop(started);
        }
    }

    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        let state = self.0.lock();
        state.owners.is_empty() && state.waiting.is_empty() && !state.starting
    }
}

impl State {
    fn is_free_for(&self, how: Use) -> bool {
        self.owners.is_empty() || (how == Use::Shared && !self.exclusive)
    }

    fn take(&mut self, number: u64, wish: &Wish) {
        self.exclusive = wish.how == Use::Exclusive;
        self.owners.push(Owner { number, chain: wish.chain.clone(), place: wish.place.clone() });
    }

    /// The one that has waited longest, if it is its turn: nobody overtakes it.
    fn pop_next(&mut self) -> Option<(u64, Waiting)> {
        let how = self.waiting.first_key_value()?.1.wish.how;
        if self.is_free_for(how) { self.waiting.pop_first() } else { None }
    }
}

/// Lets others be started again, even if starting one panicked.
struct Started<'a>(&'a Turns);

impl Drop for Started<'_> {
    fn drop(&mut self) {
        self.0.0.lock().starting = false;
    }
}
