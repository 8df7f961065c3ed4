//! Places that an error came through: out of tracebacks, and as tracebacks.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyList;
use wherever::error::FrameInfo;

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

/// A frame of this code that has never run: what a traceback is made of.
#[cfg(not(feature = "abi3"))]
#[pyfunction]
#[allow(unsafe_code, reason = "PyO3 has no call for it")]
pub(crate) fn new_frame(code: &Bound<'_, PyAny>, globals: &Bound<'_, pyo3::types::PyDict>) -> PyResult<Py<PyAny>> {
    let py = code.py();
    let code = code.cast::<pyo3::types::PyCode>()?;
    // SAFETY: the thread has a state, since it holds the interpreter's lock; the code is a code object and the globals
    // are a dict, as their types say; locals may be null. The result is a new reference or null with an error set.
    unsafe {
        let frame = pyo3::ffi::PyFrame_New(
            pyo3::ffi::PyThreadState_Get(),
            code.as_ptr().cast(),
            globals.as_ptr(),
            std::ptr::null_mut(),
        );
        Ok(Bound::from_owned_ptr_or_err(py, frame.cast())?.unbind())
    }
}

/// Where the interpreter's version is not known, a frame can only be had by running code.
#[cfg(feature = "abi3")]
#[pyfunction]
pub(crate) fn new_frame(_code: &Bound<'_, PyAny>, _globals: &Bound<'_, pyo3::types::PyDict>) -> PyResult<Py<PyAny>> {
    Err(pyo3::exceptions::PyNotImplementedError::new_err("frames are not made by the stable interface"))
}
