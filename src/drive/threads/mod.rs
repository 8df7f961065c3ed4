//! The threaded driver: any number of threads use a peer at once, and the peer's calls run beside them.
//!
//! A thread that waits receives by itself when nobody else does, so that a plain call has no hand-off: it sends, it
//! receives, it goes on. While it waits it serves the calls that are nested in its own, and no others; those run on
//! the session's crew, which receives when no caller does. `roles` says who does what, `waiting` and `crew` do it.
//!
//! With a carrier that knows nothing but `send` and `recv`, closing fails every parked caller at once, and leaves a
//! thread that is stuck in the carrier there until the carrier lets it go.

mod crew;
mod farewell;
mod roles;
#[cfg(test)]
mod tests;
mod waiting;

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Time;
use crate::drive::hub::{Awaited, Drive, Hub};
use crate::drive::sending::Sending;
use crate::drive::work::Work;
use crate::error::Error;
use crate::node::Node;
use crate::peer::Peer;
use crate::session::{Session, TICK, Trash};
use crate::table::Id;
use crate::transport::Transport;
use roles::{Calls, Piece, Roles};

/// The driver of one session. Clones are the same.
#[derive(Clone)]
struct Threads(Arc<Shared>);

struct Shared {
    node: Node,
    carrier: Box<dyn Transport>,
    roles: Roles<Work>,
    sending: Sending,
    hub: Mutex<Weak<Hub>>,
    /// Telling the time has been asked for, and was not done yet.
    time_due: AtomicBool,
    /// Frames sent at the last tick, and ticks since that number changed while somebody was sending.
    sent_before: AtomicU64,
    ticks_stuck: AtomicU32,
    /// Threads that wait for room.
    room_wanted: AtomicU32,
}

/// Ticks without a frame leaving after which the carrier is given up, once the session is over and only its last frames
/// are to leave: a second.
const STUCK_TICKS_AFTER_END: u32 = 200;

/// Frames that one thread sends in a row, if others make them: then the crew goes on.
const FRAMES_IN_A_ROW: u32 = 64;

/// Most bytes that a thread keeps for its next frame.
const BUFFER_MAX: usize = 128 << 10;

thread_local! {
    /// The driver whose crew the present thread is of, unless it waits in the middle of its work.
    static CREW_OF: Cell<usize> = const { Cell::new(0) };
    /// The nested call that the present thread serves while it waits: driver, seat, answer.
    static SERVES: Cell<(usize, u64, u64)> = const { Cell::new((0, 0, 0)) };
    /// Whether the present thread may wait for room for a result: not while it does for others what is no call of theirs.
    static MAY_WAIT: Cell<bool> = const { Cell::new(true) };
    /// What `recv` writes to.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    /// The driver for which the present thread takes in what it received.
    static READS: Cell<usize> = const { Cell::new(0) };
}

/// Connects a node to a peer by a carrier. Any number of threads may use the peer at once; its calls are served at once,
/// by threads of the node's.
///
/// The preface leaves at once.
pub fn connect(node: &Node, carrier: impl Transport) -> Peer {
    let frame_len_max = carrier.frame_len_max();
    let driver = Threads(Arc::new(Shared {
        node: node.clone(),
        carrier: Box::new(carrier),
        roles: Roles::new(node.limits().workers_max as usize),
        sending: Sending::default(),
        hub: Mutex::default(),
        time_due: AtomicBool::new(false),
        sent_before: AtomicU64::new(0),
        ticks_stuck: AtomicU32::new(0),
        room_wanted: AtomicU32::new(0),
    }));
    let hub = Hub::new(node, Box::new(driver.clone()), frame_len_max);
    *driver.0.hub.lock() = hub.weak();
    let calls = driver.0.roles.attend();
    driver.see_to(&hub, calls);
    hub.kick();
    Peer::new(hub)
}

impl Piece for Work {
    fn counts(&self) -> bool {
        matches!(self, Work::Job(job) if job.parent.is_none())
    }

    fn runs_last(&self) -> bool {
        matches!(self, Work::Job(job) if job.one_way)
    }

    fn is_call(&self) -> bool {
        matches!(self, Work::Job(_))
    }

    fn rank(&self) -> u64 {
        if let Work::Job(job) = self { job.answer.number() } else { 0 }
    }
}

/// What receiving came to.
struct Received {
    /// What was asked for when it was taken in.
    done: bool,
    /// Something may be ready to leave.
    sends: bool,
    /// There was no frame: the time has passed, or a signal or a wake came.
    idle: bool,
    /// To be dropped where the user's code may run.
    trash: Vec<Trash>,
}

impl Threads {
    fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    fn by_crew(&self) -> bool {
        CREW_OF.get() == self.address()
    }

    fn reads(&self) -> bool {
        READS.get() == self.address()
    }

    /// Does what is left to do after the roles have changed.
    #[inline]
    fn see_to(&self, hub: &Hub, calls: Calls) {
        if calls != Calls::default() {
            self.see_to_all(hub, calls);
        }
    }

    fn see_to_all(&self, hub: &Hub, calls: Calls) {
        if calls.last {
            // Whoever lets go of a session that is over does not know of them.
            hub.weak().upgrade().into_iter().for_each(|hub| self.0.roles.keep(hub));
        }
        if calls.wake {
            self.0.carrier.wake();
        }
        if calls.tick {
            self.0.node.ticker().enlist(hub);
        }
        if calls.helper {
            self.call_helper(hub);
        }
    }

    fn call_helper(&self, hub: &Hub) {
        let (driver, weak) = (self.clone(), hub.weak());
        let called = self.0.node.workers().run(Box::new(move || driver.serve_as_crew(&weak)));
        if called.is_err() {
            // No thread can be started: the ticker tries again, until somebody comes to wait and reads by itself.
            self.0.roles.cannot_join();
            self.0.node.ticker().enlist(hub);
        }
    }

    /// Receives one frame, if one comes before the carrier is woken or this time has passed, and takes it in. The present
    /// thread has the reading role; nothing is held while it waits but that.
    fn receive(
        &self,
        hub: impl FnOnce() -> Option<Arc<Hub>>,
        wakeable: bool,
        time: Option<Duration>,
        done: &mut dyn FnMut(&mut Session) -> bool,
    ) -> Option<(Arc<Hub>, Received)> {
        let mut frame = BUFFER.take();
        let received = guarded(|| match (self.0.carrier.is_interruptible(), time) {
            (true, _) if wakeable => self.0.carrier.recv_until(&mut frame, time),
            (true, Some(time)) => self.0.carrier.recv_for(&mut frame, time),
            _ => self.0.carrier.recv(&mut frame),
        });
        let hub = hub()?;
        let now = hub.now();
        let idle = received.as_ref().is_err_and(is_no_frame);
        let _reads = Within::enter(&READS, self.address());
        let ((is_done, mut sends), trash) = hub.take_in(|session| {
            match &received {
                Ok(()) => session.handle_frame(now, &frame),
                Err(_) if idle => {}
                Err(error) => session.carrier_lost(&lost(error)),
            }
            (done(session), session.has_frames())
        });
        sends |= hub.has_backlog();
        if frame.capacity() <= BUFFER_MAX {
            BUFFER.set(frame);
        }
        self.0.node.ticker().enlist(&hub);
        Some((hub, Received { done: is_done, sends, idle, trash }))
    }

    /// Sends what is ready, unless somebody does; the last one closes the carrier.
    fn send_all(&self, hub: &Arc<Hub>) {
        self.send_all_and_look(hub, Some(hub.now()), &mut |_| true);
    }

    /// As [`Self::send_all`], and looks at the session while it has it, if it does: if `look` says that nothing is to
    /// leave yet, nothing does. The time may be left out if the session was told it just now, or has no deadlines.
    fn send_all_and_look(&self, hub: &Arc<Hub>, mut now: Option<Time>, look: &mut dyn FnMut(&mut Session) -> bool) {
        let Some(mut room) = self.0.sending.begin() else { return };
        self.0.node.ticker().enlist(hub);
        let mut trash = Vec::new();
        for _ in 0..FRAMES_IN_A_ROW {
            let ((frame, more, is_last), unwanted) = hub.with_trash(|session| {
                if !look(session) {
                    return (None, false, false);
                }
                let frame = session.poll_frame_in(now.unwrap_or(session.time()), std::mem::take(&mut room));
                let more = session.has_frames();
                (frame, more, !more && session.ended().is_some())
            });
            trash.extend(unwanted);
            if let Some(frame) = &frame {
                if let Err(error) = guarded(|| self.0.carrier.send(frame)) {
                    let lose = |session: &mut Session| session.carrier_lost(&format!("sending failed: {error}"));
                    trash.extend(hub.with_trash(lose).1);
                }
                self.0.sending.count();
            }
            if is_last {
                // While nobody else sends: what leaves last is not cut off.
                self.0.carrier.close();
            }
            let is_all = frame.is_none() || !more;
            room = frame.unwrap_or(room);
            if is_all {
                let Some(back) = self.0.sending.end(room) else {
                    // Only now, without the role: it may be the user's, and may call.
                    drop(trash);
                    if hub.dispatch() {
                        // What waited for the room that this made: nobody else knows of it.
                        self.take_work(hub, Work::Send);
                    }
                    return;
                };
                room = back;
            }
            // Sending may have taken a while.
            now = Some(hub.now());
        }
        // Whoever sends for others has waited for long enough.
        self.0.sending.abort();
        drop(trash);
        hub.dispatch();
        self.take_work(hub, Work::Send);
    }

    /// Gives the carrier up if the peer has taken nothing for too long.
    fn look_at_sending(&self, hub: &Arc<Hub>) -> bool {
        let shared = &self.0;
        let Some(sent) = shared.sending.under_way() else {
            shared.ticks_stuck.store(0, Ordering::Relaxed);
            return false;
        };
        if shared.sent_before.swap(sent, Ordering::Relaxed) != sent {
            shared.ticks_stuck.store(0, Ordering::Relaxed);
        }
        let ticks = shared.ticks_stuck.fetch_add(1, Ordering::Relaxed);
        let ticks_max = (shared.node.limits().send_time_max.as_nanos() / TICK.as_nanos()) as u64;
        let driver = self.clone();
        if u64::from(ticks) == ticks_max {
            let weak = hub.weak();
            self.take_work(
                hub,
                Work::Task(Box::new(move || {
                    if let Some(hub) = weak.upgrade() {
                        hub.with(|session| session.carrier_lost("the peer has taken nothing for too long"));
                        hub.dispatch();
                    }
                    driver.0.carrier.close();
                })),
            );
        } else if ticks == STUCK_TICKS_AFTER_END && hub.is_over() {
            self.take_work(hub, Work::Task(Box::new(move || driver.0.carrier.close())));
        } else if ticks > STUCK_TICKS_AFTER_END && u64::from(ticks) < ticks_max && hub.is_over() {
            // It ended while the sender was stuck: a second from now.
            shared.ticks_stuck.store(STUCK_TICKS_AFTER_END / 2, Ordering::Relaxed);
        }
        true
    }
}

/// While it lives, a thread-local mark stands.
struct Within {
    mark: &'static std::thread::LocalKey<Cell<usize>>,
    before: usize,
}

impl Within {
    fn enter(mark: &'static std::thread::LocalKey<Cell<usize>>, value: usize) -> Self {
        Self { mark, before: mark.replace(value) }
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        self.mark.set(self.before);
    }
}

/// Calls the carrier, which is the user's: a panic of it is an error of the carrier.
fn guarded(act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|_| Err(io::Error::other("the carrier panicked")))
}

fn is_no_frame(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

fn lost(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => format!("the carrier ended: {error}"),
        _ => format!("receiving failed: {error}"),
    }
}

impl Drive for Threads {
    fn take_work(&self, hub: &Arc<Hub>, work: Work) {
        let chain = match &work {
            // One without a parent is nested in nothing.
            Work::Job(job) if job.parent.is_some() => Some(job.chain.clone()),
            _ => None,
        };
        let innermost = chain.as_ref().and_then(|chain| chain.made_in(hub.number()).next());
        let is_early = |question: &Id| !self.0.roles.has_seat(*question) && hub.is_about_to_wait(*question);
        let early = innermost.filter(is_early);
        let nested_in = chain.iter().flat_map(|chain| chain.made_in(hub.number()));
        let (calls, dropped) = self.0.roles.push(work, nested_in, early, self.by_crew(), self.reads());
        self.see_to(hub, calls);
        self.drop_elsewhere(hub, dropped);
    }

    fn works_at_once(&self) -> bool {
        false
    }

    fn told(&self, id: Id) {
        let calls = self.0.roles.told(id, self.reads());
        if calls.wake {
            self.0.carrier.wake();
        }
    }

    fn attend(&self, hub: &Hub, begins: bool) {
        let calls = self.0.roles.await_news(begins);
        self.see_to(hub, calls);
    }

    fn room_came(&self) {
        if self.0.room_wanted.load(Ordering::SeqCst) > 0 && self.0.roles.room_came(self.reads()).wake {
            self.0.carrier.wake();
        }
    }

    fn make_room(&self, hub: &Arc<Hub>) -> bool {
        if !MAY_WAIT.get() {
            return false;
        }
        let has_room = &mut |session: &mut Session| session.has_queue_room() || session.ended().is_some();
        // One that is interrupted, or that receives, does not wait: it would ask again and again.
        self.wait(hub, Awaited::Room(None), has_room).is_ok()
    }

    fn kick(&self, hub: &Arc<Hub>) {
        hub.dispatch();
        if self.reads() {
            self.take_work(hub, Work::Send);
        } else {
            self.send_all(hub);
        }
    }

    fn act_and_kick(&self, hub: &Arc<Hub>, act: &mut dyn FnMut(&mut Session)) {
        let (mut acted, mut left) = (false, false);
        if !self.reads() {
            // Mostly nobody sends: then what `act` makes leaves within the same borrow. Not where the time matters, and
            // not before others have what came of it: sending may take a while.
            self.send_all_and_look(hub, None, &mut |session| {
                if !std::mem::replace(&mut acted, true) {
                    act(session);
                    left = !session.has_events() && !session.has_deadlines();
                }
                left
            });
        }
        if !acted {
            hub.with(act);
        }
        if !left {
            hub.kick();
        }
    }

    fn wait(&self, hub: &Arc<Hub>, awaited: Awaited, done: &mut dyn FnMut(&mut Session) -> bool) -> Result<(), Error> {
        self.wait_for(hub, awaited, done)
    }

    fn poll(&self, hub: &Arc<Hub>) -> Result<(), Error> {
        let now = hub.now();
        hub.with(|session| session.handle_time(now));
        hub.kick();
        Ok(())
    }

    fn serve(&self, hub: &Arc<Hub>) -> Result<(), Error> {
        self.wait_for(hub, Awaited::End, &mut |session| session.ended().is_some())
    }

    fn waits_in_line(&self) -> bool {
        false
    }

    fn settling(&self, answer: Id) {
        let (driver, seat, serves) = SERVES.get();
        if driver == self.address() && serves == answer.number() {
            self.0.roles.comes_back(seat);
        }
    }

    fn let_go(&self, hub: &Hub) {
        self.0.node.ticker().enlist(hub);
    }

    fn tick(&self, hub: &Arc<Hub>, now: Time) -> bool {
        let due = hub.due();
        if due.is_some_and(|due| due <= now) && !self.0.time_due.swap(true, Ordering::AcqRel) {
            self.take_work(hub, Work::Time);
        }
        let sends = self.look_at_sending(hub);
        let (calls, more) = self.0.roles.tick(now);
        self.see_to(hub, Calls { tick: false, ..calls });
        more || sends || due.is_some()
    }

    fn hang_up(&self, last_frames: &[Vec<u8>]) {
        let (calls, dropped) = self.0.roles.end(false);
        drop(dropped);
        if calls.wake {
            self.0.carrier.wake();
        }
        self.say_last(last_frames.to_vec());
    }

    fn drop_last(&self, trash: Vec<Trash>) {
        if let Err(drop_them) = self.0.node.workers().run(Box::new(move || drop(trash))) {
            drop_them();
        }
    }

    fn ending(&self, hub: &Arc<Hub>, in_order: bool) {
        let (calls, dropped) = self.0.roles.end(in_order);
        self.see_to(hub, calls);
        dropped.into_iter().for_each(|work| self.drop_elsewhere(hub, Some(work)));
    }

    fn ended(&self, hub: &Arc<Hub>) {
        // The last frames leave, and the carrier is closed.
        self.take_work(hub, Work::Send);
    }
}
