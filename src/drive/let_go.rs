//! What was let go: ids whose last handle was dropped, until the session takes note of them.

#[cfg(all(test, shuttle))]
mod model;

use std::collections::BTreeSet;

use crate::sync::{AtomicBool, Mutex, Ordering};
use crate::table::Id;

/// Ids whose last handle was dropped, each once. It has a lock of its own, so that dropping a proxy waits for nothing.
#[derive(Default)]
pub(crate) struct LetGo {
    ids: Mutex<BTreeSet<Id>>,
    /// Whether there are any: looked at without the lock, since mostly there are none.
    any: AtomicBool,
}

impl LetGo {
    /// Notes an id; whether there was none before.
    pub(crate) fn push(&self, id: Id) -> bool {
        let mut ids = self.ids.lock();
        let is_first = ids.is_empty();
        ids.insert(id);
        // In one order with the ticker's mark: it looks here after it has taken that off, and we look there after this.
        self.any.store(true, Ordering::SeqCst);
        is_first
    }

    /// Takes all that were noted.
    pub(crate) fn take(&self) -> BTreeSet<Id> {
        if self.is_empty() {
            return BTreeSet::new();
        }
        let mut ids = self.ids.lock();
        self.any.store(false, Ordering::Release);
        std::mem::take(&mut ids)
    }

    /// Whether none is noted.
    pub(crate) fn is_empty(&self) -> bool {
        !self.any.load(Ordering::SeqCst)
    }
}
