//! What concerns the process as a whole: whether the interpreter is ending, and whether it was forked.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pyo3::prelude::*;
use wherever::error::Disconnected;
use wherever::{Error, Peer, WeakPeer};
use wherever_transports::Server;

use crate::errors;
use visits::Visit;

mod visits;

/// Which life of the process this is: it goes up with each fork, in the child.
static LIFE: AtomicU32 = AtomicU32::new(0);
/// Whether the interpreter is about to end: no thread but the one that ends it may enter it any more.
static ENDING: AtomicBool = AtomicBool::new(false);
/// Sessions that are to be closed when the interpreter ends; of those within the process, with the other end.
static PEERS: Mutex<Vec<(WeakPeer, Option<Peer>)>> = Mutex::new(Vec::new());
/// Servers that are to be stopped when the interpreter ends.
static SERVERS: Mutex<Vec<Weak<Server>>> = Mutex::new(Vec::new());

/// Time for telling all peers of the end. One that does not read may use it up.
const CLOSE_TIME: Duration = Duration::from_secs(1);
/// Time for what runs for peers to come back, before it is told to end, and after that.
const COME_BACK_TIME: Duration = Duration::from_millis(100);

/// Which life of the process this is: it goes up with each fork, in the child.
pub(crate) fn life() -> u32 {
    LIFE.load(Ordering::Relaxed)
}

/// The error for the use of what belongs to the process that this one was forked off.
pub(crate) fn forked() -> PyErr {
    errors::own(
        "Disconnected",
        "this process was forked off the one that has the session: what it held of the peer is dead here; \
         connect again, or hand over the work before the fork",
    )
}

/// What a call comes to that finds the interpreter ending: its session is about to be closed.
pub(crate) fn over() -> Error {
    Error::Disconnected(Arc::new(Disconnected {
        reason: "the interpreter ends".into(),
        may_have_run: false,
        hop: None,
    }))
}

/// Runs `act` with the interpreter, unless that is ending.
pub(crate) fn attached<R>(act: impl for<'py> FnOnce(Python<'py>) -> R) -> Option<R> {
    let _visit = Visit::begin()?;
    Python::try_attach(act)
}

/// Runs `act` without the interpreter's lock. Where the interpreter is ending meanwhile, a thread that is not the one to
/// end it does not come back: it has nothing to go on with, and the interpreter would end it in the middle of this code.
pub(crate) fn detached<T: Send>(py: Python<'_>, act: impl Send + FnOnce() -> T) -> T {
    let (done, _visit) = py.detach(|| (act(), Visit::begin_or_stay()));
    done
}

/// Has the session closed when the interpreter ends, if it is there by then. The other end, where it is of this process,
/// lives as long.
pub(crate) fn close_at_exit(peer: &Peer, other: Option<&Peer>) {
    // Dropped after the lock: what is looked at may be the last of a session, and what is over is.
    let mut looked_at = Vec::new();
    let mut is_over = |peer: &WeakPeer| {
        let peer = peer.upgrade();
        let is_over = peer.as_ref().is_none_or(|peer| peer.ended().is_some());
        looked_at.extend(peer);
        is_over
    };
    let over: Vec<_> = {
        let mut peers = PEERS.lock();
        peers.push((peer.downgrade(), other.cloned()));
        peers.extract_if(.., |(peer, _)| is_over(peer)).collect()
    };
    drop((over, looked_at));
}

/// Has the server stopped when the interpreter ends.
pub(crate) fn end_at_exit(server: &Arc<Server>) {
    let mut servers = SERVERS.lock();
    servers.retain(|server| server.strong_count() > 0);
    servers.push(Arc::downgrade(server));
}

/// Called when the interpreter is about to end: peers are told, and no thread of ours enters it afterwards.
#[pyfunction]
pub(crate) fn at_exit(py: Python<'_>) {
    let (peers, servers) = (std::mem::take(&mut *PEERS.lock()), std::mem::take(&mut *SERVERS.lock()));
    // From now on modules are taken apart: what is raised meanwhile must be known. It is if it was ever raised.
    let _ = errors::support(py, "Disconnected");
    visits::end_here();
    ENDING.store(true, Ordering::SeqCst);
    py.detach(|| {
        let (closed, all_closed) = mpsc::channel::<()>();
        let close = move || {
            for (peer, other) in &peers {
                peer.upgrade().iter().chain(other).for_each(|peer| peer.close("the interpreter ends"));
            }
            servers.iter().filter_map(Weak::upgrade).for_each(|server| server.stop(Duration::ZERO));
            drop(closed);
        };
        // Without a thread nobody is told, but by the end of the process.
        let _ = thread::Builder::new().name("wherever-exit".into()).spawn(close);
        // It is over when nobody is left to send.
        let _ = all_closed.recv_timeout(CLOSE_TIME);
        come_back();
    });
    visits::tell_to_end();
    py.detach(come_back);
}

fn come_back() {
    let until = Instant::now() + COME_BACK_TIME;
    while visits::are_any() && Instant::now() < until {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Called in a child made by fork: what it holds of peers is the parent's.
#[pyfunction]
pub(crate) fn after_fork() {
    LIFE.fetch_add(1, Ordering::Relaxed);
    wherever::drive::abandon_sessions();
    // If it fails, peers of the parent see its end late.
    let _ = wherever_transports::close_inherited();
    // They are the parent's. Nobody else had the locks: whoever forks has the interpreter's, and so had those who took them.
    std::mem::forget((std::mem::take(&mut *PEERS.lock()), std::mem::take(&mut *SERVERS.lock())));
    visits::forget();
}
