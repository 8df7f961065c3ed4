//! Whole contents: containers and buffers moved in one piece.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyType;
use wherever::{Operation, Proxy, Value};

use crate::calls;
use crate::remote::proxy_of;
use crate::values::{incoming, outgoing};

/// Whether the remote object has a buffer that can be copied.
pub(crate) fn has_buffer(proxy: &Proxy) -> bool {
    proxy.is_a("wherever.buffer/1")
}

/// Whether the object has a buffer that can be copied.
pub(crate) fn is_buffer(object: &Bound<'_, PyAny>) -> bool {
    is_buffer_class(&object.get_type())
}

/// Whether instances of a class have buffers.
#[pyfunction]
#[allow(unsafe_code, reason = "PyO3 has no call for it")]
pub(crate) fn is_buffer_class(class: &Bound<'_, PyType>) -> bool {
    // SAFETY: the class is alive; a slot that it has not is null.
    unsafe { !pyo3::ffi::PyType_GetSlot(class.as_type_ptr(), pyo3::ffi::Py_bf_getbuffer).is_null() }
}

/// The contents of a remote container, its elements by the usual rules: one round trip.
pub(crate) fn shallow(py: Python<'_>, proxy: &Proxy) -> PyResult<Py<PyAny>> {
    if has_buffer(proxy) && !proxy.shape().category().is_container() {
        return calls::perform(py, proxy.method("__deepcopy__"));
    }
    let proxy = proxy.clone();
    let contents = calls::wait(py, move || proxy.fetch())?;
    incoming(py, contents)
}

/// The way of iterating over a container of Python that gives all that it holds, in pieces.
pub(crate) const COPY: &str = "wherever.copy";

/// A copy of a remote container or buffer and all that it holds: one round trip, where its side can make it; else one for
/// each container.
pub(crate) fn deep(object: &Bound<'_, PyAny>, proxy: &Proxy) -> PyResult<Py<PyAny>> {
    let py = object.py();
    if has_buffer(proxy) && !proxy.shape().category().is_container() {
        return calls::perform(py, proxy.method("__deepcopy__"));
    }
    if !proxy.shape().name().starts_with("python:") {
        return deepened(object);
    }
    let call = proxy.request(Operation::Iterate).member(COPY);
    let pieces = calls::wait(py, move || call.stream(u64::MAX)?.collect::<Result<Vec<_>, _>>())?;
    let pieces = pieces.into_iter().map(|piece| incoming(py, piece)).collect::<PyResult<Vec<_>>>()?;
    Ok(copying(py, "rebuilt")?.call1((pieces, object))?.unbind())
}

/// A container and all that it holds as pieces, for the side that asked for a copy.
pub(crate) fn pieces(object: &Bound<'_, PyAny>) -> PyResult<Vec<Value>> {
    copying(object.py(), "flattened")?.call1((object,))?.try_iter()?.map(|piece| outgoing(&piece?)).collect()
}

/// A copy of a container of this side and all that it holds.
fn deepened(object: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    Ok(copying(object.py(), "deepened")?.call1((object,))?.unbind())
}

fn copying<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("wherever._copying")?.getattr(name)
}

/// A buffer of this side as a value.
pub(crate) fn buffer_out(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    outgoing(&object.py().import("wherever._values")?.call_method1("encode_buffer", (object,))?)
}

/// The contents of a remote container as a builtin one: for the Python side.
#[pyfunction]
pub(crate) fn whole(object: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let proxy = proxy_of(object)?.ok_or_else(|| PyTypeError::new_err("no remote container"))?;
    shallow(object.py(), &proxy)
}

/// What iterating over a remote container gives, as it is now, in its owner's order: for the Python side.
#[pyfunction]
pub(crate) fn items(object: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let py = object.py();
    let proxy = proxy_of(object)?.ok_or_else(|| PyTypeError::new_err("no remote container"))?;
    let contents = match calls::wait(py, move || proxy.fetch())? {
        Value::Set(items) => Value::List(items),
        Value::Dict(entries) => Value::List(entries.iter().map(|(key, _)| key.clone()).collect()),
        Value::ByteArray(bytes) => Value::List(bytes.iter().map(|byte| Value::Int((*byte).into())).collect()),
        other => other,
    };
    incoming(py, contents)
}

/// A deep copy of an object that lives here, made by the safe codec: of a remote container its contents, of a value or
/// an object of this side the object itself, with the remote containers in it replaced.
#[pyfunction]
pub(crate) fn copy(object: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let py = object.py();
    if let Some(proxy) = crate::members::proxy_behind(object)? {
        return calls::copied_here(object, &proxy, true);
    }
    if crate::shapes::is_container(object) {
        return deepened(object);
    }
    py.import("wherever._values")?.call_method1("copied", (object,)).map(Bound::unbind)
}
