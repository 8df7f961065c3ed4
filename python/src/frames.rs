//! Places that an error came through: out of tracebacks, and as tracebacks.

use std::sync::Arc;
use std::thread;

use pyo3::prelude::*;
use pyo3::types::{PyCode, PyDict, PyList};
use wherever::error::FrameInfo;

use crate::process;

/// Places told of one error: of many, the outermost and the innermost half.
const FRAMES_MAX: usize = 128;

/// File, line, column, name and text of a place.
type Place = (String, u32, u32, String, String);

/// The places that an exception came through, the outermost first.
pub(crate) fn of(exception: &Bound<'_, PyAny>) -> Vec<FrameInfo> {
    let told = || -> PyResult<Vec<Place>> {
        exception.py().import("wherever._frames")?.call_method1("summary", (exception, FRAMES_MAX))?.extract()
    };
    let told = told().unwrap_or_default();
    let frame = |(file, line, column, name, text): Place| FrameInfo {
        file: Arc::from(file),
        line,
        column,
        name: Arc::from(name),
        text: Arc::from(text),
        ..FrameInfo::default()
    };
    told.into_iter().map(frame).collect()
}

/// Puts the places that an exception of this side came through elsewhere in front of its own traceback.
pub(crate) fn homeward(exception: &Bound<'_, PyAny>, frames: &[FrameInfo]) -> PyResult<()> {
    let told = PyList::new(exception.py(), frames.iter().map(place))?;
    exception.py().import("wherever._frames")?.call_method1("homeward", (exception, told))?;
    Ok(())
}

fn place(frame: &FrameInfo) -> (&str, u32, u32, &str, &str) {
    (&frame.file, frame.line, frame.column, &frame.name, &frame.text)
}

/// A traceback that shows these places.
pub(crate) fn traceback<'py>(
    py: Python<'py>,
    frames: &[FrameInfo],
    session: u64,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if frames.is_empty() {
        return Ok(None);
    }
    let told = PyList::new(py, frames.iter().map(place))?;
    let made = py.import("wherever._frames")?.call_method1("traceback", (told, session))?;
    Ok(Some(made).filter(|made| !made.is_none()))
}

/// A frame of this code that nobody called: what a traceback is made of. One that knew its caller would keep alive what
/// the callers hold. None while the interpreter ends.
#[pyfunction]
pub(crate) fn new_frame(code: &Bound<'_, PyCode>, globals: &Bound<'_, PyDict>) -> PyResult<Option<Py<PyAny>>> {
    let py = code.py();
    if cfg!(not(feature = "abi3")) && py.version_info() >= (3, 11) {
        return frame(code, globals).map(Some);
    }
    // A thread of its own has no callers, and no tracer.
    let (code, globals) = (code.clone().unbind(), globals.clone().unbind());
    let make = move || process::attached(|py| frame(code.bind(py), globals.bind(py)));
    let made = process::detached(py, || thread::Builder::new().spawn(make).map(thread::JoinHandle::join))?;
    made.unwrap_or_else(|panic| std::panic::resume_unwind(panic)).transpose()
}

/// A frame that has never run. Before 3.11 its caller is the frame that this thread is in.
#[cfg(not(feature = "abi3"))]
#[allow(unsafe_code, reason = "PyO3 has no call for it")]
fn frame(code: &Bound<'_, PyCode>, globals: &Bound<'_, PyDict>) -> PyResult<Py<PyAny>> {
    // SAFETY: the thread has a state, since it holds the interpreter's lock; the code is a code object and the globals
    // are a dict, as their types say; locals may be null. The result is a new reference or null with an error set.
    unsafe {
        let frame = pyo3::ffi::PyFrame_New(
            pyo3::ffi::PyThreadState_Get(),
            code.as_ptr().cast(),
            globals.as_ptr(),
            std::ptr::null_mut(),
        );
        Ok(Bound::from_owned_ptr_or_err(code.py(), frame.cast())?.unbind())
    }
}

/// Where the interpreter's version is not known, a frame can only be had by running code, which fails.
#[cfg(feature = "abi3")]
fn frame(code: &Bound<'_, PyCode>, globals: &Bound<'_, PyDict>) -> PyResult<Py<PyAny>> {
    use pyo3::types::PyCodeMethods as _;
    let py = code.py();
    let raised = code.run(Some(globals), None).err();
    let traceback = raised.and_then(|raised| raised.traceback(py));
    let traceback =
        traceback.ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("code that fails has not failed"))?;
    Ok(traceback.getattr("tb_frame")?.unbind())
}
