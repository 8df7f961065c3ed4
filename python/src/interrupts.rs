//! Waits that signals interrupt.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use pyo3::prelude::*;
use wherever::{Error, Interrupt};

/// Runs what may wait, without the interpreter's lock.
pub(crate) fn heeding<T: Send>(py: Python<'_>, act: impl Send + FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    py.detach(act)
}

/// What a handler of a signal raised while it was waited, if one did.
pub(crate) fn raised(_py: Python<'_>) -> Option<PyErr> {
    None
}

/// Runs what may wait, no longer than this.
pub(crate) fn within<T>(time: Duration, act: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let interrupt = Interrupt::new();
    let late = crate::timer::after(time, {
        let interrupt = interrupt.clone();
        move || interrupt.trigger()
    });
    let done = interrupt.scope(act);
    drop(late);
    match done {
        Err(Error::Interrupted) if interrupt.is_triggered() => {
            Err(Error::Deadline(format!("the result has not come in {time:?}").into()))
        }
        done => done,
    }
}

/// Waits for the end of something that knows no interrupts, and runs what handlers of signals there are meanwhile.
pub(crate) fn until(py: Python<'_>, ends: impl FnOnce() + Send + 'static) -> PyResult<()> {
    const LOOK: Duration = Duration::from_millis(50);
    let (sender, receiver) = mpsc::channel::<()>();
    thread::spawn(move || {
        ends();
        drop(sender);
    });
    let receiver = Mutex::new(receiver);
    loop {
        let waited = py.detach(|| receiver.lock().recv_timeout(LOOK));
        match waited {
            Err(mpsc::RecvTimeoutError::Timeout) => py.check_signals()?,
            _ => return Ok(()),
        }
    }
}
