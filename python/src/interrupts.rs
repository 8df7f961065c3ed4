//! Waits that signals interrupt, on the thread that runs their handlers.

use std::cell::{Cell, RefCell};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pyo3::prelude::*;
use wherever::{Error, Interrupt};

use crate::process;

/// How long is waited in one go for what tells nothing of signals.
const LOOK_EVERY: Duration = Duration::from_millis(50);

thread_local! {
    /// The life of the process, counted from one, in which it was found out whether this is the main thread; and whether.
    static KNOWN: Cell<(u32, bool)> = const { Cell::new((0, false)) };
    /// What a handler of a signal has raised in the middle of a wait.
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// Whether this is the thread that runs the handlers of signals.
fn is_main(py: Python<'_>) -> bool {
    let (life, is_main) = KNOWN.get();
    if life == process::life() + 1 { is_main } else { find_out(py) }
}

#[cold]
fn find_out(py: Python<'_>) -> bool {
    let find = || -> PyResult<bool> {
        let threading = py.import("threading")?;
        threading.call_method0("current_thread").and_then(|this| Ok(this.is(&threading.call_method0("main_thread")?)))
    };
    let is_main = find().unwrap_or(false);
    Interrupt::look_while_waiting(if is_main { Some(look) } else { None });
    KNOWN.set((process::life() + 1, is_main));
    is_main
}

/// Runs the handlers of the signals that have come; whether the wait is over by what one of them raised.
fn look() -> bool {
    if RAISED.with_borrow(Option::is_some) {
        return true;
    }
    let raised = process::attached(|py| py.check_signals().err()).flatten();
    let is_over = raised.is_some();
    RAISED.set(raised);
    is_over
}

/// Runs what may wait, without the interpreter's lock.
pub(crate) fn heeding<T: Send>(
    py: Python<'_>,
    act: impl Send + FnOnce() -> Result<T, Error>,
) -> PyResult<Result<T, Error>> {
    if !is_main(py) {
        return Ok(process::detached(py, act));
    }
    let done = process::detached(py, act);
    match RAISED.take() {
        Some(raised) => Err(raised),
        None => Ok(done),
    }
}

/// Runs what waits and knows nothing of signals, for no longer than this, on a thread of its own. What comes too late is
/// dropped there.
pub(crate) fn until<T: Send + 'static>(
    py: Python<'_>,
    time: Option<Duration>,
    act: impl FnOnce() -> T + Send + 'static,
) -> PyResult<Option<T>> {
    let end = time.and_then(|time| Instant::now().checked_add(time));
    if end.is_none() && !is_main(py) {
        return Ok(Some(process::detached(py, act)));
    }
    let (sender, receiver) = mpsc::channel();
    // What is sent to nobody is dropped.
    thread::Builder::new().spawn(move || drop(sender.send(act())))?;
    let receiver = Mutex::new(receiver);
    loop {
        let left = end.map_or(LOOK_EVERY, |end| end.saturating_duration_since(Instant::now()).min(LOOK_EVERY));
        match process::detached(py, || receiver.lock().recv_timeout(left)) {
            Ok(done) => return Ok(Some(done)),
            Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(None),
            Err(mpsc::RecvTimeoutError::Timeout) => py.check_signals()?,
        }
        if end.is_some_and(|end| end <= Instant::now()) {
            return Ok(None);
        }
    }
}
