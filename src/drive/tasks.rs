//! The async driver: a session whose frames one task moves, and whose work others do.
//!
//! It knows no runtime. An adapter makes a [`Tasks`], has a task of its own move frames between that and a carrier, and
//! brings the means to start further tasks, on which calls of the peer's run. No thread is held by a session: what
//! waits, waits as a future. Work is done by *drainers*, tasks that live while there is work: one that is at a call leaves
//! the rest to the next, so that a host that blocks holds up one thread of its executor, and neither the session nor the
//! task that moves its frames.

mod frames;
mod parked;
mod queue;

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};
use std::task::Poll;

use crate::clock::Time;
use crate::drive::hub::{Awaited, Drive, Hub};
use crate::drive::work::Work;
use crate::error::Error;
use crate::interrupt;
use crate::node::Node;
use crate::session::{Session, Trash};
use crate::table::Id;

use frames::Frames;
pub use frames::Tasks;
use parked::Parked;
use queue::{Next, Queue};

/// A task, as an executor takes it.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Starts tasks: what the driver needs of an executor. Any closure that takes a [`Task`] does.
pub trait Spawn: Send + Sync + 'static {
    /// Has an executor run the task. It must not be polled before this returns, nor may this block.
    fn spawn(&self, task: Task);

    /// The number of the task that the present thread runs, if the runtime gives them numbers: each is a lane by itself
    /// then, without more ado. See [`crate::drive::Lane::of_task`] otherwise.
    fn present_task(&self) -> Option<u64> {
        None
    }
}

impl<F: Fn(Task) + Send + Sync + 'static> Spawn for F {
    fn spawn(&self, task: Task) {
        self(task);
    }
}

struct Shared {
    node: Node,
    spawn: Box<dyn Spawn>,
    hub: OnceLock<Weak<Hub>>,
    queue: Queue,
    frames: Frames,
    parked: Parked,
}

struct Driver(Arc<Shared>);

/// Pieces of work that a drainer does before it lets other tasks have their turn.
const PIECES_A_TURN: u32 = 32;

thread_local! {
    /// Whether the present thread is in a task of the driver's, which must not wait.
    static WORKING: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, the present thread is in a task of the driver's.
struct Working(bool);

impl Working {
    fn begin() -> Self {
        Self(WORKING.replace(true))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        WORKING.set(self.0);
    }
}

impl Shared {
    fn hub(&self) -> Option<Arc<Hub>> {
        self.hub.get().and_then(Weak::upgrade)
    }

    /// Starts a drainer, unless one is to begin anyway.
    fn have_drained(self: &Arc<Self>, hub: &Arc<Hub>) {
        if self.queue.wants_drainer() {
            let drainer = Drainer { shared: self.clone(), hub: Some(hub.clone()), begun: false, next: None };
            self.spawn.spawn(Box::pin(drainer.run()));
        }
    }

    /// Has others drop what may be the user's.
    fn leave(self: &Arc<Self>, hub: &Arc<Hub>, mut trash: Vec<Trash>) {
        trash.retain(|trash| !trash.is_plain());
        if !trash.is_empty() {
            self.queue.push(Work::Task(Box::new(move || drop(trash))));
            self.have_drained(hub);
        }
    }
}

/// A task that does what there is to do.
struct Drainer {
    shared: Arc<Shared>,
    /// Held while there is work, and no longer: a session that nothing else refers to ends.
    hub: Option<Arc<Hub>>,
    begun: bool,
    /// A piece of work that is about to be done.
    next: Option<Work>,
}

impl Drainer {
    async fn run(mut self) {
        self.begun = true;
        self.shared.queue.drainer_begins();
        let Some(hub) = self.hub.clone() else { return };
        for pieces in 1_u64.. {
            let has_room = || hub.with(|session| session.has_queue_room());
            let Some(Next { work, more }) = self.shared.queue.next(has_room) else { break };
            let may_block = !matches!(work, Work::Done(..) | Work::Tell(_) | Work::Time);
            self.next = Some(work);
            if more {
                self.shared.have_drained(&hub);
                // A runtime may keep the other drainer for this very thread, and for no other: it goes first.
                if may_block {
                    give_way().await;
                }
            }
            let Some(work) = self.next.take() else { break };
            let working = Working::begin();
            // Of what panics in user code, most is told to its caller; whatever else must not take the task along.
            let _ = catch_unwind(AssertUnwindSafe(|| work.run(&hub)));
            drop(working);
            hub.kick();
            if may_block && self.shared.queue.is_empty() {
                break;
            }
            // What sends the result may be next on this very thread, and on no other: first that, then what may block.
            if may_block || pieces % u64::from(PIECES_A_TURN) == 0 {
                give_way().await;
            }
        }
    }
}

impl Drop for Drainer {
    fn drop(&mut self) {
        if !self.begun {
            // The executor is gone, and with it whoever would do the work.
            let unwanted = self.shared.queue.drainer_lost();
            drop(unwanted);
        }
        // What ends with the session is the user's, too.
        let _working = Working::begin();
        self.next = None;
        self.hub = None;
    }
}

/// Lets other tasks have their turn.
fn give_way() -> impl Future<Output = ()> {
    let mut given = false;
    poll_fn(move |context| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.frames.hang_up(&[]);
    }
}

impl Drive for Driver {
    fn take_work(&self, hub: &Arc<Hub>, work: Work) {
        match work {
            Work::Send => self.0.frames.kick(),
            work => {
                self.0.queue.push(work);
                self.0.have_drained(hub);
            }
        }
    }

    fn moves_in_tasks(&self) -> bool {
        true
    }

    fn works_at_once(&self) -> bool {
        false
    }

    fn ending(&self, hub: &Arc<Hub>, in_order: bool) {
        let unwanted = self.0.queue.end(in_order);
        self.take_work(hub, Work::Task(Box::new(move || drop(unwanted))));
    }

    fn told(&self, _id: Id) {
        self.0.parked.wake();
    }

    fn room_came(&self) {
        self.0.parked.wake();
        if self.0.queue.take_stuck()
            && let Some(hub) = self.0.hub()
        {
            self.0.have_drained(&hub);
        }
    }

    fn make_room(&self, _hub: &Arc<Hub>) -> bool {
        false
    }

    fn kick(&self, _hub: &Arc<Hub>) {
        self.0.frames.kick();
    }

    fn wait(&self, hub: &Arc<Hub>, awaited: Awaited, done: &mut dyn FnMut(&mut Session) -> bool) -> Result<(), Error> {
        let heeded = interrupt::current();
        let shared = self.0.clone();
        let _watch = heeded.as_ref().map(|interrupt| interrupt.watch(Arc::new(move || shared.parked.wake())));
        let _timed = awaited.until().map(|_| self.0.parked.begin_timed());
        if awaited.until().is_some() {
            self.0.node.ticker().enlist(hub);
        }
        let mut counted = false;
        loop {
            let seen = self.0.parked.look();
            hub.kick();
            if hub.with(&mut *done) {
                return Ok(());
            }
            if let Some(reason) = hub.with(|session| session.ended().cloned()) {
                return Err(reason.error(true));
            }
            if heeded.as_ref().is_some_and(interrupt::Interrupt::is_triggered) {
                return Err(Error::Interrupted);
            }
            if WORKING.get() {
                let text = "a task of this session cannot block: await the call, make the method an async one, or call \
                    from a thread of its own";
                return Err(Error::Misuse(text.into()));
            }
            if !std::mem::replace(&mut counted, true) {
                hub.with(Session::count_round_trip);
            }
            self.0.parked.wait(seen);
        }
    }

    fn poll(&self, hub: &Arc<Hub>) -> Result<(), Error> {
        hub.tell_time();
        Ok(())
    }

    fn serve(&self, hub: &Arc<Hub>) -> Result<(), Error> {
        match self.wait(hub, Awaited::End, &mut |session| session.ended().is_some()) {
            Err(Error::Disconnected(_)) => Ok(()),
            waited => waited,
        }
    }

    fn waits_in_line(&self) -> bool {
        false
    }

    fn hang_up(&self, last_frames: &[Vec<u8>]) {
        self.0.frames.hang_up(last_frames);
    }

    fn let_go(&self, hub: &Hub) {
        self.0.node.ticker().enlist(hub);
    }

    fn present_task(&self) -> Option<u64> {
        self.0.spawn.present_task()
    }

    fn tick(&self, hub: &Arc<Hub>, now: Time) -> bool {
        let waits = self.0.parked.tick();
        let due = hub.due();
        let backlog = hub.has_backlog();
        if backlog || due.is_some_and(|due| due <= now) {
            self.0.frames.kick();
        }
        let sending = self.0.frames.tick(hub);
        waits || backlog || due.is_some() || sending
    }

    fn ended(&self, _hub: &Arc<Hub>) {
        self.0.frames.kick();
        self.0.parked.wake();
    }
}
