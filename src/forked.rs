//! Sessions of the process that this one was forked off: their threads and their peers' other ends are there.

use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers sessions apart within the process, so that a handle is never taken for one of another session.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// The number of the first session that this process has made itself.
static FIRST: AtomicU64 = AtomicU64::new(0);

/// A number for a session.
pub(crate) fn number_session() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Says that this process was just forked off another: sessions that it finds itself with are that one's. Calls on their
/// objects and names fail from now on, and nothing that is dropped of them does anything: their locks may be held by
/// threads that are not here, and their peers are the other process's. What else there is of them must not be used, nor a
/// peer or a node be dropped. Nodes that were made before have no threads here: make new ones.
pub fn abandon_sessions() {
    FIRST.store(NEXT.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// Whether a session is of another process.
pub(crate) fn is_abandoned(session: u64) -> bool {
    session < FIRST.load(Ordering::Relaxed)
}
