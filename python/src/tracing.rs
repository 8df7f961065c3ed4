//! What a debugger needs of the interpreter that Python code cannot have: to run something in the main thread, whatever
//! that is in the middle of, and to be told of the calls of peers, which come by threads that Python has not made.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// What waits to be run in the main thread.
static WAITING: Mutex<Vec<Py<PyAny>>> = Mutex::new(Vec::new());
/// Whether there is somebody to tell of calls.
static IS_TOLD: AtomicBool = AtomicBool::new(false);
/// Whom to tell of calls.
static TOLD: Mutex<Option<Py<PyAny>>> = Mutex::new(None);

/// Has the main thread call this, between two instructions of the code that it runs. A wait in the operating system is
/// not cut short.
#[pyfunction]
#[allow(unsafe_code, reason = "PyO3 has no call for it")]
pub(crate) fn in_main_thread(act: Py<PyAny>) -> PyResult<()> {
    WAITING.lock().push(act);
    // SAFETY: the function may be called at any time by a thread that has the interpreter, and needs no argument.
    match unsafe { pyo3::ffi::Py_AddPendingCall(Some(run_waiting), std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(PyRuntimeError::new_err("too much waits to be run in the main thread: try again")),
    }
}

extern "C" fn run_waiting(_: *mut c_void) -> c_int {
    Python::attach(|py| {
        let acts = std::mem::take(&mut *WAITING.lock());
        for act in acts {
            if let Err(error) = act.call0(py) {
                error.write_unraisable(py, None);
            }
        }
    });
    0
}

/// Has this called with `True` before each call of a peer, on the thread that serves it; if it gives something true,
/// with `False` behind that.
#[pyfunction]
#[pyo3(signature = (told))]
pub(crate) fn tell_of_calls(told: Option<Py<PyAny>>) {
    IS_TOLD.store(told.is_some(), Ordering::Relaxed);
    let before = std::mem::replace(&mut *TOLD.lock(), told);
    drop(before);
}

/// Serves a call of a peer's, and tells of it whom that concerns.
pub(crate) fn told<R>(py: Python<'_>, serve: impl FnOnce() -> R) -> R {
    if !IS_TOLD.load(Ordering::Relaxed) {
        return serve();
    }
    let Some(told) = TOLD.lock().as_ref().map(|told| told.clone_ref(py)) else { return serve() };
    let tell = |begins: bool| match told.call1(py, (begins,)).and_then(|given| given.is_truthy(py)) {
        Ok(given) => given,
        Err(error) => {
            error.write_unraisable(py, None);
            false
        }
    };
    let is_wanted = tell(true);
    let served = serve();
    if is_wanted {
        tell(false);
    }
    served
}
