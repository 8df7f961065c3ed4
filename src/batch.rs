//! A batch: calls that leave together.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::drive::Hub;
use crate::session::Session;

thread_local! {
    /// The batches that the present thread has open.
    static OPEN: RefCell<Vec<Open>> = const { RefCell::new(Vec::new()) };
}

/// A thread's batch for one session. One within another is the same: what was called first leaves first.
struct Open {
    session: u64,
    batch: u64,
    depth: u32,
}

/// An open batch. It ends when it is sent, or dropped.
pub struct Batch {
    hub: Arc<Hub>,
    /// A batch belongs to the thread that opened it.
    _thread: PhantomData<*const ()>,
}

impl Batch {
    pub(crate) fn open(hub: &Arc<Hub>) -> Self {
        let session = hub.number();
        let is_within = OPEN.with(|open| {
            let mut open = open.borrow_mut();
            let outer = open.iter_mut().find(|outer| outer.session == session);
            outer.map(|outer| outer.depth += 1).is_some()
        });
        if !is_within {
            let batch = hub.with(Session::begin_batch);
            OPEN.with(|open| open.borrow_mut().push(Open { session, batch, depth: 1 }));
        }
        Self { hub: hub.clone(), _thread: PhantomData }
    }

    /// Ends the batch: what it holds leaves now.
    pub fn send(self) {}

    /// The batch that the present thread has open for this session.
    pub(crate) fn of_thread(session: u64) -> Option<u64> {
        let find = |open: &RefCell<Vec<Open>>| {
            open.borrow().iter().find(|open| open.session == session).map(|open| open.batch)
        };
        OPEN.try_with(find).ok().flatten()
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let session = self.hub.number();
        let ended = OPEN.with(|open| {
            let mut open = open.borrow_mut();
            let place = open.iter().position(|open| open.session == session)?;
            open[place].depth -= 1;
            let is_outermost = open[place].depth == 0;
            let batch = open[place].batch;
            if is_outermost {
                open.remove(place);
            }
            Some((batch, is_outermost))
        });
        match ended {
            Some((batch, true)) => self.hub.with(|session| session.end_batch(batch)),
            // An inner one leaves, with what was called before it; the outer one goes on.
            Some((batch, false)) => self.hub.with(|session| session.flush_batch(batch)),
            None => {}
        }
        self.hub.kick();
    }
}
