//! Places that an error came through: out of tracebacks, and as tracebacks of real frames.

use std::sync::Arc;
use std::thread;

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyCode, PyDict, PyList, PyTuple};
use wherever::error::FrameInfo;
use wherever::{Arguments, Operation, Proxy, Value};

use crate::calls;
use crate::process;
use crate::remote::proxy_of;
use crate::values::outgoing;

/// Places told of one error: of many, the outermost and the innermost half.
const FRAMES_MAX: usize = 128;

/// File, line, column, end line, end column, name, first line, text, signature, stack and index of a place, and whether it
/// is the call of an exported member.
type Place<'py> = (String, u32, u32, u32, u32, String, u32, String, String, Option<Bound<'py, PyAny>>, u32, bool);

/// The stack of a peer's that a frame belongs to: what there is to the frame is asked of it.
#[pyclass(frozen, weakref, module = "wherever", name = "FrameOwner")]
pub(crate) struct FrameOwner {
    proxy: Option<Proxy>,
    life: u32,
}

#[pymethods]
impl FrameOwner {
    /// Of the object that stands for a remote stack.
    #[new]
    fn new(stack: &Bound<'_, PyAny>) -> PyResult<Self> {
        let proxy = proxy_of(stack)?.ok_or_else(|| PyTypeError::new_err("no remote stack"))?;
        Ok(Self { proxy: Some(proxy), life: process::life() })
    }

    /// Whether the stack has such a member, which is known without asking it.
    fn has(&self, member: &str) -> bool {
        self.proxy.as_ref().is_some_and(|proxy| proxy.shape().find(member).is_some())
    }

    /// What this member of the stack gives.
    #[pyo3(signature = (member, *args))]
    fn call(&self, py: Python<'_>, member: &str, args: &Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> {
        let proxy = self.proxy.as_ref().filter(|_| self.life == process::life()).ok_or_else(process::forked)?;
        let positional = args.iter().map(|arg| outgoing(&arg)).collect::<PyResult<_>>()?;
        let arguments = Arguments { positional, named: Vec::new() };
        calls::perform(py, proxy.request(Operation::Call).member(member).args(arguments))
    }
}

impl Drop for FrameOwner {
    fn drop(&mut self) {
        if self.life != process::life() {
            std::mem::forget(self.proxy.take());
        }
    }
}

impl FrameOwner {
    /// For the Python side; none where nobody has more of the frame.
    fn of<'py>(py: Python<'py>, stack: Option<&Value>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(Value::Ref(reference)) = stack else { return Ok(None) };
        let owner = Self { proxy: Some(Proxy::from(reference.clone())), life: process::life() };
        Ok(Some(Bound::new(py, owner)?.into_any()))
    }
}

/// The places that an exception came through, the outermost first.
pub(crate) fn of(exception: &Bound<'_, PyAny>) -> Vec<FrameInfo> {
    let told = || -> PyResult<Vec<Bound<'_, PyAny>>> {
        exception.py().import("wherever._stack")?.call_method1("summary", (exception, FRAMES_MAX))?.extract()
    };
    // The frames of this side are in one stack.
    let mut last: Option<(usize, Value)> = None;
    let mut value_of = |stack: Bound<'_, PyAny>| -> Option<Value> {
        if let Ok(owner) = stack.cast::<FrameOwner>() {
            return owner.get().proxy.clone().filter(|_| owner.get().life == process::life()).map(Value::from);
        }
        let at = stack.as_ptr() as usize;
        if last.as_ref().is_none_or(|(known, _)| *known != at) {
            last = Some((at, outgoing(&stack).ok()?));
        }
        last.as_ref().map(|(_, value)| value.clone())
    };
    let mut frame = |place: Bound<'_, PyAny>| -> PyResult<FrameInfo> {
        let (file, line, column, end_line, end_column, name, first_line, text, signature, stack, index, exported) =
            place.extract::<Place<'_>>()?;
        Ok(FrameInfo {
            file: Arc::from(file),
            line,
            column,
            name: Arc::from(name),
            text: Arc::from(text),
            signature: Arc::from(signature),
            first_line,
            end_line,
            end_column,
            stack: stack.and_then(&mut value_of),
            index,
            exported,
        })
    };
    told().unwrap_or_default().into_iter().filter_map(|place| frame(place).ok()).collect()
}

/// The places for the Python side; frames of one stack have one owner.
fn places<'py>(py: Python<'py>, frames: &[FrameInfo]) -> PyResult<Bound<'py, PyList>> {
    let told = PyList::empty(py);
    let mut last: Option<(&Value, Option<Bound<'py, PyAny>>)> = None;
    for frame in frames {
        let owner = match (&frame.stack, &last) {
            (Some(stack), Some((known, owner))) if *known == stack => owner.clone(),
            (stack, _) => FrameOwner::of(py, stack.as_ref())?,
        };
        told.append((
            &*frame.file,
            frame.line,
            frame.column,
            frame.end_line,
            frame.end_column,
            &*frame.name,
            frame.first_line,
            &*frame.text,
            &*frame.signature,
            &owner,
            frame.index,
            frame.exported,
        ))?;
        last = frame.stack.as_ref().map(|stack| (stack, owner));
    }
    Ok(told)
}

/// Puts the places that an exception of this side came through elsewhere in front of its own traceback.
pub(crate) fn homeward(exception: &Bound<'_, PyAny>, frames: &[FrameInfo]) -> PyResult<()> {
    let told = places(exception.py(), frames)?;
    exception.py().import("wherever._frames")?.call_method1("homeward", (exception, told))?;
    Ok(())
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
    let made = py.import("wherever._frames")?.call_method1("traceback", (places(py, frames)?, session))?;
    Ok(Some(made).filter(|made| !made.is_none()))
}

/// A frame of this code that nobody called: what a traceback is made of. One that knew its caller would keep alive what
/// the callers hold. None while the interpreter ends.
#[pyfunction]
pub(crate) fn new_frame(
    code: &Bound<'_, PyCode>,
    globals: &Bound<'_, PyDict>,
    locals: &Bound<'_, PyAny>,
    arguments: &Bound<'_, PyTuple>,
    named: &Bound<'_, PyTuple>,
) -> PyResult<Option<Py<PyAny>>> {
    let py = code.py();
    #[cfg(not(feature = "abi3"))]
    if py.version_info() >= (3, 11) {
        return unrun(code, globals, locals).map(Some);
    }
    // A thread of its own has no callers, and no tracer.
    let (code, globals, locals) = (code.clone().unbind(), globals.clone().unbind(), locals.clone().unbind());
    let (arguments, named) = (arguments.clone().unbind(), named.clone().unbind());
    let make = move || {
        process::attached(|py| {
            failed(code.bind(py), globals.bind(py), locals.bind(py), arguments.bind(py), named.bind(py))
        })
    };
    let made = process::detached(py, || thread::Builder::new().spawn(make).map(thread::JoinHandle::join))?;
    made.unwrap_or_else(|panic| std::panic::resume_unwind(panic)).transpose()
}

/// A frame that has never run.
#[cfg(not(feature = "abi3"))]
#[allow(unsafe_code, reason = "PyO3 has no call for it")]
fn unrun(code: &Bound<'_, PyCode>, globals: &Bound<'_, PyDict>, locals: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    // SAFETY: the thread has a state, since it holds the interpreter's lock; the code is a code object and the globals
    // are a dict, as their types say; locals may be any object. The result is a new reference or null with an error set.
    unsafe {
        let frame = pyo3::ffi::PyFrame_New(
            pyo3::ffi::PyThreadState_Get(),
            code.as_ptr().cast(),
            globals.as_ptr(),
            locals.as_ptr(),
        );
        Ok(Bound::from_owned_ptr_or_err(code.py(), frame.cast())?.unbind())
    }
}

/// A frame whose code has run, and failed: where frames that have not do not know their line, or where the interpreter's
/// version is not known.
#[allow(unsafe_code, reason = "PyO3 has no call for it")]
fn failed(
    code: &Bound<'_, PyCode>,
    globals: &Bound<'_, PyDict>,
    locals: &Bound<'_, PyAny>,
    arguments: &Bound<'_, PyTuple>,
    named: &Bound<'_, PyTuple>,
) -> PyResult<Py<PyAny>> {
    let py = code.py();
    let pointers = |items: &Bound<'_, PyTuple>| items.iter().map(|item| item.as_ptr()).collect::<Vec<_>>();
    let (arguments_at, named_at) = (pointers(arguments), pointers(named));
    let counts = (i32::try_from(arguments_at.len())?, i32::try_from(named_at.len() / 2)?);
    let null = std::ptr::null_mut();
    // SAFETY: the arrays are as long as is said, and the tuples hold what is in them; names and values of named arguments
    // alternate. There are no defaults and no closure. The result is a new reference or null with an error set.
    let made = unsafe {
        let made = pyo3::ffi::PyEval_EvalCodeEx(
            code.as_ptr(),
            globals.as_ptr(),
            locals.as_ptr(),
            arguments_at.as_ptr(),
            counts.0,
            named_at.as_ptr(),
            counts.1,
            std::ptr::null(),
            0,
            null,
            null,
        );
        Bound::from_owned_ptr_or_err(py, made)
    };
    let traceback = made.err().and_then(|raised| raised.traceback(py));
    let traceback = traceback.ok_or_else(|| PyRuntimeError::new_err("code that fails has not failed"))?;
    Ok(traceback.getattr("tb_frame")?.unbind())
}
