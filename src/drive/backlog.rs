//! Calls and results that found no room, in the order in which they came.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::batch::Batch;
use crate::clock::Time;
use crate::context::CallContext;
use crate::drive::hub::Hub;
use crate::drive::work::{Listener, Work};
use crate::error::Error;
use crate::session::CallSpec;
use crate::table::Id;
use crate::value::Value;

/// What found no room.
#[derive(Default)]
pub(crate) struct Backlog {
    /// Calls nested in one of the peer's. A line of their own: the others may be waiting for what these bring to an end.
    nested: Mutex<Line>,
    /// All other calls.
    plain: Mutex<Line>,
    /// Results, where their thread could not wait for room.
    results: Mutex<VecDeque<(Id, Result<Value, Error>)>>,
    /// Whether anything ever was kept: most sessions never do, and look no further.
    was_used: AtomicBool,
}

/// Calls, one behind the other.
#[derive(Default)]
struct Line {
    calls: VecDeque<KeptBack>,
    /// Somebody is making one of them: all others wait behind it.
    busy: bool,
}

/// A call to be made when there is room.
struct KeptBack {
    spec: Box<CallSpec>,
    /// The call that it is stopped with.
    made_for: Option<CallContext>,
    place: Option<Arc<Place>>,
}

/// Where it is told what became of a call that is made as soon as there is room.
pub(crate) struct Place {
    /// What is wanted of the call.
    wanted: Wanted,
    state: Mutex<Placed>,
}

/// What whoever makes a call wants of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Its result, or its items: unless they are wanted, it is stopped.
    Result,
    /// A promise of its result.
    Promise,
    /// That it is made.
    Nothing,
}

enum Placed {
    Waiting(Option<Listener>),
    Made(Result<Id, Error>),
    /// Nobody wants the call any more, or its id was taken.
    GivenUp,
}

impl Place {
    pub(crate) fn new(wanted: Wanted) -> Arc<Self> {
        Arc::new(Self { wanted, state: Mutex::new(Placed::Waiting(None)) })
    }

    /// What became of the call, once; until then `listener` is told instead of whoever was to be told before.
    pub(crate) fn take(&self, listener: impl FnOnce() + Send + 'static) -> Option<Result<Id, Error>> {
        let mut state = self.state.lock();
        match &mut *state {
            Placed::Waiting(told) => {
                let before = told.replace(Listener::new(listener));
                drop(state);
                drop(before);
                None
            }
            Placed::GivenUp => Some(Err(Error::Stopped)),
            Placed::Made(made) => {
                let made = made.clone();
                *state = Placed::GivenUp;
                Some(made)
            }
        }
    }

    fn is_awaited(&self) -> bool {
        self.wanted == Wanted::Result
    }

    fn is_given_up(&self) -> bool {
        matches!(&*self.state.lock(), Placed::GivenUp)
    }
}

impl Backlog {
    /// Whether anything ever was kept.
    pub(super) fn was_used(&self) -> bool {
        self.was_used.load(Ordering::Acquire)
    }

    fn line(&self, nested: bool) -> &Mutex<Line> {
        if nested { &self.nested } else { &self.plain }
    }

    /// Takes the results that wait, when nobody can be told of them any more.
    pub(crate) fn take_results(&self) -> VecDeque<(Id, Result<Value, Error>)> {
        std::mem::take(&mut *self.results.lock())
    }

    pub(crate) fn is_empty(&self) -> bool {
        if !self.was_used.load(Ordering::Acquire) {
            return true;
        }
        let is_empty = |line: &Mutex<Line>| line.lock().calls.is_empty();
        is_empty(&self.nested) && is_empty(&self.plain) && self.results.lock().is_empty()
    }

    /// The earliest deadline of a call that waits here.
    pub(crate) fn due(&self) -> Option<Time> {
        if !self.was_used.load(Ordering::Acquire) {
            return None;
        }
        let first = |line: &Mutex<Line>| line.lock().calls.iter().filter_map(|kept| kept.spec.deadline).min();
        [&self.nested, &self.plain].into_iter().filter_map(first).min()
    }

    /// Takes out the calls that nobody wants any more at this time.
    fn take_late(&self, now: Time) -> Vec<KeptBack> {
        let is_late = |kept: &KeptBack| kept.spec.deadline.is_some_and(|deadline| deadline <= now);
        let take = |line: &Mutex<Line>| {
            let calls = &mut line.lock().calls;
            if !calls.iter().any(is_late) {
                return VecDeque::new();
            }
            let (late, rest) = std::mem::take(calls).into_iter().partition(is_late);
            *calls = rest;
            late
        };
        [&self.nested, &self.plain].into_iter().flat_map(take).collect()
    }

    /// Takes out the call that was to be told of at this place.
    fn take_placed(&self, place: &Arc<Place>) -> Option<KeptBack> {
        [&self.nested, &self.plain].into_iter().find_map(|line| {
            let mut line = line.lock();
            let is_it = |kept: &KeptBack| kept.place.as_ref().is_some_and(|other| Arc::ptr_eq(other, place));
            let at = line.calls.iter().position(is_it)?;
            line.calls.remove(at)
        })
    }
}

impl KeptBack {
    fn is_unwanted(&self) -> bool {
        self.made_for.as_ref().is_some_and(CallContext::is_stopped)
            || self.place.as_ref().is_some_and(|place| place.is_given_up())
    }
}

impl Hub {
    /// Makes a call whose continuation is in it; one that finds no room waits without holding anybody up. It is stopped
    /// with the call that it is made for.
    pub(crate) fn call_or_queue(
        self: &Arc<Self>,
        spec: CallSpec,
        made_for: Option<&CallContext>,
    ) -> Result<Option<Id>, Error> {
        self.make_or_keep(KeptBack { spec: Box::new(spec), made_for: made_for.cloned(), place: None })
    }

    /// Makes a call; one that finds no room waits without holding anybody up, and the place tells when it was made.
    pub(crate) fn call_or_place(self: &Arc<Self>, spec: CallSpec, place: &Arc<Place>) -> Result<Option<Id>, Error> {
        self.make_or_keep(KeptBack { spec: Box::new(spec), made_for: None, place: Some(place.clone()) })
    }

    /// Nobody waits for a placed call any more: it is not made, or stopped.
    pub(crate) fn give_up_place(self: &Arc<Self>, place: &Arc<Place>) {
        let before = std::mem::replace(&mut *place.state.lock(), Placed::GivenUp);
        match before {
            Placed::Waiting(_) => drop(self.backlog.take_placed(place)),
            Placed::Made(Ok(id)) => self.unwanted(id, place.wanted),
            Placed::Made(Err(_)) | Placed::GivenUp => {}
        }
    }

    /// A call was made when nobody wanted it any more.
    fn unwanted(self: &Arc<Self>, id: Id, wanted: Wanted) {
        match wanted {
            Wanted::Result => self.stop_and_forget(id),
            Wanted::Promise => drop(self.promise_handle(id)),
            Wanted::Nothing => {}
        }
    }

    /// Stops a call whose result nobody waits for any more.
    pub(crate) fn stop_and_forget(self: &Arc<Self>, id: Id) {
        self.with(|session| {
            session.stop_question(id);
            session.abandon_question(id);
        });
        self.kick();
    }

    fn make_or_keep(self: &Arc<Self>, kept: KeptBack) -> Result<Option<Id>, Error> {
        let nested = kept.spec.chain.as_ref().is_some_and(|chain| chain.served_in(self.number()).is_some());
        let batch = kept.place.as_ref().and_then(|_| Batch::of_thread(self.number()));
        let awaited = kept.place.as_ref().is_some_and(|place| place.is_awaited());
        let made = {
            let mut line = self.backlog.line(nested).lock();
            if line.busy || !line.calls.is_empty() {
                self.backlog.was_used.store(true, Ordering::Release);
                line.calls.push_back(kept);
                Ok(None)
            } else {
                line.busy = true;
                drop(line);
                self.make(nested, kept)
            }
        };
        // The calls of a batch that fills all room must leave before there can be any; and whoever waits, waits for them.
        if matches!(made, Ok(None)) || awaited {
            self.with(|session| batch.into_iter().for_each(|batch| session.flush_batch(batch)));
        }
        made
    }

    /// Makes the call of a line that is busy with it; if there is no room, it is kept back as the first.
    fn make(self: &Arc<Self>, nested: bool, kept: KeptBack) -> Result<Option<Id>, Error> {
        let KeptBack { mut spec, made_for, place } = kept;
        let (now, awaited) = (self.now(), place.as_ref().is_some_and(|place| place.is_awaited()));
        let made = self.with(|session| {
            session.handle_time(now);
            let made = session.call_if_room(&mut spec);
            if let (true, Ok(Some(id))) = (awaited, &made) {
                session.await_question(*id);
            }
            made
        });
        let mut line = self.backlog.line(nested).lock();
        line.busy = false;
        match made? {
            Some(id) => {
                drop(line);
                self.stop_with(id, made_for.as_ref());
                Ok(Some(id))
            }
            None => {
                self.backlog.was_used.store(true, Ordering::Release);
                line.calls.push_front(KeptBack { spec, made_for, place });
                Ok(None)
            }
        }
    }

    fn stop_with(self: &Arc<Self>, id: Id, made_for: Option<&CallContext>) {
        let weak = Arc::downgrade(self);
        let stop = move || {
            if let Some(hub) = weak.upgrade() {
                hub.with(|session| session.stop_question(id));
                hub.kick();
            }
        };
        made_for.into_iter().for_each(|context| context.on_stop(stop.clone()));
    }

    /// Makes the calls, and returns the results, that there is room for now; whether there were any.
    pub(crate) fn retry_backlog(self: &Arc<Self>) -> bool {
        if self.backlog.is_empty() {
            return false;
        }
        let mut any = self.retry_results();
        for late in self.backlog.take_late(self.now()) {
            self.refuse(late, Error::Deadline("before the call could be sent".into()));
        }
        [true, false].into_iter().for_each(|nested| any |= self.retry_line(nested));
        any
    }

    fn refuse(self: &Arc<Self>, mut kept: KeptBack, error: Error) {
        if let Some(done) = kept.spec.done.take() {
            self.driver().take_work(self, Work::Done(done, Err(error.clone())));
        }
        self.tell_place(kept.place.take(), Err(error));
    }

    fn retry_line(self: &Arc<Self>, nested: bool) -> bool {
        let mut any = false;
        loop {
            let kept = {
                let mut line = self.backlog.line(nested).lock();
                // Whoever is at it looks again when it is done.
                if line.busy {
                    return any;
                }
                let Some(first) = line.calls.pop_front() else { return any };
                line.busy = true;
                first
            };
            let refused = match kept.is_unwanted() {
                true => Err(Error::Stopped),
                false => self.with(|session| session.check_call(&kept.spec)),
            };
            if let Err(error) = refused {
                self.backlog.line(nested).lock().busy = false;
                self.refuse(kept, error);
                continue;
            }
            let place = kept.place.clone();
            match self.make(nested, kept) {
                Ok(Some(id)) => {
                    any = true;
                    self.tell_place(place, Ok(id));
                }
                // Room that came while it was tried is not told of again.
                Ok(None) if self.with(|session| session.has_room(nested)) => {}
                Ok(None) => return any,
                // The session ended just now; its continuation is gone, and says so.
                Err(error) => self.tell_place(place, Err(error)),
            }
        }
    }

    fn tell_place(self: &Arc<Self>, place: Option<Arc<Place>>, made: Result<Id, Error>) {
        let Some(place) = place else { return };
        let mut state = place.state.lock();
        match &mut *state {
            Placed::Waiting(listener) => {
                let listener = listener.take();
                *state = Placed::Made(made);
                drop(state);
                listener.into_iter().for_each(|listener| self.driver().take_work(self, Work::Tell(listener)));
            }
            Placed::Made(_) | Placed::GivenUp => {
                drop(state);
                made.into_iter().for_each(|id| self.unwanted(id, place.wanted));
            }
        }
    }

    /// Keeps a result until the queue has room for it.
    pub(crate) fn keep_result(self: &Arc<Self>, answer: Id, result: Result<Value, Error>) {
        self.backlog.was_used.store(true, Ordering::Release);
        self.backlog.results.lock().push_back((answer, result));
        self.retry_results();
    }

    fn retry_results(self: &Arc<Self>) -> bool {
        let mut any = false;
        loop {
            if self.backlog.results.lock().is_empty() || !self.with(|session| session.has_queue_room()) {
                return any;
            }
            let Some((answer, result)) = self.backlog.results.lock().pop_front() else { return any };
            any = true;
            let result = result.map_err(|error| self.node().as_told(error));
            let settlement = self.pack(|packer| packer.settlement(result));
            self.with(|session| session.settle(answer, settlement));
        }
    }
}
