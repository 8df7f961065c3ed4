//! The hub of one session: its lock, what goes in and out through it, and who drives it.

use std::any::Any;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::{Mutex, RwLock};
use smallvec::SmallVec;

use crate::batch::Batch;
use crate::clock::Time;
use crate::context::{CallContext, ReplyTo};
use crate::drive::dispatching::Dispatching;
use crate::drive::held;
use crate::drive::lanes::ForwardLanes;
use crate::drive::work::{Listener, Work};
use crate::error::Error;
use crate::host::{Operation, Own};
use crate::limits::Told;
use crate::node::Node;
use crate::session::{CallSpec, EndReason, Event, Job, Packer, Refusal, Session, SessionConfig, Settled, Target};
use crate::shape::{Category, Shape};
use crate::table::{Handle, Id, Origin, ShapeCell};
use crate::value::Value;

/// What a driver does for its hub.
pub(crate) trait Drive: Send + Sync {
    /// Work is ready: do it, or keep it until somebody can.
    fn take_work(&self, hub: &Arc<Hub>, work: Work);

    /// Whether [`Self::take_work`] does what is no job at once. Then events are acted on one by one, since each may lead
    /// to others.
    fn works_at_once(&self) -> bool {
        true
    }

    /// A question is settled, or has items: whoever waits for it looks.
    fn told(&self, id: Id) {
        let _ = id;
    }

    /// There may be room for what waited for it.
    fn room_came(&self) {}

    /// Waits until the queue has room for a result; whether it could wait.
    fn make_room(&self, hub: &Arc<Hub>) -> bool {
        let _ = hub;
        true
    }

    /// Something may be ready to be sent.
    fn kick(&self, hub: &Arc<Hub>);

    /// Waits until `done` says so, serving what must be served meanwhile.
    fn wait(&self, hub: &Arc<Hub>, awaited: Awaited, done: &mut dyn FnMut(&mut Session) -> bool) -> Result<(), Error>;

    /// Takes the tick: what is due leaves, what has arrived is served, as far as that needs no waiting.
    fn poll(&self, hub: &Arc<Hub>) -> Result<(), Error>;

    /// Serves the peer until the session is over.
    fn serve(&self, hub: &Arc<Hub>) -> Result<(), Error>;

    /// Whether whoever forwards a call must wait here for it, since nobody else will.
    fn waits_in_line(&self) -> bool;

    /// Nothing refers to the session any more: these frames are the last.
    fn hang_up(&self, last_frames: &[Vec<u8>]);

    /// A tick has passed; whether the next one matters too. Called on the ticker's thread: it only calls others.
    fn tick(&self, hub: &Arc<Hub>, now: Time) -> bool {
        let _ = (hub, now);
        false
    }

    /// The session is over: the carrier can be closed.
    fn ended(&self, hub: &Arc<Hub>);
}

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// News of a question that nobody else can settle.
    Call(Id),
    /// News of a question that others may settle: its promise is theirs too.
    Promise(Id),
    /// Room for a call, or for a result.
    Room,
}

/// One session, locked, with whoever drives it.
pub(crate) struct Hub {
    me: Weak<Hub>,
    number: u64,
    node: Node,
    session: Mutex<Session>,
    /// Ids whose last handle was dropped. A lock of its own, so that dropping a proxy waits for nothing.
    let_go: Mutex<BTreeSet<Id>>,
    pub(crate) lanes: ForwardLanes,
    backlog: Mutex<Backlog>,
    /// Told, once, when a question is settled or has items.
    listeners: Mutex<HashMap<Id, Vec<Listener>>>,
    /// Whether the ticker looks at it.
    pub(crate) ticking: AtomicBool,
    driver: Box<dyn Drive>,
}

/// What found no room, in the order in which it came.
#[derive(Default)]
struct Backlog {
    calls: VecDeque<KeptBack>,
    /// Somebody is making one of them: all others wait behind it.
    busy: bool,
    /// Results that found no room, where their thread could not wait for it.
    results: VecDeque<(Id, Result<Value, Error>)>,
}

/// A forwarded call that found no room, and the call that it is forwarded for.
type KeptBack = (Box<CallSpec>, Option<CallContext>);

/// Numbers sessions apart within the process, so that a handle is never taken for one of another session.
static SESSIONS: AtomicU64 = AtomicU64::new(1);

impl Hub {
    pub(crate) fn new(node: &Node, driver: Box<dyn Drive>, carrier_frame_len_max: usize) -> Arc<Self> {
        let number = SESSIONS.fetch_add(1, Ordering::Relaxed);
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
                let_go: Mutex::default(),
                lanes: ForwardLanes::default(),
                backlog: Mutex::default(),
                listeners: Mutex::default(),
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

    fn strong(&self) -> Option<Arc<Self>> {
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

    pub(crate) fn now(&self) -> Time {
        self.node.now()
    }

    /// Borrows the session. What it lets go is dropped after the lock, since that may run the user's code.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Session) -> R) -> R {
        let let_go = std::mem::take(&mut *self.let_go.lock());
        let mut session = self.session.lock();
        let_go.into_iter().for_each(|id| session.let_go(id));
        let result = act(&mut session);
        let trash = session.take_trash();
        let room_came = session.take_room_came();
        drop(session);
        drop(trash);
        if room_came {
            self.driver.room_came();
        }
        result
    }

    /// When time must be told, or what was let go noted: now, later, or never. Nothing is touched.
    pub(crate) fn due(&self) -> Option<Time> {
        let let_go = !self.let_go.lock().is_empty();
        if let_go { Some(Time::ZERO) } else { self.session.lock().poll_time() }
    }

    /// Acts on all that the session has to say.
    pub(crate) fn dispatch(self: &Arc<Self>) {
        let at_once = self.driver.works_at_once();
        let within = if at_once { Dispatching::enter(self.number) } else { None };
        if at_once && within.is_none() {
            return;
        }
        loop {
            let count = if at_once { 1 } else { usize::MAX };
            let take = |session: &mut Session| std::iter::from_fn(|| session.poll_event()).take(count).collect();
            let events: SmallVec<[Event; 2]> = self.with(take);
            if events.is_empty() {
                break;
            }
            events.into_iter().for_each(|event| self.act_on(event));
        }
        self.retry_backlog();
    }

    fn act_on(self: &Arc<Self>, event: Event) {
        match event {
            Event::Run(job) => self.driver.take_work(self, Work::Job(job)),
            Event::Done(done, settled) => self.driver.take_work(self, Work::Done(done, settled)),
            Event::Settled(id) => {
                self.driver.told(id);
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
        let results = std::mem::take(&mut self.backlog.lock().results);
        drop(results);
        listeners.into_values().flatten().for_each(|listener| self.driver.take_work(self, Work::Tell(listener)));
        self.driver.ended(self);
    }

    fn tell_listeners(self: &Arc<Self>, id: Id) {
        let listeners = self.listeners.lock().remove(&id);
        for listener in listeners.into_iter().flatten() {
            self.driver.take_work(self, Work::Tell(listener));
        }
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
        let terms = self.with(|session| session.terms().clone());
        let adopt = |handle: &Handle| Own::from_arc(Arc::new(super::forward::Adopted::new(handle.clone())));
        pack(&Packer { session: self.number, terms: &terms, limits: self.node.limits(), adopt: &adopt })
    }

    /// Makes a call as soon as there is room, waiting for that if there is none.
    pub(crate) fn call_when_room(self: &Arc<Self>, spec: CallSpec, awaited: bool) -> Result<Id, Error> {
        self.greet_for(&spec)?;
        let mut spec = Box::new(spec);
        let batch = Batch::of_thread(self.number);
        loop {
            let now = self.now();
            let made = self.with(|session| {
                session.handle_time(now);
                let id = session.call(*spec)?;
                if awaited {
                    session.await_question(id);
                    batch.into_iter().for_each(|batch| session.flush_batch(batch));
                }
                Ok(id)
            });
            match made {
                Ok(id) => return Ok(id),
                Err(Refusal::Failed(error)) => return Err(error),
                Err(Refusal::Full(back)) => spec = back,
            }
            // The calls of a batch that fills all room must leave before there can be any.
            self.with(|session| batch.into_iter().for_each(|batch| session.flush_batch(batch)));
            let nested = spec.chain.as_ref().is_some_and(|chain| chain.served_in(self.number).is_some());
            let has_room = &mut |session: &mut Session| session.has_room(nested) || session.ended().is_some();
            self.driver.wait(self, Awaited::Room, has_room)?;
        }
    }

    /// A call larger than the floor allows waits for the peer's HELLO, which a no-op call brings.
    fn greet_for(self: &Arc<Self>, spec: &CallSpec) -> Result<(), Error> {
        let beyond = spec.arguments.is_beyond(&Told::FLOOR);
        if !beyond || self.with(|session| session.is_greeted() || session.ended().is_some()) {
            return Ok(());
        }
        let id = self.call_when_room(CallSpec::new(Target::Names, Operation::Noop), true)?;
        self.wait_settled(Awaited::Call(id)).map(|_| ())
    }

    /// Makes a call whose continuation is in it; one that finds no room waits without holding anybody up. It is stopped
    /// with the call that it is made for.
    pub(crate) fn call_or_queue(
        self: &Arc<Self>,
        spec: CallSpec,
        made_for: Option<&CallContext>,
    ) -> Result<Option<Id>, Error> {
        {
            let mut backlog = self.backlog.lock();
            if backlog.busy || !backlog.calls.is_empty() {
                backlog.calls.push_back((Box::new(spec), made_for.cloned()));
                return Ok(None);
            }
            backlog.busy = true;
        }
        let made = self.with(|session| session.call(spec));
        let mut backlog = self.backlog.lock();
        backlog.busy = false;
        match made {
            Ok(id) => {
                drop(backlog);
                self.stop_with(id, made_for);
                Ok(Some(id))
            }
            Err(Refusal::Failed(error)) => Err(error),
            Err(Refusal::Full(spec)) => {
                backlog.calls.push_front((spec, made_for.cloned()));
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

    fn retry_backlog(self: &Arc<Self>) {
        self.retry_results();
        loop {
            let (mut spec, made_for) = {
                let mut backlog = self.backlog.lock();
                // Whoever is at it looks again when it is done.
                if backlog.busy {
                    return;
                }
                let Some(first) = backlog.calls.pop_front() else { return };
                backlog.busy = true;
                first
            };
            let is_stopped = made_for.as_ref().is_some_and(CallContext::is_stopped);
            let refused = if is_stopped { Err(Error::Stopped) } else { self.with(|session| session.check_call(&spec)) };
            if let Err(error) = refused {
                self.backlog.lock().busy = false;
                let done = spec.done.take().into_iter();
                done.for_each(|done| self.driver.take_work(self, Work::Done(done, Err(error.clone()))));
                continue;
            }
            let made = self.with(|session| session.call(*spec));
            let mut backlog = self.backlog.lock();
            backlog.busy = false;
            match made {
                Ok(id) => {
                    drop(backlog);
                    self.stop_with(id, made_for.as_ref());
                }
                Err(Refusal::Full(spec)) => return backlog.calls.push_front((spec, made_for)),
                // The session ended just now; its continuation is gone, and says so.
                Err(Refusal::Failed(_)) => {}
            }
        }
    }

    /// Keeps a result until the queue has room for it.
    pub(crate) fn keep_result(self: &Arc<Self>, answer: Id, result: Result<Value, Error>) {
        self.backlog.lock().results.push_back((answer, result));
        self.retry_results();
    }

    fn retry_results(self: &Arc<Self>) {
        loop {
            if self.backlog.lock().results.is_empty() || !self.with(|session| session.has_queue_room()) {
                return;
            }
            let Some((answer, result)) = self.backlog.lock().results.pop_front() else { return };
            let settlement = self.pack(|packer| packer.settlement(result));
            self.with(|session| session.settle(answer, settlement));
        }
    }

    /// The handle of a promise that was just made; dropping it releases the answer.
    pub(crate) fn promise_handle(self: &Arc<Self>, id: Id) -> Handle {
        Handle::new(id, self.clone(), promise_shape(), None)
    }

    /// Waits for a question and takes its result.
    pub(crate) fn wait_settled(self: &Arc<Self>, awaited: Awaited) -> Settled {
        let (Awaited::Call(id) | Awaited::Promise(id)) = awaited else { return Err(Error::Stopped) };
        let mut settled = None;
        let waited = self.driver.wait(self, awaited, &mut |session| {
            settled = session.take_settled(id);
            settled.is_some()
        });
        if let Err(error) = waited {
            self.with(|session| session.abandon_question(id));
            return Err(error);
        }
        settled.unwrap_or(Err(Error::Stopped))
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
        drop(trash);
        if !was_over {
            self.driver.hang_up(&last_frames);
        }
    }
}

impl Origin for Hub {
    fn let_go(&self, id: Id) {
        self.let_go.lock().insert(id);
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn session_number(&self) -> u64 {
        self.number
    }
}

impl ReplyTo for Hub {
    fn settle(&self, answer: Id, result: Result<Value, Error>) {
        let Some(hub) = self.strong() else { return };
        held::settle_when_whole(&hub, answer, result);
    }

    fn suspend(&self, answer: Id) {
        self.with(|session| session.suspend(answer));
        if let Some(hub) = self.strong() {
            hub.kick();
        }
    }

    fn resume(&self, answer: Id) {
        self.with(|session| session.resume_stream(answer));
        if let Some(hub) = self.strong() {
            hub.kick();
        }
    }

    fn run_later(&self, task: Box<dyn FnOnce() + Send>) {
        if let Some(hub) = self.strong() {
            self.driver.take_work(&hub, Work::Task(task));
        }
    }
}
