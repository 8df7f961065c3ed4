//! The manual driver: whoever owns it moves the frames, turns the clock and runs the jobs. For tests on invented time,
//! for simulations, and for programs with a loop of their own.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::drive::hub::{Awaited, Drive, Hub};
use crate::drive::spring::Task;
use crate::drive::work::Work;
use crate::error::Error;
use crate::node::Node;
use crate::peer::Peer;
use crate::session::{Job, Session};

/// A peer that is driven by hand.
///
/// Nothing blocks: whatever would have to wait fails with [`Error::Misuse`]. Calls are made as promises, or with a
/// continuation, and hosts that call on answer later.
#[derive(Clone)]
pub struct Manual {
    hub: Arc<Hub>,
    ready: Arc<Ready>,
}

/// What is to be run by whoever drives.
#[derive(Default)]
struct Ready {
    jobs: Mutex<VecDeque<Box<Job>>>,
    after: Mutex<After>,
}

/// What hosts go on with, that was asked for while a job runs: it runs after that, not on top of it.
#[derive(Default)]
struct After {
    running: u32,
    tasks: VecDeque<Task>,
}

struct Driver {
    ready: Arc<Ready>,
}

/// While it lives, a job runs.
struct Running<'a>(&'a Ready);

impl<'a> Running<'a> {
    fn begin(ready: &'a Ready) -> Self {
        ready.after.lock().running += 1;
        Self(ready)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.after.lock().running -= 1;
    }
}

impl Ready {
    /// Keeps a task if a job runs; if none does, it is given back.
    fn keep(&self, task: Task) -> Option<Task> {
        let mut after = self.after.lock();
        if after.running == 0 {
            return Some(task);
        }
        after.tasks.push_back(task);
        None
    }

    /// The next task that waited for jobs to be done, if none runs.
    fn next_task(&self) -> Option<Task> {
        let mut after = self.after.lock();
        if after.running > 0 { None } else { after.tasks.pop_front() }
    }
}

impl Manual {
    /// A new session of the node, for a carrier that takes frames of this length at most.
    pub fn new(node: &Node, frame_len_max: usize) -> Self {
        let ready = Arc::<Ready>::default();
        let driver = Driver { ready: ready.clone() };
        Self { hub: Hub::new(node, Box::new(driver), frame_len_max), ready }
    }

    /// The peer, for calls and counters.
    pub fn peer(&self) -> Peer {
        Peer::new(self.hub.clone())
    }

    /// The next unit to be sent, if there is one: the preface first, then frames.
    pub fn take_frame(&self) -> Option<Vec<u8>> {
        self.hub.dispatch();
        let now = self.hub.now();
        let frame = self.hub.with(|session| session.poll_frame(now));
        self.hub.dispatch();
        frame
    }

    /// Takes in what arrived.
    pub fn put_frame(&self, bytes: &[u8]) {
        let now = self.hub.now();
        self.hub.with(|session| session.handle_frame(now, bytes));
        self.hub.dispatch();
    }

    /// Tells the time: deadlines and ticks that are due take effect.
    pub fn tick(&self) {
        let now = self.hub.now();
        self.hub.with(|session| session.handle_time(now));
        self.hub.dispatch();
    }

    /// How many calls of the peer's are ready to run.
    pub fn jobs(&self) -> usize {
        self.ready.jobs.lock().len()
    }

    /// Whether the call of the peer's at this place is nested in this call of ours.
    pub fn job_is_nested_in(&self, place: usize, question: crate::table::Id) -> bool {
        let jobs = self.ready.jobs.lock();
        jobs.get(place).is_some_and(|job| job.chain.goes_through(self.hub.number(), question))
    }

    /// Runs the call of the peer's at this place, of those that are ready; whether there was one.
    pub fn run_job(&self, place: usize) -> bool {
        let job = self.ready.jobs.lock().remove(place);
        let ran = job.is_some();
        if let Some(job) = job {
            let running = Running::begin(&self.ready);
            self.hub.run_job(job);
            drop(running);
            while let Some(task) = self.ready.next_task() {
                let _running = Running::begin(&self.ready);
                task();
            }
            self.hub.dispatch();
        }
        ran
    }

    /// The carrier failed or ended.
    pub fn cut(&self, reason: &str) {
        self.hub.with(|session| session.carrier_lost(reason));
        self.hub.dispatch();
    }
}

impl Drive for Driver {
    fn take_work(&self, hub: &Arc<Hub>, work: Work) {
        match work {
            Work::Job(job) => self.ready.jobs.lock().push_back(job),
            Work::Task(task) => {
                if let Some(task) = self.ready.keep(task) {
                    Work::Task(task).run(hub);
                }
            }
            work => work.run(hub),
        }
    }

    fn make_room(&self, _hub: &Arc<Hub>) -> bool {
        false
    }

    fn kick(&self, _hub: &Arc<Hub>) {}

    fn wait(&self, hub: &Arc<Hub>, _awaited: Awaited, done: &mut dyn FnMut(&mut Session) -> bool) -> Result<(), Error> {
        match hub.with(done) {
            true => Ok(()),
            false => Err(Error::Misuse("a peer that is driven by hand cannot wait: use promises".into())),
        }
    }

    fn poll(&self, hub: &Arc<Hub>) -> Result<(), Error> {
        let now = hub.now();
        hub.with(|session| session.handle_time(now));
        Ok(())
    }

    fn serve(&self, _hub: &Arc<Hub>) -> Result<(), Error> {
        Err(Error::Misuse("a peer that is driven by hand serves by `Manual::run_job`".into()))
    }

    fn waits_in_line(&self) -> bool {
        false
    }

    fn hang_up(&self, _last_frames: &[Vec<u8>]) {}

    fn ended(&self, hub: &Arc<Hub>) {
        let jobs = hub.jobs_after_end(std::mem::take(&mut *self.ready.jobs.lock()));
        self.ready.jobs.lock().extend(jobs);
    }
}
