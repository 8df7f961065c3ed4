//! The simplest driver: one thread, which blocks; the reference for all others.
//!
//! While the thread waits for a result, it serves the calls that arrive: those of its own chain and, having no
//! workers, those of all other chains too. It may block for ever when both sides send more than the carrier holds at
//! once, since it never reads while it sends. Time passes for it, and releases leave, only while it is in the
//! library: at each entry, and by [`crate::Peer::poll`].

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::thread::{self, ThreadId};
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Time;
use crate::drive::dispatching::Waits;
use crate::drive::hub::{Awaited, Drive, Hub};
use crate::drive::spring::Task;
use crate::drive::work::Work;
use crate::error::Error;
use crate::interrupt::{self, Interrupt, Watch};
use crate::node::Node;
use crate::peer::Peer;
use crate::session::{Job, Session};
use crate::transport::Transport;

struct Simple {
    carrier: Arc<dyn Transport>,
    jobs: Mutex<VecDeque<Box<Job>>>,
    /// What hosts go on with, asked for on the thread that drives.
    tasks: Mutex<VecDeque<Task>>,
    owner: Mutex<Owner>,
    /// What `recv` writes to, while nobody is in it.
    buffer: Mutex<Vec<u8>>,
}

#[derive(Default)]
struct Owner {
    thread: Option<ThreadId>,
    depth: u32,
    sending: bool,
    /// Somebody had something to send meanwhile.
    more: bool,
}

/// Calls of other chains that are served on top of each other while the thread waits; more of them wait themselves.
const STACKED_MAX: u32 = 96;

/// Connects a node to a peer by a carrier that the present thread will drive, by waiting or by [`Peer::serve`].
///
/// The preface leaves at once.
pub fn connect(node: &Node, carrier: impl Transport) -> Peer {
    let frame_len_max = carrier.frame_len_max();
    let driver = Simple {
        carrier: Arc::new(carrier),
        jobs: Mutex::default(),
        tasks: Mutex::default(),
        owner: Mutex::default(),
        buffer: Mutex::default(),
    };
    let hub = Hub::new(node, Box::new(driver), frame_len_max);
    hub.kick();
    Peer::new(hub)
}

/// While it lives, the present thread drives.
struct Turn<'a> {
    driver: &'a Simple,
    _waits: Waits,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut owner = self.driver.owner.lock();
        owner.depth -= 1;
        if owner.depth == 0 {
            owner.thread = None;
        }
    }
}

impl Simple {
    fn enter(&self) -> Result<Turn<'_>, Error> {
        let mut owner = self.owner.lock();
        let present = thread::current().id();
        match owner.thread {
            Some(thread) if thread != present => Err(Error::Misuse(
                "another thread is driving this peer: the simple driver serves one thread at a time".into(),
            )),
            _ => {
                owner.thread = Some(present);
                owner.depth += 1;
                Ok(Turn { driver: self, _waits: Waits::begin() })
            }
        }
    }

    fn depth(&self) -> u32 {
        self.owner.lock().depth
    }

    fn is_driving(&self) -> bool {
        self.owner.lock().thread == Some(thread::current().id())
    }

    /// Sends all that is ready; whether there was anything. A destructor run on the way may come here again: the
    /// outer one goes on.
    fn send_all(&self, hub: &Arc<Hub>) -> bool {
        if !self.begin_sending() {
            return false;
        }
        let mut any = false;
        loop {
            let now = hub.now();
            let Some(frame) = hub.with(|session| session.poll_frame(now)) else {
                if self.end_sending() {
                    return any;
                }
                continue;
            };
            any = true;
            if let Err(error) = self.carrier.send(&frame) {
                hub.with(|session| session.carrier_lost(&format!("sending failed: {error}")));
                self.owner.lock().sending = false;
                return any;
            }
        }
    }

    /// Whether the present thread sends; if not, whoever does is told to look once more.
    fn begin_sending(&self) -> bool {
        let mut owner = self.owner.lock();
        if owner.sending {
            owner.more = true;
            return false;
        }
        (owner.sending, owner.more) = (true, false);
        true
    }

    /// Stops sending, unless somebody came meanwhile; whether it did.
    fn end_sending(&self) -> bool {
        let mut owner = self.owner.lock();
        owner.sending = std::mem::take(&mut owner.more);
        !owner.sending
    }

    /// Runs one task, or one job that may run here, if there is one.
    fn run_one(&self, hub: &Arc<Hub>) -> bool {
        let shallow = self.depth() <= STACKED_MAX;
        let task = if shallow { self.tasks.lock().pop_front() } else { None };
        if let Some(task) = task {
            task();
            return true;
        }
        let job = match shallow {
            true => self.jobs.lock().pop_front(),
            // Deep already: only what is nested in calls of ours, which their depth bounds.
            false => {
                let mut jobs = self.jobs.lock();
                let nested = jobs.iter().position(|job| job.parent.is_some());
                nested.and_then(|place| jobs.remove(place))
            }
        };
        let Some(job) = job else { return false };
        hub.run_job(job);
        true
    }

    /// Takes in one frame; waits for it no longer than `within`, if the carrier can. A wait that `may_be_woken` ends
    /// when the carrier is woken, too.
    fn receive(&self, hub: &Arc<Hub>, within: Option<Duration>, may_be_woken: bool) -> bool {
        let mut frame = std::mem::take(&mut *self.buffer.lock());
        let received = match within.is_some() || may_be_woken {
            true => self.carrier.recv_until(&mut frame, within),
            false => self.carrier.recv(&mut frame),
        };
        let now = hub.now();
        let arrived = match received {
            Ok(()) => {
                hub.with(|session| session.handle_frame(now, &frame));
                true
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => {
                hub.with(|session| session.handle_time(now));
                false
            }
            Err(error) => {
                hub.with(|session| session.carrier_lost(&lost(&error)));
                true
            }
        };
        *self.buffer.lock() = frame;
        arrived
    }

    /// What the present thread's waits heed, if anything; it wakes the carrier. One that cannot be woken is looked at
    /// between frames.
    fn heed(&self) -> Option<(Interrupt, Watch)> {
        let interrupt = interrupt::current()?;
        let carrier = self.carrier.clone();
        let watch = interrupt.watch(Arc::new(move || carrier.wake()));
        Some((interrupt, watch))
    }

    /// How long to wait for a frame before time must be told, or until this moment.
    fn patience(&self, hub: &Arc<Hub>, until: Option<Time>) -> Option<Duration> {
        if !self.carrier.is_interruptible() {
            return None;
        }
        let due = hub.with(|session| session.poll_time()).into_iter().chain(until).min()?;
        Some(due.saturating_sub(hub.now()))
    }
}

fn check(heeded: Option<&(Interrupt, Watch)>) -> Result<(), Error> {
    match heeded {
        Some((interrupt, _)) if interrupt.is_triggered() => Err(Error::Interrupted),
        _ => Ok(()),
    }
}

fn lost(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => format!("the carrier ended: {error}"),
        _ => format!("receiving failed: {error}"),
    }
}

impl Drive for Simple {
    fn take_work(&self, hub: &Arc<Hub>, work: Work) {
        match work {
            Work::Job(job) => self.jobs.lock().push_back(job),
            // This thread comes to it before it waits again, and not on top of what it is at.
            Work::Task(task) if self.is_driving() => self.tasks.lock().push_back(task),
            work => work.run(hub),
        }
    }

    fn make_room(&self, _hub: &Arc<Hub>) -> bool {
        false
    }

    fn kick(&self, hub: &Arc<Hub>) {
        // Sending makes room for streams, and a failure to send ends the session: there may be more to do.
        // Once more in the end: looking for a frame tells the time, and what that ends wants to be told.
        loop {
            let sent = self.send_all(hub);
            hub.dispatch();
            if !sent {
                return;
            }
        }
    }

    fn wait(&self, hub: &Arc<Hub>, awaited: Awaited, done: &mut dyn FnMut(&mut Session) -> bool) -> Result<(), Error> {
        let _turn = self.enter()?;
        let heeded = self.heed();
        let mut counted = false;
        loop {
            hub.kick();
            if self.run_one(hub) {
                continue;
            }
            if hub.with(&mut *done) {
                return Ok(());
            }
            if let Some(reason) = hub.with(|session| session.ended().cloned()) {
                return Err(reason.error(true));
            }
            check(heeded.as_ref())?;
            if !std::mem::replace(&mut counted, true) {
                hub.with(Session::count_round_trip);
            }
            let patience = self.patience(hub, awaited.until());
            self.receive(hub, patience, heeded.is_some());
        }
    }

    fn poll(&self, hub: &Arc<Hub>) -> Result<(), Error> {
        let _turn = self.enter()?;
        let now = hub.now();
        hub.with(|session| session.handle_time(now));
        loop {
            hub.kick();
            if self.run_one(hub) {
                continue;
            }
            let over = hub.with(|session| session.ended().is_some());
            if over || !self.carrier.is_interruptible() || !self.receive(hub, Some(Duration::ZERO), false) {
                break;
            }
        }
        hub.kick();
        Ok(())
    }

    fn serve(&self, hub: &Arc<Hub>) -> Result<(), Error> {
        let _turn = self.enter()?;
        let heeded = self.heed();
        loop {
            hub.kick();
            if self.run_one(hub) {
                continue;
            }
            if hub.with(|session| session.ended().is_some()) {
                return Ok(());
            }
            check(heeded.as_ref())?;
            let patience = self.patience(hub, None);
            self.receive(hub, patience, heeded.is_some());
        }
    }

    fn waits_in_line(&self) -> bool {
        true
    }

    fn hang_up(&self, last_frames: &[Vec<u8>]) {
        // Nobody is left who could be told that they did not arrive.
        let _ = last_frames.iter().try_for_each(|frame| self.carrier.send(frame));
        self.carrier.close();
    }

    fn ended(&self, hub: &Arc<Hub>) {
        self.send_all(hub);
        let jobs = hub.jobs_after_end(std::mem::take(&mut *self.jobs.lock()));
        self.jobs.lock().extend(jobs);
        self.carrier.close();
    }
}
