//! Who receives, who waits and who works: the reading role of one session, and the threads around it.
//!
//! ```text
//!            ┌──────── a caller with its RETURN in hand ─────────┐
//!            ▼                                                   │
//!   free ──────────▶ held by a waiting caller ──▶ another caller that may read
//!    ▲  ▲   caller comes      │                        │
//!    │  └─────────────────────┴── nobody waits ────────┤ only callers wait that may not read
//!    │                                                 ▼
//!    └─ delivered to a caller, nobody waits ──── held by the crew ◀── the ticker: it stayed free
//! ```
//!
//! The *crew* of a session are the threads that receive when no caller does, and do the work of the peer: calls,
//! streams, continuations. There is always one, parked, reading or at work; when all are at work for a tick, another
//! is called. Nobody sends, or runs the user's code, while it holds the reading role.
//!
//! It knows no session and no carrier, so that a model checker can run it.

#[cfg(all(test, shuttle))]
mod model;
mod state;

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

use crate::clock::Time;
use crate::drive::contract::Awaited;
use crate::interrupt::LOOK_EVERY;
use crate::sync::{Condvar, Mutex, MutexGuard};
use crate::table::Id;
use state::{At, Ending, Holder, Seat, State};

/// A piece of work, as far as its order matters.
pub(crate) trait Piece {
    /// Whether it counts towards the peer's share of threads.
    fn counts(&self) -> bool;
    /// Whether it is a call that still runs after the end of a session that was closed in order: then they run one by
    /// one, when all others are done.
    fn runs_last(&self) -> bool;
    /// Its place among those that run last.
    fn rank(&self) -> u64;
    /// Whether it is a call: then it is dropped at the end, unless it runs last.
    fn is_call(&self) -> bool;
}

/// The roles of one session.
pub(crate) struct Roles<W> {
    state: Mutex<State<W>>,
    /// Calls of the peer that may be at work at once.
    busy_max: usize,
}

/// What a thread waits for, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) awaited: Awaited,
    /// It may take the reading role.
    pub(crate) may_read: bool,
    /// While it reads, it can be woken.
    pub(crate) wakeable: bool,
    /// When it looks again at the latest.
    pub(crate) until: Option<Time>,
    /// It does not wait for long without a pause.
    pub(crate) looks: bool,
}

/// Ticks without any traffic after which the ticker may stop looking.
const QUIET_TICKS: u32 = if cfg!(shuttle) { 3 } else { 50 };

/// What is left to do once the roles are unlocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub(crate) struct Calls {
    /// Another thread is to join the crew.
    pub(crate) helper: bool,
    /// Whoever reads is to be woken.
    pub(crate) wake: bool,
    /// The ticker is to look.
    pub(crate) tick: bool,
    /// There are calls that run last: what they need is to be kept.
    pub(crate) last: bool,
}

/// What must live until the last calls have run.
pub(crate) type Kept = Arc<dyn Any + Send + Sync>;

/// What a waiting thread does next.
pub(crate) enum Step<W> {
    /// Look whether what it waits for is there.
    Look,
    /// Receive: it has the reading role.
    Read,
    /// Do this, which is nested in its call.
    Nested(W),
    /// Pause: it has waited for a while.
    Pause,
    /// See to the calls, then ask again.
    Again,
}

/// What a thread of the crew has done since it asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrewDid {
    /// Nothing that matters.
    Nothing,
    /// It has received, and has the reading role.
    Read,
    /// A piece of work, which may have counted towards the peer's share of threads.
    Work { counted: bool },
}

/// What a thread of the crew does next.
pub(crate) enum CrewStep<W> {
    /// Receive: it has the reading role.
    Read,
    /// Do this.
    Work(W),
    /// See to the calls, then ask again.
    Again,
    /// It is not needed any more.
    Leave,
}

impl<W: Piece> Roles<W> {
    pub(crate) fn new(busy_max: usize) -> Self {
        Self { state: Mutex::new(State::new()), busy_max }
    }

    /// Seats a thread that is going to wait. It must look once more before it asks what to do: what it waits for may have
    /// come before it sat down.
    pub(crate) fn sit(&self, wish: Wish) -> u64 {
        let mut state = self.state.lock();
        state.seats_made += 1;
        let key = state.seats_made;
        let is_early = |(id, ..): &mut (Id, W, u32)| wish.awaited.is_on(*id);
        let nested = match state.early.is_empty() {
            true => VecDeque::new(),
            false => state.early.extract_if(.., is_early).map(|(_, piece, _)| piece).collect(),
        };
        state.seats.push(Seat { key, wish, at: At::Coming, woken: false, nested, nested_ticks: 0, signal: None });
        key
    }

    /// What the thread on this seat does next; waits until there is something.
    pub(crate) fn step(&self, key: u64) -> (Step<W>, Calls) {
        let mut state = self.state.lock();
        let mut calls = Calls::default();
        loop {
            let is_over = state.end.is_some();
            let is_free = state.reading.is_none();
            let holds = state.reading == Some(Holder::Seat(key));
            let Some(seat) = state.seats.iter_mut().rfind(|seat| seat.key == key) else { return (Step::Look, calls) };
            seat.at = At::Coming;
            if std::mem::take(&mut seat.woken) || is_over {
                return (Step::Look, calls);
            }
            if let Some(piece) = seat.nested.pop_front() {
                seat.nested_ticks = 0;
                seat.at = At::Working;
                if holds {
                    calls.helper = state.pass_on();
                    calls.tick = true;
                }
                return (Step::Nested(piece), calls);
            }
            if holds || (is_free && seat.wish.may_read) {
                seat.at = At::Reading;
                if !holds {
                    state.take(Holder::Seat(key));
                }
                return (Step::Read, calls);
            }
            if is_free && state.call_crew_to_read() {
                calls.helper = true;
                return (Step::Again, calls);
            }
            let late;
            (state, late) = park(state, key);
            if late {
                return (Step::Pause, calls);
            }
        }
    }

    /// The thread on this seat does something else for a while, without the reading role.
    pub(crate) fn pause(&self, key: u64) -> Calls {
        let mut state = self.state.lock();
        let holds = state.reading == Some(Holder::Seat(key));
        let Some(seat) = state.seats.iter_mut().rfind(|seat| seat.key == key) else { return Calls::default() };
        seat.at = At::Working;
        if !holds {
            return Calls::default();
        }
        Calls { helper: state.pass_on(), tick: true, ..Calls::default() }
    }

    /// The thread on this seat waits in another way.
    pub(crate) fn wish(&self, key: u64, wish: Wish) {
        let mut state = self.state.lock();
        if let Some(seat) = state.seats.iter_mut().rfind(|seat| seat.key == key) {
            seat.wish = wish;
        }
    }

    /// The thread waits no more. Calls that came for it meanwhile go to the crew.
    pub(crate) fn leave(&self, key: u64) -> Calls {
        let mut state = self.state.lock();
        let Some(place) = state.seats.iter().rposition(|seat| seat.key == key) else { return Calls::default() };
        let seat = state.seats.remove(place);
        let mut calls = Calls::default();
        if state.reading == Some(Holder::Seat(key)) {
            calls.helper |= state.pass_on();
            calls.tick |= state.reading.is_none();
        }
        if !seat.nested.is_empty() {
            state.work.extend(seat.nested);
            calls.helper |= state.call_crew();
        }
        calls
    }

    /// A thread of the crew goes on with its work, having waited in the middle of it: if that has left the reading role
    /// free, it comes back for it by itself, without waiting for the ticker.
    pub(crate) fn back_to_work(&self) {
        self.state.lock().left_free = false;
    }

    /// The thread on this seat has done what was nested in its call, and comes back for what is next: before whoever
    /// asked learns that it is done, and asks for more.
    pub(crate) fn comes_back(&self, key: u64) {
        let mut state = self.state.lock();
        if let Some(seat) = state.seats.iter_mut().rfind(|seat| seat.key == key && seat.at == At::Working) {
            seat.at = At::Coming;
        }
    }

    /// A question has news: whoever waits for it looks. `reads` says that the present thread has the reading role.
    pub(crate) fn told(&self, id: Id, reads: bool) -> Calls {
        let is_for = |awaited: Awaited| awaited.is_on(id);
        self.state.lock().wake(is_for, reads)
    }

    /// There may be room: whoever waits for that looks.
    pub(crate) fn room_came(&self, reads: bool) -> Calls {
        self.state.lock().wake(|awaited| matches!(awaited, Awaited::Room(_)), reads)
    }

    /// Something else happened that the thread on this seat must look at.
    pub(crate) fn nudge(&self, key: u64) -> Calls {
        let mut state = self.state.lock();
        let Some(seat) = state.seats.iter_mut().find(|seat| seat.key == key) else { return Calls::default() };
        Calls { wake: seat.wake(), ..Calls::default() }
    }

    /// Takes in a piece of work. It goes to the innermost thread that waits for a question which it is nested in, or to
    /// the crew; it is kept for a thread that is about to wait for the question `early`. `by_crew` says that the present thread is of the crew, and comes for it by itself. A call that will not
    /// run comes back.
    pub(crate) fn push(
        &self,
        piece: W,
        mut nested_in: impl Iterator<Item = Id>,
        early: Option<Id>,
        by_crew: bool,
        reads: bool,
    ) -> (Calls, Option<W>) {
        let mut state = self.state.lock();
        if let Some(end) = &state.end
            && piece.is_call()
        {
            if !end.in_order || !piece.runs_last() {
                return (Calls::default(), Some(piece));
            }
            state.push_last(piece);
            return (Calls { helper: state.call_crew(), tick: true, wake: false, last: true }, None);
        }
        let is_waited_for = |seats: &[Seat<W>], id: Id| seats.iter().rposition(|seat| seat.wish.awaited.is_on(id));
        if let Some(question) = early
            && is_waited_for(&state.seats, question).is_none()
        {
            state.early.push((question, piece, 0));
            return (Calls { tick: true, ..Calls::default() }, None);
        }
        if let Some(place) = nested_in.find_map(|id| is_waited_for(&state.seats, id))
            && let Some(seat) = state.seats.get_mut(place)
            // One that reads and cannot be woken would find it only with the next frame.
            && (seat.at != At::Reading || seat.wish.wakeable || reads)
        {
            seat.nested.push_back(piece);
            let wake = match seat.at {
                At::Parked => {
                    seat.signal();
                    false
                }
                At::Reading => !reads,
                At::Coming | At::Working => false,
            };
            return (Calls { wake, tick: true, ..Calls::default() }, None);
        }
        state.work.push_back(piece);
        let helper = !by_crew && state.call_crew();
        // More may wait than threads were called for.
        (Calls { helper, tick: true, ..Calls::default() }, None)
    }

    /// Whether a thread waits for this question.
    pub(crate) fn has_seat(&self, question: Id) -> bool {
        self.state.lock().seats.iter().any(|seat| seat.wish.awaited.is_on(question))
    }

    /// Has the crew receive at once, if nobody does.
    pub(crate) fn attend(&self) -> Calls {
        let mut state = self.state.lock();
        let helper = state.reading.is_none() && state.call_crew_to_read();
        Calls { helper, ..Calls::default() }
    }

    /// Somebody begins to wait without a thread, or does so no more: while anybody does, the reading role is not left
    /// free.
    pub(crate) fn await_news(&self, begins: bool) -> Calls {
        let mut state = self.state.lock();
        if !begins {
            state.awaiting = state.awaiting.saturating_sub(1);
            return Calls::default();
        }
        state.awaiting += 1;
        let helper = state.reading.is_none() && state.end.is_none() && state.call_crew_to_read();
        Calls { helper, ..Calls::default() }
    }

    /// A called thread joins the crew.
    pub(crate) fn join(&self) {
        let mut state = self.state.lock();
        state.crew.coming = state.crew.coming.saturating_sub(1);
    }

    /// A called thread cannot come.
    pub(crate) fn cannot_join(&self) {
        self.join();
    }

    /// What a thread of the crew does next, having done this; waits until there is something.
    pub(crate) fn crew_step(&self, did: CrewDid) -> (CrewStep<W>, Calls) {
        let mut state = self.state.lock();
        let mut calls = Calls::default();
        let mut reads = matches!(did, CrewDid::Read);
        if let CrewDid::Work { counted } = did {
            state.doing -= 1;
            state.busy -= usize::from(counted);
        }
        loop {
            if let Some(piece) = state.next_piece(self.busy_max) {
                if reads {
                    calls.helper |= state.pass_on();
                    state.left_free = false;
                    calls.tick |= state.reading.is_none();
                }
                calls.tick |= state.has_piece(self.busy_max);
                return (CrewStep::Work(piece), calls);
            }
            if state.end.is_some() {
                if reads {
                    state.reading = None;
                }
                // Whoever is still at work goes on with the calls that run last.
                return (CrewStep::Leave, calls);
            }
            if reads && std::mem::take(&mut state.delivered) {
                reads = state.keep_after_delivery();
                calls.tick |= !reads;
            }
            if reads {
                return (CrewStep::Read, calls);
            }
            if state.reading.is_none() && !state.left_free {
                state.take(Holder::Crew);
                return (CrewStep::Read, calls);
            }
            if state.crew.spare.is_some() {
                return (CrewStep::Leave, calls);
            }
            if calls != Calls::default() {
                return (CrewStep::Again, calls);
            }
            let signal = Arc::new(Condvar::default());
            state.crew.spare = Some(signal.clone());
            signal.wait(&mut state);
            // Whoever called it has taken it from its place; waking by itself, it goes there.
            if state.crew.spare.as_ref().is_some_and(|spare| Arc::ptr_eq(spare, &signal)) {
                state.crew.spare = None;
            }
        }
    }

    /// The session is over: whoever waits looks, and calls that have not begun come back, but those that run last.
    pub(crate) fn end(&self, in_order: bool) -> (Calls, Vec<W>) {
        let mut state = self.state.lock();
        if state.end.is_some() {
            return (Calls::default(), Vec::new());
        }
        state.end = Some(Ending { in_order });
        let mut wake = false;
        for seat in &mut state.seats {
            wake |= seat.wake();
        }
        let early = std::mem::take(&mut state.early).into_iter().map(|(_, piece, _)| piece);
        let nested: Vec<W> = state.seats.iter_mut().flat_map(|seat| seat.nested.drain(..)).chain(early).collect();
        let mut dropped = Vec::new();
        for piece in std::mem::take(&mut state.work).into_iter().chain(nested) {
            match (piece.is_call(), in_order && piece.runs_last()) {
                (false, _) => state.work.push_back(piece),
                (true, true) => state.push_last(piece),
                (true, false) => dropped.push(piece),
            }
        }
        let helper = state.call_crew();
        let last = !state.last.is_empty();
        (Calls { helper, wake, tick: false, last }, dropped)
    }

    /// Keeps this until the calls that run last have run: their session, which nothing else may refer to any more.
    pub(crate) fn keep(&self, what: Kept) {
        let mut state = self.state.lock();
        // Bound, so that what is not kept is dropped after the lock.
        let _unwanted = if state.has_last() { state.kept.replace(what) } else { Some(what) };
        drop(state);
    }

    /// What was kept, once it is not needed any more. To be asked by each thread that leaves the crew.
    pub(crate) fn take_kept(&self) -> Option<Kept> {
        let mut state = self.state.lock();
        if state.has_last() { None } else { state.kept.take() }
    }

    /// A tick has passed: work and nested calls that waited for one go to another thread, and so does the reading role.
    /// Whether the next tick matters too.
    pub(crate) fn tick(&self, now: Time) -> (Calls, bool) {
        let mut state = self.state.lock();
        let mut calls = Calls { wake: state.wake_late(now), ..Calls::default() };
        if state.free_nested() {
            calls.helper |= state.call_crew();
        }
        let has_work = state.has_piece(self.busy_max);
        if has_work && std::mem::replace(&mut state.looked.work, has_work) {
            calls.helper |= state.call_crew();
        }
        state.looked.work = has_work;
        let is_quiet = state.looked.taken == state.taken;
        let is_free = state.reading.is_none() && state.end.is_none();
        // Free again, at two looks in a row: by callers, if none came in between; by a crew at work, in any case.
        if is_free && state.looked.free && (is_quiet || !state.left_free) {
            calls.helper |= state.call_crew_to_read();
        }
        state.looked.free = is_free;
        state.looked.taken = state.taken;
        state.looked.quiet = if is_quiet { state.looked.quiet + 1 } else { 0 };
        let nested = state.seats.iter().any(|seat| !seat.nested.is_empty() || seat.wish.until.is_some())
            || !state.early.is_empty();
        let more = is_free || has_work || nested || (state.looked.quiet < QUIET_TICKS && state.end.is_none());
        (calls, more)
    }
}

/// Waits on the seat's signal; whether in vain, for as long as such a thread waits in one go.
fn park<'a, W>(mut state: MutexGuard<'a, State<W>>, key: u64) -> (MutexGuard<'a, State<W>>, bool) {
    let mut late = false;
    if let Some(seat) = state.seats.iter_mut().rfind(|seat| seat.key == key) {
        seat.at = At::Parked;
        let (signal, looks) = (seat.signal.get_or_insert_default().clone(), seat.wish.looks);
        match looks {
            true => late = signal.wait_for(&mut state, LOOK_EVERY).timed_out(),
            false => signal.wait(&mut state),
        }
    }
    (state, late)
}
