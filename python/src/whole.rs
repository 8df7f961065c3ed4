//! Whole contents: containers and buffers moved in one piece.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PySet, PyType};
use wherever::hosts::copy_operand;
use wherever::{Operation, Own, Proxy, Value};

use crate::calls;
use crate::errors::to_python;
use crate::host::PyHost;
use crate::remote::proxy_of;
use crate::values::incoming;

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
        return deep(py, proxy);
    }
    let proxy = proxy.clone();
    let contents = calls::wait(py, move || proxy.fetch())?;
    incoming(py, contents)
}

/// A copy of a remote container or buffer and all that it holds: one round trip, where its side can make it.
pub(crate) fn deep(py: Python<'_>, proxy: &Proxy) -> PyResult<Py<PyAny>> {
    if proxy.shape().find("__deepcopy__").is_some() || has_buffer(proxy) {
        return calls::perform(py, proxy.method("__deepcopy__"));
    }
    let here = shallow(py, proxy)?;
    deepen(here.bind(py), 0)?;
    Ok(here)
}

/// Puts copies in the place of the remote containers in a container.
fn deepen(container: &Bound<'_, PyAny>, depth: usize) -> PyResult<()> {
    const DEPTH_MAX: usize = 64;
    if depth > DEPTH_MAX {
        return Err(PyTypeError::new_err(format!(
            "containers nested more than {DEPTH_MAX} levels deep are not copied"
        )));
    }
    let copied = |value: &Bound<'_, PyAny>| -> PyResult<Option<Py<PyAny>>> {
        match proxy_of(value)? {
            Some(inner) if inner.shape().category().is_container() => deep(value.py(), &inner).map(Some),
            _ => Ok(None),
        }
    };
    if let Ok(list) = container.cast::<PyList>() {
        for (place, value) in list.iter().enumerate() {
            if let Some(copy) = copied(&value)? {
                list.set_item(place, copy)?;
            }
        }
    } else if let Ok(dict) = container.cast::<PyDict>() {
        for (key, value) in dict.copy()?.iter() {
            if let Some(copy) = copied(&value)? {
                dict.set_item(key, copy)?;
            }
        }
    }
    Ok(())
}

/// A container or buffer of this side, and all that it holds, as a value.
pub(crate) fn copied_out(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    let py = object.py();
    if is_buffer(object) && !crate::shapes::is_container(object) {
        let coded = py.import("wherever._values")?.call_method1("encode_buffer", (object,))?;
        return crate::values::outgoing(&coded);
    }
    let own = PyHost::own(object);
    copy_operand(&own.into()).map_err(|error| to_python(py, error))
}

/// The contents of a remote container as a builtin one: for the Python side.
#[pyfunction]
pub(crate) fn whole(object: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let proxy = proxy_of(object)?.ok_or_else(|| PyTypeError::new_err("no remote container"))?;
    shallow(object.py(), &proxy)
}

/// A deep copy of an object that lives here, made by the safe codec: of a remote container its contents, of a value or
/// an object of this side the object itself, with the remote containers in it replaced.
#[pyfunction]
pub(crate) fn copy(object: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let py = object.py();
    if let Some(proxy) = crate::members::proxy_behind(object)? {
        return calls::copied_here(object, &proxy, true);
    }
    if object.is_exact_instance_of::<PyList>()
        || object.is_exact_instance_of::<PyDict>()
        || object.is_exact_instance_of::<PySet>()
    {
        let own: Own = PyHost::own(object);
        let copied = copy_operand(&own.into()).map_err(|error| to_python(py, error))?;
        let copied = incoming(py, copied)?;
        deepen(copied.bind(py), 0)?;
        return Ok(copied);
    }
    let _ = Operation::Whole;
    py.import("wherever._values")?.call_method1("copied", (object,)).map(Bound::unbind)
}
