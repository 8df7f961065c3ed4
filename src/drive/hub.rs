//! The hub of one session: its lock, what goes in and out through it, and who drives it.

use std::any::Any;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::{Mutex, RwLock};

use crate::clock::Time;
use crate::context::{CallContext, ReplyTo};
use crate::drive::dispatching::Dispatching;
use crate::drive::held;
use crate::drive::lanes::ForwardLanes;
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
    /// A job is ready: run it, or keep it until somebody can.
    fn take_job(&self, hub: &Arc<Hub>, job: Box<Job>);

    /// Something may be ready to be sent.
    fn kick(&self, hub: &Arc<Hub>);

    /// Waits until `done` gives something, serving what must be served meanwhile.
    fn wait(&self, hub: &Arc<Hub>, done: &mut dyn FnMut(&mut Session) -> bool) -> Result<(), Error>;

    /// Takes the tick: what is due leaves, what has arrived is served, as far as that needs no waiting.
    fn poll(&self, hub: &Arc<Hub>) -> Result<(), Error>;

    /// Serves the peer until the session is over.
    fn serve(&self, hub: &Arc<Hub>) -> Result<(), Error>;

    /// Whether whoever forwards a call must wait here for it, since nobody else will.
    fn waits_in_line(&self) -> bool;

    /// Nothing refers to the session any more: these frames are the last.
    fn hang_up(&self, last_frames: &[Vec<u8>]);

    /// The session is over: the carrier can be closed.
    fn ended(&self, hub: &Arc<Hub>);
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
    /// Forwarded calls that found no room.
    backlog: Mutex<VecDeque<KeptBack>>,
    /// Told, once, when a question is settled or has items.
    listeners: Mutex<HashMap<Id, Vec<Listener>>>,
    driver: Box<dyn Drive>,
}

/// A forwarded call that found no room, and the call that it is forwarded for.
type KeptBack = (Box<CallSpec>, Option<CallContext>);

/// What is told when a question has news.
type Listener = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

fn tell(listener: &Listener) {
    let told = listener.lock().take();
    if let Some(told) = told {
        told();
    }
}

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
                driver,
            }
        })
    }

    /// The hub that a handle is held from.
    pub(crate) fn of(handle: &Handle) -> Option<Arc<Self>> {
        handle.origin().as_any().downcast().ok()
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
        drop(session);
        drop(trash);
        result
    }

    /// Acts on all that the session has to say.
    pub(crate) fn dispatch(self: &Arc<Self>) {
        let Some(_within) = Dispatching::enter(self.number) else { return };
        while let Some(event) = self.with(Session::poll_event) {
            match event {
                Event::Run(job) => self.driver.take_job(self, job),
                Event::Done(done, settled) => done.run(settled),
                Event::Settled(id) => self.tell_listener(id),
                Event::Stop(flag) => flag.tell(),
                Event::Pull(answer) => self.pull(answer),
                Event::Ended => self.end(),
            }
        }
        self.retry_backlog();
    }

    /// Which calls that have not begun still run when the session is over: those that want no answer, if the peer closed
    /// it in order. The rest is dropped.
    pub(crate) fn jobs_after_end(&self, jobs: VecDeque<Box<Job>>) -> VecDeque<Box<Job>> {
        let in_order = self.with(|session| matches!(session.ended(), Some(EndReason::PeerClosed(_))));
        jobs.into_iter().filter(|job| in_order && job.one_way).collect()
    }

    fn end(self: &Arc<Self>) {
        let listeners = std::mem::take(&mut *self.listeners.lock());
        listeners.into_values().flatten().for_each(|listener| tell(&listener));
        self.driver.ended(self);
    }

    fn tell_listener(&self, id: Id) {
        let listeners = self.listeners.lock().remove(&id);
        listeners.into_iter().flatten().for_each(|listener| tell(&listener));
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
        let listener: Listener = Arc::new(Mutex::new(Some(Box::new(listener))));
        self.listeners.lock().entry(id).or_default().push(listener.clone());
        // Once more: news may have come, and been told, in between.
        let news = self.with(look)?;
        let _taken_back = listener.lock().take();
        if let Entry::Occupied(mut listeners) = self.listeners.lock().entry(id) {
            listeners.get_mut().retain(|other| !Arc::ptr_eq(other, &listener));
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
        loop {
            let now = self.now();
            let made = self.with(|session| {
                session.handle_time(now);
                let id = session.call(*spec)?;
                if awaited {
                    session.await_question(id);
                    session.flush();
                }
                Ok(id)
            });
            match made {
                Ok(id) => return Ok(id),
                Err(Refusal::Failed(error)) => return Err(error),
                Err(Refusal::Full(back)) => spec = back,
            }
            // The calls of a batch that fills all room must leave before there can be any.
            self.with(Session::flush);
            let nested = spec.chain.as_ref().is_some_and(|chain| chain.served_in(self.number).is_some());
            self.driver.wait(self, &mut |session| session.has_room(nested) || session.ended().is_some())?;
        }
    }

    /// A call larger than the floor allows waits for the peer's HELLO, which a no-op call brings.
    fn greet_for(self: &Arc<Self>, spec: &CallSpec) -> Result<(), Error> {
        let beyond = spec.arguments.is_beyond(&Told::FLOOR);
        if !beyond || self.with(|session| session.is_greeted() || session.ended().is_some()) {
            return Ok(());
        }
        let id = self.call_when_room(CallSpec::new(Target::Names, Operation::Noop), true)?;
        self.wait_settled(id).map(|_| ())
    }

    /// Makes a call whose continuation is in it; one that finds no room waits without holding anybody up. It is stopped
    /// with the call that it is made for.
    pub(crate) fn call_or_queue(
        self: &Arc<Self>,
        spec: CallSpec,
        made_for: Option<&CallContext>,
    ) -> Result<Option<Id>, Error> {
        let waiting = !self.backlog.lock().is_empty();
        let made = if waiting { Err(Refusal::Full(Box::new(spec))) } else { self.with(|session| session.call(spec)) };
        match made {
            Ok(id) => {
                self.stop_with(id, made_for);
                Ok(Some(id))
            }
            Err(Refusal::Failed(error)) => Err(error),
            Err(Refusal::Full(spec)) => {
                self.backlog.lock().push_back((spec, made_for.cloned()));
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
        loop {
            let Some((mut spec, made_for)) = self.backlog.lock().pop_front() else { return };
            let is_stopped = made_for.as_ref().is_some_and(CallContext::is_stopped);
            let refused = if is_stopped { Err(Error::Stopped) } else { self.with(|session| session.check_call(&spec)) };
            if let Err(error) = refused {
                spec.done.take().into_iter().for_each(|done| done.run(Err(error.clone())));
                continue;
            }
            match self.with(|session| session.call(*spec)) {
                Ok(id) => self.stop_with(id, made_for.as_ref()),
                Err(Refusal::Full(spec)) => return self.backlog.lock().push_front((spec, made_for)),
                // The session ended just now; its continuation is gone, and says so.
                Err(Refusal::Failed(_)) => {}
            }
        }
    }

    /// The handle of a promise that was just made; dropping it releases the answer.
    pub(crate) fn promise_handle(self: &Arc<Self>, id: Id) -> Handle {
        Handle::new(id, self.clone(), promise_shape(), None)
    }

    /// Waits for a question and takes its result.
    pub(crate) fn wait_settled(self: &Arc<Self>, id: Id) -> Settled {
        let mut settled = None;
        let waited = self.driver.wait(self, &mut |session| {
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
    pub(crate) fn wait_value(self: &Arc<Self>, id: Id) -> Result<Value, Error> {
        self.wait_settled(id)?.value(self.node.limits())
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
}
