//! What a session has to be done by somebody who may run the user's code.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::context::StopFlag;
use crate::drive::hub::Hub;
use crate::drive::spring;
use crate::session::{Done, Job, Settled};
use crate::table::Id;

/// One piece of work. None of it may be done by whoever receives: it may block, and it may call back.
pub(crate) enum Work {
    /// A call of the peer's is ready to run.
    Job(Box<Job>),
    /// The continuation of a question.
    Done(Done, Settled),
    /// A call is wanted no more: what its host asked to be told by.
    Stop(Arc<StopFlag>),
    /// A stream of ours may go on.
    Pull(Id),
    /// A question has news.
    Tell(Listener),
    /// Something may be ready to leave.
    Send,
    /// Time has passed.
    Time,
    /// A host goes on with something.
    Task(Box<dyn FnOnce() + Send>),
}

impl Work {
    /// Does it, on the present thread.
    pub(crate) fn run(self, hub: &Arc<Hub>) {
        match self {
            Work::Job(job) => hub.run_job(job),
            Work::Done(done, settled) => done.run(settled),
            Work::Stop(flag) => flag.tell(),
            Work::Pull(answer) => hub.pull(answer),
            Work::Tell(listener) => listener.tell(),
            Work::Send => hub.kick(),
            Work::Time => hub.tell_time(),
            Work::Task(task) => spring::run(task),
        }
    }
}

/// What is told, once, when a question has news. Clones are the same.
#[derive(Clone)]
pub(crate) struct Listener(Arc<Mutex<Option<Told>>>);

type Told = Box<dyn FnOnce() + Send>;

impl Listener {
    pub(crate) fn new(tell: impl FnOnce() + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::new(tell)))))
    }

    /// Tells it, if nobody has.
    pub(crate) fn tell(&self) {
        let told = self.0.lock().take();
        if let Some(told) = told {
            told();
        }
    }

    /// Has it told no more.
    pub(crate) fn take_back(&self) {
        let _taken_back = self.0.lock().take();
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
