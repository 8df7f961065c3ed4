//! The hub of one session: its lock, what goes in and out through it, and who drives it.

use std::any::Any;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::{Mutex, RwLock};

use crate::batch::Batch;
use crate::clock::Time;
use crate::drive::backlog::Backlog;
pub(crate) use crate::drive::contract::{Awaited, Drive};
use crate::drive::dispatching::Dispatching;
use crate::drive::events::Events;
use crate::drive::lanes::{ForwardLanes, present_lane};
use crate::drive::let_go::LetGo;
use crate::drive::wakers::Wakers;
use crate::drive::work::{Listener, Work};
use crate::error::Error;
use crate::host::Own;
use crate::interrupt;
use crate::node::Node;
use crate::notice::Notice;
use crate::session::{
    CallSpec, EndReason, Event, Job, Packer, Session, SessionConfig, Settled, Settlement, Terms, Trash,
};
use crate::shape::{Category, Shape};
use crate::table::{Handle, Id, Origin, ShapeCell};
use crate::value::Value;

/// One session, locked, with whoever drives it.
pub(crate) struct Hub {
    me: Weak<Hub>,
    number: u64,
    node: Node,
    session: Mutex<Session>,
    /// Ids whose last handle was dropped.
    let_go: LetGo,
    /// Whether the session has events: looked at without a lock.
    has_events: AtomicBool,
    pub(crate) lanes: ForwardLanes,
    pub(super) backlog: Backlog,
    /// Told, once, when a question is settled or has items.
    listeners: Mutex<HashMap<Id, Vec<Listener>>>,
    /// Futures, woken when a question is settled or has items.
    pub(super) wakers: Wakers,
    /// Whether the ticker looks at it.
    pub(crate) ticking: AtomicBool,
    driver: Box<dyn Drive>,
}

impl Hub {
    pub(crate) fn new(node: &Node, driver: Box<dyn Drive>, carrier_frame_len_max: usize) -> Arc<Self> {
        let number = crate::forked::number_session();
        Arc::new_cyclic(|me: &Weak<Hub>| {
            let session = Session::new(SessionConfig {
                number,
                nonce: node.nonce(),
                limits: node.limits().clone(),
                carrier_frame_len_max,
                runtime: node.runtime_name().into(),
                value_types: node.value_types(),
                origin: me.clone(),
            });
            Self {
                me: me.clone(),
                number,
                node: node.clone(),
                session: Mutex::new(session),
                let_go: LetGo::default(),
                has_events: AtomicBool::new(false),
                lanes: ForwardLanes::default(),
                backlog: Backlog::default(),
                listeners: Mutex::default(),
                wakers: Wakers::default(),
                ticking: AtomicBool::new(false),
                driver,
            }
        })
    }

    /// The hub that a handle is held from.
    pub(crate) fn of(handle: &Handle) -> Option<Arc<Self>> {
        handle.origin().as_any().downcast().ok()
    }

    pub(crate) fn weak(&self) -> Weak<Self> {
        self.me.clone()
    }

    pub(super) fn strong(&self) -> Option<Arc<Self>> {
        self.me.upgrade()
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn driver(&self) -> &dyn Drive {
        &*self.driver
    }

    /// The lane of whoever calls.
    pub(crate) fn lane(&self) -> u64 {
        present_lane(|| self.driver.present_task())
    }

    pub(crate) fn now(&self) -> Time {
        self.node.now()
    }

    /// Borrows the session. What it lets go is dropped after the lock, since that may run the user's code.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Session) -> R) -> R {
        self.with_trash(act).0
    }

    /// As [`Self::with`]; what the session lets go is the caller's to drop.
    pub(crate) fn with_trash<R>(&self, act: impl FnOnce(&mut Session) -> R) -> (R, Vec<Trash>) {
        let mut session = self.session.lock();
        // Taken within the lock: whoever asks what is due finds it in one place or the other.
        if !self.let_go.is_empty() {
            self.let_go.take().into_iter().for_each(|id| session.let_go(id));
        }
        let result = act(&mut session);
        let trash = session.take_trash();
        let room_came = session.take_room_came();
        if session.has_events() {
            self.has_events.store(true, Ordering::Release);
        }
        drop(session);
        if room_came {
            self.driver.room_came();
        }
        (result, trash)
    }

    /// When time must be told, or what was let go noted: now, later, or never. Nothing is touched.
    pub(crate) fn due(&self) -> Option<Time> {
        if !self.let_go.is_empty() {
            return Some(Time::ZERO);
        }
        let due = self.session.lock().poll_time();
        [due, self.backlog.due()].into_iter().flatten().min()
    }

    /// Acts on all that the session has to say; whether what had waited for room was queued by that, and is to leave.
    #[inline]
    pub(crate) fn dispatch(self: &Arc<Self>) -> bool {
        (self.has_events.load(Ordering::Acquire) || self.backlog.was_used()) && self.act_on_events()
    }

    fn act_on_events(self: &Arc<Self>) -> bool {
        let at_once = self.driver.works_at_once();
        let within = if at_once { Dispatching::enter(self.number) } else { None };
        if at_once && within.is_none() {
            return false;
        }
        let mut more = self.has_events.swap(false, Ordering::AcqRel);
        while more {
            let events = self.with(|session| Events::poll(session, !at_once));
            more = events.first.is_some();
            self.act_on_all(events);
        }
        self.retry_backlog()
    }

    fn act_on_all(self: &Arc<Self>, events: Events) {
        if events.has_end() {
            let in_order = matches!(self.session.lock().ended(), Some(EndReason::PeerClosed(_)));
            self.driver.ending(self, in_order);
        }
        if let Some(first) = events.first {
            self.act_on(first);
        }
        events.others.into_iter().for_each(|event| self.act_on(event));
    }

    /// Takes in what arrived, or that nothing did, on a thread that has the reading role: what is to be dropped or done
    /// is left to others, since it may be the user's.
    pub(crate) fn take_in<R>(self: &Arc<Self>, act: impl FnOnce(&mut Session) -> R) -> (R, Vec<Trash>) {
        let mut session = self.session.lock();
        let result = act(&mut session);
        let events = session.has_events().then(|| Events::poll(&mut session, true));
        let trash = session.take_trash();
        let room_came = session.take_room_came();
        drop(session);
        if room_came {
            self.driver.room_came();
        }
        if let Some(events) = events {
            self.act_on_all(events);
        }
        (result, trash)
    }

    /// Lets what is due take effect, and leave.
    pub(crate) fn tell_time(self: &Arc<Self>) {
        let now = self.now();
        self.with(|session| session.handle_time(now));
        self.kick();
    }

    /// Whether a thread is about to wait for a question.
    pub(crate) fn is_about_to_wait(&self, question: Id) -> bool {
        self.session.lock().is_about_to_wait(question)
    }

    /// Whether the session is over.
    pub(crate) fn is_over(&self) -> bool {
        self.session.lock().ended().is_some()
    }

    /// Whether calls or results wait for room.
    pub(crate) fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    fn act_on(self: &Arc<Self>, event: Event) {
        match event {
            Event::Greeted => self.notice(|session| {
                Some(Notice::Opened { session: self.number, runtime: session.terms().runtime.clone() })
            }),
            Event::Run(job) => self.driver.take_work(self, Work::Job(job)),
            Event::Done(done, settled) => self.driver.take_work(self, Work::Done(done, settled)),
            Event::Settled(id) => {
                self.driver.told(id);
                self.wakers.wake(id);
                self.tell_listeners(id);
            }
            Event::Stop(flag) => self.driver.take_work(self, Work::Stop(flag)),
            Event::Pull(answer) => self.driver.take_work(self, Work::Pull(answer)),
            Event::Ended => self.end(),
        }
    }

    /// Which calls that have not begun still run when the session is over: those that want no answer, if the peer closed
    /// it in order. The rest is dropped.
    pub(crate) fn jobs_after_end(&self, jobs: VecDeque<Box<Job>>) -> VecDeque<Box<Job>> {
        let in_order = self.with(|session| matches!(session.ended(), Some(EndReason::PeerClosed(_))));
        jobs.into_iter().filter(|job| in_order && job.one_way).collect()
    }

    fn end(self: &Arc<Self>) {
        let listeners = std::mem::take(&mut *self.listeners.lock());
        let results = self.backlog.take_results();
        if !results.is_empty() {
            self.driver.take_work(self, Work::Task(Box::new(move || drop(results))));
        }
        listeners.into_values().flatten().for_each(|listener| self.driver.take_work(self, Work::Tell(listener)));
        self.wakers.wake_all();
        self.notice(|session| {
            session.ended().map(|reason| Notice::Ended { session: self.number, reason: reason.clone() })
        });
        self.driver.ended(self);
    }

    /// Has the hooks told, where user code may run.
    fn notice(self: &Arc<Self>, notice: impl FnOnce(&Session) -> Option<Notice>) {
        if !self.node.hooks().are_wanted() {
            return;
        }
        // Looked at only: what it lets go may be the user's, and this may be the thread that reads.
        let notice = notice(&self.session.lock());
        if let Some(notice) = notice {
            let node = self.node.clone();
            self.driver.take_work(self, Work::Task(Box::new(move || node.hooks().tell(&notice))));
        }
    }

    fn tell_listeners(self: &Arc<Self>, id: Id) {
        let told = {
            let mut listeners = self.listeners.lock();
            if listeners.is_empty() { None } else { listeners.remove(&id) }
        };
        let Some(told) = told else { return };
        told.into_iter().for_each(|listener| self.driver.take_work(self, Work::Tell(listener)));
    }

    /// Looks for news of a question; if there are none yet, `listener` is told, once, when there are.
    pub(crate) fn look_or_listen<R>(
        &self,
        id: Id,
        look: impl Fn(&mut Session) -> Option<R>,
        listener: impl FnOnce() + Send + 'static,
    ) -> Option<R> {
        if let Some(news) = self.with(&look) {
            return Some(news);
        }
        let listener = Listener::new(listener);
        self.listeners.lock().entry(id).or_default().push(listener.clone());
        // Once more: news may have come, and been told, in between.
        let news = self.with(look)?;
        listener.take_back();
        if let Entry::Occupied(mut listeners) = self.listeners.lock().entry(id) {
            listeners.get_mut().retain(|other| !other.is(&listener));
            if listeners.get().is_empty() {
                listeners.remove();
            }
        }
        Some(news)
    }

    /// Acts on what the session has to say, and lets what is ready leave.
    pub(crate) fn kick(self: &Arc<Self>) {
        self.dispatch();
        self.driver.kick(self);
    }

    /// Makes values ready to leave by this session.
    pub(crate) fn pack<R>(&self, pack: impl FnOnce(&Packer<'_>) -> R) -> R {
        let terms = self.session.lock().terms().clone();
        self.pack_for(&terms, pack)
    }

    /// As [`Self::pack`], for a peer that has told this.
    fn pack_for<R>(&self, terms: &Terms, pack: impl FnOnce(&Packer<'_>) -> R) -> R {
        let adopt = |handle: &Handle| match handle.passed_on_as() {
            Some(own) => own.clone(),
            None => Own::from_arc(Arc::new(super::forward::Adopted::new(handle.clone()))),
        };
        pack(&Packer { session: self.number, terms, limits: self.node.limits(), adopt: &adopt })
    }

    /// Makes a call as soon as there is room, waiting for that if there is none.
    pub(crate) fn call_when_room(self: &Arc<Self>, mut spec: CallSpec, awaited: bool) -> Result<Id, Error> {
        if awaited {
            interrupt::check()?;
        }
        self.greet_for(&spec)?;
        let batch = Batch::of_thread(self.number);
        loop {
            let now = self.now();
            let made = self.with(|session| {
                session.handle_time(now);
                let made = session.call_if_room(&mut spec);
                if let (true, Ok(Some(id))) = (awaited, &made) {
                    session.await_question(*id);
                    session.will_wait(*id);
                    batch.into_iter().for_each(|batch| session.flush_batch(batch));
                }
                made
            });
            if let Some(id) = made? {
                return Ok(id);
            }
            // The calls of a batch that fills all room must leave before there can be any.
            self.with(|session| batch.into_iter().for_each(|batch| session.flush_batch(batch)));
            let nested = spec.chain.as_ref().is_some_and(|chain| chain.served_in(self.number).is_some());
            let until = spec.deadline;
            let is_late = || until.is_some_and(|until| until <= self.now());
            let has_room =
                &mut |session: &mut Session| session.has_room(nested) || session.ended().is_some() || is_late();
            self.driver.wait(self, Awaited::Room(until), has_room)?;
            if is_late() {
                return Err(Error::Deadline("before the call could be sent".into()));
            }
        }
    }

    /// The handle of a promise that was just made; dropping it releases the answer.
    pub(crate) fn promise_handle(self: &Arc<Self>, id: Id) -> Handle {
        Handle::new(id, self.clone(), promise_shape(), None)
    }

    /// Gives a call its result now, and lets that leave; whether the queue had room for it. If not, the result comes back.
    pub(crate) fn settle_if_room(
        self: &Arc<Self>,
        answer: Id,
        result: Result<Value, Error>,
    ) -> Result<(), Result<Value, Error>> {
        if let Ok(Value::None) = result {
            // It needs no packing.
            let mut has_room = false;
            self.driver.act_and_kick(self, &mut |session| {
                has_room = session.has_queue_room();
                if has_room {
                    session.settle(answer, Settlement::nothing());
                }
            });
            return if has_room { Ok(()) } else { Err(result) };
        }
        let terms = {
            let session = self.session.lock();
            if !session.has_queue_room() {
                return Err(result);
            }
            session.terms().clone()
        };
        let result = result.map_err(|error| self.node.as_told(error));
        let mut settlement = Some(self.pack_for(&terms, |packer| packer.settlement(result)));
        self.driver.act_and_kick(self, &mut |session| {
            settlement.take().into_iter().for_each(|settlement| session.settle(answer, settlement));
        });
        Ok(())
    }

    /// Waits for a question and takes its result.
    pub(crate) fn wait_settled(self: &Arc<Self>, awaited: Awaited) -> Settled {
        let Some(id) = awaited.question() else { return Err(Error::Stopped) };
        let mut settled = None;
        let is_late = || awaited.until().is_some_and(|until| until <= self.now());
        let waited = self.driver.wait(self, awaited, &mut |session| {
            settled = session.take_settled(id);
            settled.is_some() || is_late()
        });
        if let Err(error) = waited {
            // One that may not wait here was refused, and is not to run all the same.
            let given_up = matches!(error, Error::Interrupted | Error::Misuse(_));
            match awaited {
                // Others may wait for it, and whoever holds it may do so again.
                Awaited::Promise(..) if given_up => {}
                _ if given_up => {
                    self.with(|session| {
                        session.stop_question(id);
                        session.abandon_question(id);
                    });
                    self.kick();
                }
                _ => self.with(|session| session.abandon_question(id)),
            }
            return Err(error);
        }
        let late = || Error::Deadline("waiting for the result of a promise".into());
        settled.unwrap_or_else(|| Err(if awaited.until().is_some() { late() } else { Error::Stopped }))
    }

    /// Waits for a question and decodes its result.
    pub(crate) fn wait_value(self: &Arc<Self>, awaited: Awaited) -> Result<Value, Error> {
        self.wait_settled(awaited)?.value(self.node.limits())
    }
}

/// The shape that a promise wears until it is known what comes.
fn promise_shape() -> ShapeCell {
    // Constant data, the same for every session.
    static SHAPE: LazyLock<ShapeCell> =
        LazyLock::new(|| Arc::new(RwLock::new(Arc::new(Shape::new("wherever:promise", Category::Promise).open()))));
    SHAPE.clone()
}

impl Drop for Hub {
    fn drop(&mut self) {
        let now = self.node.now();
        let session = self.session.get_mut();
        let was_over = session.ended().is_some();
        session.close("nothing refers to it any more");
        let last_frames: Vec<_> = std::iter::from_fn(|| session.poll_frame(now)).collect();
        let trash = session.take_trash();
        let reason = if was_over { None } else { session.ended().cloned() };
        self.driver.hang_up(&last_frames);
        self.driver.drop_last(trash);
        if let Some(reason) = reason.filter(|_| self.node.hooks().are_wanted()) {
            self.node.hooks().tell(&Notice::Ended { session: self.number, reason });
        }
    }
}

impl Origin for Hub {
    fn let_go(&self, id: Id) {
        if self.let_go.push(id) {
            self.driver.let_go(self);
        }
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn session_number(&self) -> u64 {
        self.number
    }
}
