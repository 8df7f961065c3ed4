//! A batch: calls that leave together.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::drive::Hub;
use crate::session::Session;

thread_local! {
    /// Sessions that the present thread has a batch open for.
    static OPEN: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// An open batch. It ends when it is sent, or dropped.
pub struct Batch {
    hub: Arc<Hub>,
    /// A batch belongs to the thread that opened it.
    _thread: PhantomData<*const ()>,
}

impl Batch {
    pub(crate) fn open(hub: &Arc<Hub>) -> Self {
        hub.with(Session::begin_batch);
        OPEN.with(|open| open.borrow_mut().push(hub.number()));
        Self { hub: hub.clone(), _thread: PhantomData }
    }

    /// Ends the batch: what it holds leaves now.
    pub fn send(self) {}

    /// Whether the present thread has a batch open for this session.
    pub(crate) fn is_open(session: u64) -> bool {
        OPEN.try_with(|open| open.borrow().contains(&session)).unwrap_or(false)
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let number = self.hub.number();
        OPEN.with(|open| {
            let mut open = open.borrow_mut();
            if let Some(place) = open.iter().rposition(|session| *session == number) {
                open.remove(place);
            }
        });
        self.hub.with(Session::end_batch);
        self.hub.kick();
    }
}
