//! How use becomes a call: arguments out, the wait without the interpreter's lock, the result in.

use std::cell::Cell;

use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};
use wherever::{Arguments, CallBuilder, Error, Operation, Proxy, Value};

use crate::classes;
use crate::errors::to_python;
use crate::remote::Remote;
use crate::values::{Takes, incoming, outgoing};

thread_local! {
    /// How often this thread has waited for a peer.
    static WAITS: Cell<u64> = const { Cell::new(0) };
}

/// A number that changes when this thread asks a peer for something: for the Python side.
#[pyfunction]
pub(crate) fn waits() -> u64 {
    WAITS.get()
}

/// Runs what may wait without the interpreter's lock.
pub(crate) fn wait<T: Send>(py: Python<'_>, act: impl Send + FnOnce() -> Result<T, Error>) -> PyResult<T> {
    answer(py, act)?.map_err(|error| to_python(py, error))
}

/// As [`wait`], for whoever looks at the error itself.
pub(crate) fn answer<T: Send>(
    py: Python<'_>,
    act: impl Send + FnOnce() -> Result<T, Error>,
) -> PyResult<Result<T, Error>> {
    WAITS.set(WAITS.get().wrapping_add(1));
    crate::interrupts::heeding(py, act)
}

/// Makes the call, waits for its result, and gives that as a Python object.
pub(crate) fn perform(py: Python<'_>, call: CallBuilder) -> PyResult<Py<PyAny>> {
    let value = wait(py, move || call.send())?;
    incoming(py, value)
}

/// As [`perform`], for an operator of a runtime that has no special methods: what it does not support is for the other
/// operand to do.
pub(crate) fn operator(py: Python<'_>, call: CallBuilder, operation: Operation) -> PyResult<Py<PyAny>> {
    if operation != Operation::Binary {
        return perform(py, call);
    }
    match answer(py, move || call.send())? {
        Ok(value) => incoming(py, value),
        Err(Error::NotSupported { .. }) => Ok(py.NotImplemented()),
        Err(error) => Err(to_python(py, error)),
    }
}

/// Reads an attribute.
pub(crate) fn get(py: Python<'_>, proxy: &Proxy, name: &str) -> PyResult<Py<PyAny>> {
    perform(py, proxy.request(Operation::Get).member(name))
}

/// Writes an attribute.
pub(crate) fn set(py: Python<'_>, proxy: &Proxy, name: &str, value: Value) -> PyResult<()> {
    let call = proxy.request(Operation::Set).member(name).args(Arguments::from(vec![value]));
    wait(py, move || call.send()).map(|_| ())
}

/// Deletes an attribute.
pub(crate) fn delete(py: Python<'_>, proxy: &Proxy, name: &str) -> PyResult<()> {
    let call = proxy.request(Operation::Delete).member(name);
    wait(py, move || call.send()).map(|_| ())
}

/// Arguments as they are sent.
pub(crate) fn arguments(
    args: &Bound<'_, PyTuple>,
    named: Option<&Bound<'_, PyDict>>,
    takes: Takes,
) -> PyResult<Arguments> {
    let positional = args.iter().map(|arg| takes.value(&arg)).collect::<PyResult<_>>()?;
    let mut arguments = Arguments { positional, named: Vec::new() };
    for (name, value) in named.into_iter().flatten() {
        arguments.named.push((name.cast::<PyString>()?.to_str()?.into(), outgoing(&value)?));
    }
    Ok(arguments)
}

/// How a method takes containers of this side: a special method's arguments are operands.
pub(crate) fn takes(name: &str) -> Takes {
    const OTHERS: &[&str] = &[
        "__getitem__",
        "__setitem__",
        "__delitem__",
        "__call__",
        "__init__",
        "__enter__",
        "__exit__",
        "__aenter__",
        "__aexit__",
        "__class_getitem__",
        "__missing__",
        "__contains__",
        "__format__",
        "__round__",
    ];
    match classes::hooks::is_special(name) && !OTHERS.contains(&name) {
        true => Takes::Operands,
        false => Takes::References,
    }
}

/// The error for an attribute that is not there.
pub(crate) fn missing(object: &Bound<'_, PyAny>, name: &str) -> PyErr {
    let kind = object.get_type().qualname().map_or_else(|_| "object".to_owned(), |name| name.to_string());
    let error = PyAttributeError::new_err(format!("'{kind}' object has no attribute '{name}'"));
    let value = error.value(object.py());
    // What suggests a better name reads these; without them the error is still right.
    let _ = value.setattr("name", name).and_then(|()| value.setattr("obj", object));
    error
}

/// An attribute that an instance of this side has from a remote base: what the class over there has.
pub(crate) fn inherited_attribute(slf: &Bound<'_, Remote>, name: &str) -> PyResult<Py<PyAny>> {
    Err(missing(slf.as_any(), name))
}

/// What a remote class's attribute is for an instance of this side.
pub(crate) fn inherited_value(
    owner: Option<&Bound<'_, PyType>>,
    instance: &Bound<'_, PyAny>,
    name: &str,
) -> PyResult<Py<PyAny>> {
    let Some(owner) = owner else { return Err(missing(instance, name)) };
    if let Ok(own) = instance.getattr("__dict__").and_then(|own| own.get_item(name)) {
        return Ok(own.unbind());
    }
    let found = get(instance.py(), &classes::far(owner)?, name)?;
    let found = found.bind(instance.py());
    // A property over there runs over there, with the instance of this side as its own self.
    match found.getattr("fget") {
        Ok(read) if !read.is_none() => read.call1((instance,)).map(Bound::unbind),
        _ => Ok(found.clone().unbind()),
    }
}

/// Writes or deletes an attribute of an instance of this side.
#[allow(unsafe_code, reason = "PyO3 has no call for the default way of setting an attribute")]
pub(crate) fn set_own(
    object: &Bound<'_, PyAny>,
    name: &Bound<'_, PyString>,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let value = value.map_or(std::ptr::null_mut(), Bound::as_ptr);
    // SAFETY: both pointers are of live objects that the caller holds, `value` may be null, which deletes.
    let done = unsafe { pyo3::ffi::PyObject_GenericSetAttr(object.as_ptr(), name.as_ptr(), value) };
    if done == 0 { Ok(()) } else { Err(PyErr::fetch(object.py())) }
}

/// The error for an attribute that means something to the interpreter, and is not for others to set.
pub(crate) fn refused(object: &Bound<'_, PyAny>, name: &str) -> PyErr {
    let kind = object.get_type().qualname().map_or_else(|_| "object".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("'{name}' of a remote {kind} cannot be set or deleted from here"))
}

/// Names of what every object has.
pub(crate) fn dir_of_object(py: Python<'_>) -> PyResult<Vec<String>> {
    py.import("builtins")?.getattr("object")?.dir()?.extract()
}

/// Writes an attribute of an instance of this side that a remote base has under its name.
pub(crate) fn set_inherited(
    owner: &Bound<'_, PyType>,
    instance: &Bound<'_, PyAny>,
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = instance.py();
    let found = get(py, &classes::far(owner)?, name)?;
    match found.bind(py).getattr("fset") {
        Ok(write) if !write.is_none() => write.call1((instance, value)).map(|_| ()),
        _ => instance.getattr("__dict__")?.set_item(name, value),
    }
}

/// Names of the attributes of an instance of this side.
pub(crate) fn dir_own(object: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let py = object.py();
    let names = py.import("builtins")?.getattr("object")?.call_method1("__dir__", (object,))?;
    names.extract()
}

/// A copy of a remote object that lives here, made without running anything that the peer chose.
pub(crate) fn copied_here(object: &Bound<'_, PyAny>, proxy: &Proxy, deep: bool) -> PyResult<Py<PyAny>> {
    let py = object.py();
    if !proxy.shape().category().is_container() && !crate::whole::has_buffer(proxy) {
        let kind = object.get_type().qualname()?;
        return Err(PyTypeError::new_err(format!(
            "a remote {kind} cannot be copied: it is no container, and of no value type; \
             wherever.value_type on both sides makes it one"
        )));
    }
    if deep { crate::whole::deep(object, proxy) } else { crate::whole::shallow(py, proxy) }
}
