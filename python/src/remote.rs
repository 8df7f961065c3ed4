//! The proxy as a Python object: what every stand-in class of a remote type is derived from.

#[cfg(not(feature = "abi3"))]
use std::ffi::c_int;
use std::sync::OnceLock;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
#[cfg(not(feature = "abi3"))]
use pyo3::types::{PyByteArray, PyBytes};
use pyo3::types::{PyDict, PyString, PyTuple, PyType};
use wherever::{Operation, Proxy};

use crate::calls;
use crate::classes;
use crate::process;
use crate::values::{Takes, incoming, operand, outgoing};

/// A remote object, or an instance of a class of this side that derives from a remote one.
///
/// What it can do is in its class, which is made of the remote type's shape; what its class does not have is asked of the
/// object itself, if that may have attributes of its own.
#[pyclass(subclass, weakref, frozen, module = "wherever", name = "Remote")]
pub(crate) struct Remote {
    held: OnceLock<Held>,
}

/// The remote object, and the life of the process that it was received in.
pub(crate) struct Held {
    proxy: Option<Proxy>,
    life: u32,
}

impl Drop for Held {
    fn drop(&mut self) {
        // In a child made by fork the session is the parent's: its locks may be held by threads that are not here.
        if process::life() != self.life {
            std::mem::forget(self.proxy.take());
        }
    }
}

impl Remote {
    /// The remote object; `None` for an instance of a class of this side.
    ///
    /// # Errors
    /// `Disconnected` in a process that was forked off the one it belongs to.
    pub(crate) fn proxy(&self) -> PyResult<Option<&Proxy>> {
        match self.held.get() {
            Some(held) if held.life != process::life() => Err(process::forked()),
            Some(held) => Ok(held.proxy.as_ref()),
            None => Ok(None),
        }
    }

    /// Makes it the stand-in of this object; only the first time counts.
    pub(crate) fn hold(&self, proxy: Proxy) {
        let held = Held { proxy: Some(proxy), life: process::life() };
        // A second object could not be dropped into the first one's place: each instance is made for one.
        let _ = self.held.set(held);
    }
}

/// What the stand-ins of byte arrays are derived from: their bytes can be read as those of a builtin one.
#[pyclass(extends = Remote, subclass, weakref, frozen, module = "wherever", name = "RemoteBuffer")]
pub(crate) struct RemoteBuffer;

#[pymethods]
impl RemoteBuffer {
    #[new]
    #[pyo3(signature = (*args, **named))]
    fn new(args: &Bound<'_, PyTuple>, named: Option<&Bound<'_, PyDict>>) -> PyClassInitializer<Self> {
        PyClassInitializer::from(Remote::new(args, named)).add_subclass(Self)
    }

    /// A view of a copy of the bytes, which cannot be written to. It is the copy's own, so that nothing is told to the
    /// owner when it is released.
    #[cfg(not(feature = "abi3"))]
    #[allow(unsafe_code, reason = "a buffer is handed out through a structure of C")]
    unsafe fn __getbuffer__(slf: &Bound<'_, Self>, view: *mut pyo3::ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let py = slf.py();
        let bytes = crate::whole::shallow(py, slf.as_super().get().proxy()?.ok_or_else(unmade)?)?;
        let bytes = PyBytes::new(py, &bytes.bind(py).cast::<PyByteArray>()?.to_vec());
        // SAFETY: the interpreter gives a structure to fill in; the bytes fill it in, and are kept alive by it.
        match unsafe { pyo3::ffi::PyObject_GetBuffer(bytes.as_ptr(), view, flags) } {
            0 => Ok(()),
            _ => Err(PyErr::fetch(py)),
        }
    }
}

#[cfg(not(feature = "abi3"))]
fn unmade() -> PyErr {
    PyTypeError::new_err("no remote byte array")
}

/// The remote object behind a Python object, if it is a stand-in of one.
pub(crate) fn proxy_of(object: &Bound<'_, PyAny>) -> PyResult<Option<Proxy>> {
    match object.cast::<Remote>() {
        Ok(remote) => Ok(remote.get().proxy()?.cloned()),
        Err(_) => Ok(None),
    }
}

/// Whether it is an instance of a class of this side that derives from a remote one.
pub(crate) fn is_of_this_side(object: &Bound<'_, PyAny>) -> bool {
    object.cast::<Remote>().is_ok_and(|remote| remote.get().held.get().is_none())
}

/// Whether attributes that the shape does not tell of may be asked for: never hooks of this side's runtime.
fn may_ask(proxy: &Proxy, name: &str) -> bool {
    let shape = proxy.shape();
    if shape.is_closed() {
        return false;
    }
    match classes::hooks::is_special(name) {
        false => true,
        // Libraries look for many of them in any object; only the interpreter's own types have more than the first.
        true => name == "__dict__" || (shape.name().starts_with("python:builtins.") && !classes::hooks::is_hook(name)),
    }
}

#[pymethods]
impl Remote {
    #[new]
    #[pyo3(signature = (*_args, **_named))]
    fn new(_args: &Bound<'_, PyTuple>, _named: Option<&Bound<'_, PyDict>>) -> Self {
        Self { held: OnceLock::new() }
    }

    fn __getattr__(slf: &Bound<'_, Self>, name: &Bound<'_, PyString>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let text = name.to_str()?;
        match slf.get().proxy()? {
            Some(proxy) if may_ask(proxy, text) => calls::get(py, proxy, text),
            Some(_) => Err(calls::missing(slf.as_any(), text)),
            None => calls::inherited_attribute(slf, text),
        }
    }

    fn __setattr__(slf: &Bound<'_, Self>, name: &Bound<'_, PyString>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        match slf.get().proxy()? {
            Some(_) if classes::hooks::is_hook(name.to_str()?) => Err(calls::refused(slf.as_any(), name.to_str()?)),
            // Only a dict of its own side will do.
            Some(proxy) if name.to_str()? == "__dict__" => calls::set(slf.py(), proxy, "__dict__", operand(value)?),
            Some(proxy) => calls::set(slf.py(), proxy, name.to_str()?, outgoing(value)?),
            None => calls::set_own(slf.as_any(), name, Some(value)),
        }
    }

    fn __delattr__(slf: &Bound<'_, Self>, name: &Bound<'_, PyString>) -> PyResult<()> {
        match slf.get().proxy()? {
            Some(_) if classes::hooks::is_hook(name.to_str()?) => Err(calls::refused(slf.as_any(), name.to_str()?)),
            Some(proxy) => calls::delete(slf.py(), proxy, name.to_str()?),
            None => calls::set_own(slf.as_any(), name, None),
        }
    }

    fn __dir__(slf: &Bound<'_, Self>) -> PyResult<Vec<String>> {
        let Some(proxy) = slf.get().proxy()?.cloned() else { return calls::dir_own(slf.as_any()) };
        let closed = proxy.shape().is_closed();
        let mut names = calls::wait(slf.py(), move || proxy.dir())?;
        if closed {
            // What every object has is in no shape.
            names.extend(calls::dir_of_object(slf.py())?);
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn __reduce_ex__(slf: &Bound<'_, Self>, _protocol: &Bound<'_, PyAny>) -> PyResult<()> {
        let kind = slf.get_type().name()?;
        Err(PyTypeError::new_err(format!(
            "a remote {kind} cannot be pickled: it stays where it is; wherever.copy gives a copy, where one can be made"
        )))
    }

    fn __copy__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        match slf.get().proxy()?.cloned() {
            Some(proxy) => calls::copied_here(slf.as_any(), &proxy, false),
            None => Err(PyTypeError::new_err("an instance of a class that derives from a remote one cannot be copied")),
        }
    }

    fn __deepcopy__(slf: &Bound<'_, Self>, _memo: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        match slf.get().proxy()?.cloned() {
            Some(proxy) => calls::copied_here(slf.as_any(), &proxy, true),
            None => Err(PyTypeError::new_err("an instance of a class that derives from a remote one cannot be copied")),
        }
    }
}

/// An attribute of a remote object, asked for over there: for the Python side.
#[pyfunction]
pub(crate) fn get(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Py<PyAny>> {
    match proxy_of(object)? {
        Some(proxy) => calls::get(object.py(), &proxy, name),
        None => Err(calls::missing(object, name)),
    }
}

/// The signature of a remote function as text: for the Python side.
#[pyfunction]
pub(crate) fn signature_text(object: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    get(object, "__signature__")
}

/// One operation, by its code in the protocol, asked of a remote object or of a member of a class: past what its class here
/// has, so that it can be seen what its owner makes of it.
#[pyfunction]
#[pyo3(signature = (object, operation, member=None, *args))]
pub(crate) fn request(
    object: &Bound<'_, PyAny>,
    operation: u8,
    member: Option<&str>,
    args: &Bound<'_, PyTuple>,
) -> PyResult<Py<PyAny>> {
    let py = object.py();
    let operation = Operation::from_code(operation).ok_or_else(|| PyTypeError::new_err("no operation of this code"))?;
    let proxy = match object.cast::<PyType>() {
        Ok(class) => classes::far(class)?,
        Err(_) => {
            let proxy = proxy_of(object)?.or(crate::errors::proxy_of_error(object)?);
            proxy.ok_or_else(|| PyTypeError::new_err("no remote object"))?
        }
    };
    let mut call = proxy.request(operation).args(calls::arguments(args, None, Takes::References)?);
    if let Some(member) = member {
        call = call.member(member);
    }
    match operation {
        Operation::Iterate | Operation::Whole => {
            let first = calls::wait(py, move || call.stream(1)?.next().transpose())?;
            first.map_or_else(|| Ok(py.None()), |item| incoming(py, item))
        }
        _ => calls::perform(py, call),
    }
}
