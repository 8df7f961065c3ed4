//! What concerns the process as a whole: whether the interpreter is ending, and whether it was forked.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use pyo3::prelude::*;
use wherever::Peer;
use wherever_transports::Server;

use crate::errors;

static ENDING: AtomicBool = AtomicBool::new(false);
static LIFE: AtomicU32 = AtomicU32::new(0);
/// Sessions that are to be closed when the interpreter ends.
static PEERS: Mutex<Vec<Peer>> = Mutex::new(Vec::new());

/// Which life of the process this is: it goes up with each fork, in the child.
pub(crate) fn life() -> u32 {
    LIFE.load(Ordering::Relaxed)
}

/// Whether the interpreter is about to end: nothing may enter it any more from a thread that is not its own.
pub(crate) fn is_ending() -> bool {
    ENDING.load(Ordering::Acquire)
}

/// The error for the use of what belongs to the process that this one was forked off.
pub(crate) fn forked() -> PyErr {
    errors::own(
        "Disconnected",
        "this process was forked off the one that has the session: what it held of the peer is dead here; \
         connect again, or hand over the work before the fork",
    )
}

/// Runs `act` with the interpreter, unless that is ending.
pub(crate) fn attached<R>(act: impl for<'py> FnOnce(Python<'py>) -> R) -> Option<R> {
    if is_ending() {
        return None;
    }
    anchor();
    Python::try_attach(act)
}

thread_local! {
    static ANCHORED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Lets a thread that is not the interpreter's own keep its thread state: making one for each call would cost more than
/// the call.
fn anchor() {
    if ANCHORED.get() {
        return;
    }
    ANCHORED.set(true);
    keep_thread_state();
}

#[allow(unsafe_code, reason = "PyO3 has no call for it")]
fn keep_thread_state() {
    // SAFETY: the interpreter is initialised, since this library was loaded by it, and not ending, as the caller has
    // looked. `PyGILState_Ensure` may be called by any thread. Its state is not given back, which only says that the
    // thread's state is to be kept; saving the thread leaves the interpreter if this call entered it, and the state that
    // was there before is restored.
    unsafe {
        if pyo3::ffi::PyGILState_GetThisThreadState().is_null() {
            pyo3::ffi::PyGILState_Ensure();
            pyo3::ffi::PyEval_SaveThread();
        }
    }
}

/// Has the session closed when the interpreter ends.
pub(crate) fn close_at_exit(peer: &Peer) {
    let mut peers = PEERS.lock();
    peers.retain(|peer| peer.ended().is_none());
    peers.push(peer.clone());
}

/// Servers that are to be stopped when the interpreter ends.
static SERVERS: Mutex<Vec<Weak<Server>>> = Mutex::new(Vec::new());

/// Has the server stopped when the interpreter ends.
pub(crate) fn end_at_exit(server: &Arc<Server>) {
    let mut servers = SERVERS.lock();
    servers.retain(|server| server.strong_count() > 0);
    servers.push(Arc::downgrade(server));
}

/// Called when the interpreter is about to end: nothing of ours may enter it afterwards.
#[pyfunction]
pub(crate) fn at_exit(py: Python<'_>) {
    let (peers, servers) = (std::mem::take(&mut *PEERS.lock()), std::mem::take(&mut *SERVERS.lock()));
    ENDING.store(true, Ordering::Release);
    py.detach(|| {
        peers.iter().for_each(|peer| peer.close("the interpreter ends"));
        servers.iter().filter_map(Weak::upgrade).for_each(|server| server.stop(Duration::ZERO));
    });
}

/// Called in a child made by fork: what it holds of peers is the parent's.
#[pyfunction]
pub(crate) fn after_fork() {
    LIFE.fetch_add(1, Ordering::Relaxed);
}
