//! Types that every side has: what stands for them is written here, whatever a peer says of them.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyType;
use wherever::shape::{Category, Shape};

use super::{is_exception, support};

/// The class for a shape that is not made of what the peer says: builtin exceptions, and builtin containers.
pub(super) fn class_of<'py>(py: Python<'py>, shape: &Arc<Shape>) -> PyResult<Option<Bound<'py, PyType>>> {
    if let Some(name) = shape.name().strip_prefix("python:builtins.") {
        if let Some(class) = builtin_exception(py, name)? {
            return Ok(Some(class));
        }
        if name == "type" && shape.category() == Category::Class {
            return Ok(Some(support(py, "RemoteType")?.cast_into()?));
        }
    }
    if let Some(name) = shape.name().strip_prefix("python:wherever.")
        && let Ok(class) = py.import("wherever._errors")?.getattr(name)
        && let Ok(class) = class.cast_into::<PyType>()
        && is_exception(&class)
    {
        return Ok(Some(class));
    }
    let plain = shape.bases().is_empty();
    let name = match shape.category() {
        Category::List if plain => "RemoteList",
        Category::Dict if plain => "RemoteDict",
        Category::Set if plain => "RemoteSet",
        Category::ByteArray if plain => "RemoteByteArray",
        _ => return Ok(None),
    };
    Ok(Some(support(py, name)?.cast_into()?))
}

/// The class that a stand-in class derives from, if no base of it is a stand-in already.
pub(super) fn root<'py>(py: Python<'py>, shape: &Shape) -> PyResult<Bound<'py, PyType>> {
    let name = match shape.category() {
        Category::List => "RemoteList",
        Category::Dict => "RemoteDict",
        Category::Set => "RemoteSet",
        Category::ByteArray => "RemoteByteArray",
        Category::Function if &**shape.name() == "python:builtins.coroutine_function" => "RemoteCoroutineFunction",
        Category::Function => "RemoteFunction",
        Category::Instance if &**shape.name() == "python:builtins.async_generator" => "RemoteAsyncGenerator",
        Category::Iterator => "RemoteIterator",
        Category::Class => "RemoteType",
        _ => "RemoteObject",
    };
    Ok(support(py, name)?.cast_into()?)
}

/// The builtin exception of this name: known by name on all sides.
pub(crate) fn builtin_exception<'py>(py: Python<'py>, name: &str) -> PyResult<Option<Bound<'py, PyType>>> {
    let builtins = py.import("builtins")?;
    let Ok(found) = builtins.dict().get_item(name) else { return Ok(None) };
    Ok(found.and_then(|found| found.cast_into::<PyType>().ok()).filter(is_exception))
}
