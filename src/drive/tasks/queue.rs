//! What is to be done in a session, until a drainer does it.

use std::collections::{HashSet, VecDeque};

use parking_lot::Mutex;

use crate::drive::work::Work;
use crate::session::Job;
use crate::table::Id;

/// Work that waits. Each kind is bounded by a table of the session: jobs by the calls that the peer may have out, news by
/// our own questions, streams by the calls that they answer.
#[derive(Default)]
pub(super) struct Queue(Mutex<State>);

#[derive(Default)]
struct State {
    /// Calls of the peer's; none starts while the outgoing queue is full.
    jobs: VecDeque<Box<Job>>,
    /// Streams that may go on, each once.
    pulls: VecDeque<Id>,
    pulled: HashSet<Id>,
    rest: VecDeque<Work>,
    /// Telling the time is asked for.
    time: bool,
    /// A drainer was started and has not begun.
    starting: bool,
    /// Jobs wait for room.
    stuck: bool,
}

/// What a drainer does next.
pub(super) struct Next {
    pub(super) work: Work,
    /// Whether there is more to do.
    pub(super) more: bool,
}

impl Queue {
    pub(super) fn push(&self, work: Work) {
        let mut state = self.0.lock();
        match work {
            Work::Job(job) => state.jobs.push_back(job),
            Work::Pull(answer) => {
                if state.pulled.insert(answer) {
                    state.pulls.push_back(answer);
                }
            }
            Work::Time => state.time = true,
            work => state.rest.push_back(work),
        }
    }

    /// Whether a drainer is to be started: the caller does.
    pub(super) fn wants_drainer(&self) -> bool {
        !std::mem::replace(&mut self.0.lock().starting, true)
    }

    pub(super) fn drainer_begins(&self) {
        self.0.lock().starting = false;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// A drainer will not begin: all that waits, to be dropped.
    pub(super) fn drainer_lost(&self) -> (VecDeque<Box<Job>>, VecDeque<Work>) {
        let mut state = self.0.lock();
        state.starting = false;
        (std::mem::take(&mut state.jobs), std::mem::take(&mut state.rest))
    }

    /// Whether jobs waited for room, that may have come.
    pub(super) fn take_stuck(&self) -> bool {
        std::mem::take(&mut self.0.lock().stuck)
    }

    /// The next piece of work that can be done.
    pub(super) fn next(&self, has_room: impl Fn() -> bool) -> Option<Next> {
        loop {
            let wants_room = {
                let mut state = self.0.lock();
                if let Some(work) = state.take_rest() {
                    let more = !state.is_empty();
                    return Some(Next { work, more });
                }
                if state.jobs.is_empty() {
                    return None;
                }
                // Noted before looking: room that comes after it is told.
                state.stuck = true;
                true
            };
            if wants_room && !has_room() {
                return None;
            }
            let mut state = self.0.lock();
            state.stuck = false;
            if let Some(job) = state.jobs.pop_front() {
                return Some(Next { work: Work::Job(job), more: !state.is_empty() });
            }
        }
    }

    /// The session is over: the jobs that will not run, and what else is not wanted any more.
    pub(super) fn end(&self, in_order: bool) -> VecDeque<Box<Job>> {
        let mut state = self.0.lock();
        (state.pulls, state.pulled) = Default::default();
        let jobs = std::mem::take(&mut state.jobs);
        let (runs, unwanted) = jobs.into_iter().partition(|job| in_order && job.one_way);
        state.jobs = runs;
        unwanted
    }
}

impl State {
    fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.pulls.is_empty() && self.rest.is_empty() && !self.time
    }

    fn take_rest(&mut self) -> Option<Work> {
        if std::mem::take(&mut self.time) {
            return Some(Work::Time);
        }
        if let Some(work) = self.rest.pop_front() {
            return Some(work);
        }
        let answer = self.pulls.pop_front()?;
        self.pulled.remove(&answer);
        Some(Work::Pull(answer))
    }
}
