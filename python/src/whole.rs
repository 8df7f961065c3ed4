//! Whole contents: containers and buffers moved in one piece.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyList, PySet, PyType};
use wherever::shape::Category;
use wherever::{Operation, Proxy, Value};

use crate::calls;
use crate::remote::proxy_of;
use crate::values::{incoming, incoming_all, outgoing};

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

/// The way of iterating over a container of Python that gives its elements by the thousand: first the code of its
/// category, then tuples of elements, of a dict keys and values in turn.
pub(crate) const WHOLE: &str = "wherever.whole";
const PIECE_LEN: usize = 1000;

/// The contents of a container of this side, for the side that reads it whole.
pub(crate) fn whole_pieces(object: &Bound<'_, PyAny>) -> PyResult<Vec<Value>> {
    let (category, values): (_, Vec<Value>) = if let Ok(list) = object.cast::<PyList>() {
        (Category::List, list.iter().map(|item| outgoing(&item)).collect::<PyResult<_>>()?)
    } else {
        match crate::host::contents(object)? {
            Value::Set(items) => (Category::Set, items.to_vec()),
            Value::Dict(entries) => (Category::Dict, halves(&entries)),
            Value::ByteArray(bytes) => (Category::ByteArray, bytes.chunks(64 * PIECE_LEN).map(Value::bytes).collect()),
            _ => return Err(PyTypeError::new_err("no builtin container")),
        }
    };
    let mut pieces = vec![Value::Int(category.code().into())];
    let mut values = values.into_iter();
    while values.len() > 0 {
        pieces.push(Value::Tuple(values.by_ref().take(PIECE_LEN).collect()));
    }
    Ok(pieces)
}

/// Keys and values in turn.
fn halves(entries: &[(Value, Value)]) -> Vec<Value> {
    entries.iter().flat_map(|(key, value)| [key.clone(), value.clone()]).collect()
}

/// What a remote container holds, by its kind: of a dict keys and values in turn, of a byte array pieces of bytes. One
/// round trip.
fn held<'py>(py: Python<'py>, proxy: &Proxy) -> PyResult<(Category, Vec<Bound<'py, PyAny>>)> {
    let target = proxy.clone();
    if !proxy.shape().name().starts_with("python:") {
        return Ok(match calls::wait(py, move || target.fetch())? {
            Value::List(items) => (Category::List, incoming_all(py, &items)?),
            Value::Set(items) => (Category::Set, incoming_all(py, &items)?),
            Value::Dict(entries) => (Category::Dict, incoming_all(py, &halves(&entries))?),
            Value::ByteArray(bytes) => (Category::ByteArray, vec![PyBytes::new(py, &bytes).into_any()]),
            _ => return Err(no_contents()),
        });
    }
    let call = target.request(Operation::Iterate).member(WHOLE);
    let pieces = calls::wait(py, move || call.stream(u64::MAX)?.collect::<Result<Vec<_>, _>>())?;
    let Some((Value::Int(code), pieces)) = pieces.split_first() else { return Err(no_contents()) };
    let category = u8::try_from(*code).ok().and_then(Category::from_code).filter(|category| category.is_container());
    let mut values = Vec::new();
    for piece in pieces {
        let Value::Tuple(piece) = piece else { return Err(no_contents()) };
        values.append(&mut incoming_all(py, piece)?);
    }
    Ok((category.ok_or_else(no_contents)?, values))
}

fn no_contents() -> PyErr {
    crate::errors::own("ProtocolError", "the peer sent what are no contents of a container")
}

/// The contents of a remote container, its elements by the usual rules: one round trip.
pub(crate) fn shallow(py: Python<'_>, proxy: &Proxy) -> PyResult<Py<PyAny>> {
    if has_buffer(proxy) && !proxy.shape().category().is_container() {
        return calls::perform(py, proxy.method("__deepcopy__"));
    }
    let (category, values) = held(py, proxy)?;
    Ok(match category {
        Category::Set => PySet::new(py, values)?.into_any().unbind(),
        Category::ByteArray => joined(py, &values)?.into_any().unbind(),
        Category::Dict => {
            let dict = PyDict::new(py);
            for entry in values.chunks(2) {
                let [key, value] = entry else { return Err(no_contents()) };
                dict.set_item(key, value)?;
            }
            dict.into_any().unbind()
        }
        _ => PyList::new(py, values)?.into_any().unbind(),
    })
}

/// What iterating over a remote container gives, as it is now, in its owner's order: for the Python side.
#[pyfunction]
pub(crate) fn items(object: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let py = object.py();
    let proxy = proxy_of(object)?.ok_or_else(|| PyTypeError::new_err("no remote container"))?;
    let (category, values) = held(py, &proxy)?;
    let list = match category {
        Category::Dict => PyList::new(py, values.iter().step_by(2).collect::<Vec<_>>())?,
        Category::ByteArray => PyList::new(py, joined(py, &values)?.try_iter()?.collect::<PyResult<Vec<_>>>()?)?,
        _ => PyList::new(py, values)?,
    };
    Ok(list.into_any().unbind())
}

fn joined<'py>(py: Python<'py>, pieces: &[Bound<'py, PyAny>]) -> PyResult<Bound<'py, PyByteArray>> {
    let mut all = Vec::new();
    for piece in pieces {
        all.extend_from_slice(piece.cast::<PyBytes>().map_err(|_| no_contents())?.as_bytes());
    }
    Ok(PyByteArray::new(py, &all))
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
