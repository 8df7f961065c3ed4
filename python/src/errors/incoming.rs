//! Errors of calls, as exceptions of real types. Nothing that a peer says of one is run.

use std::sync::Arc;

use pyo3::exceptions::{
    PyAttributeError, PyBaseException, PyKeyboardInterrupt, PyRecursionError, PyRuntimeError, PyTypeError,
};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple, PyType};
use wherever::error::Raised;
use wherever::value::Ref;
use wherever::{Error, Operation, Proxy, Value};

use super::{DEPTH_MAX, RAISED, keep, layout, put};
use crate::calls;
use crate::classes;
use crate::frames;
use crate::host::PyHost;
use crate::values::{self, incoming};

/// Contexts of an exception that are gone through to find the last one.
const CHAIN_MAX: usize = 64;

/// An error of a call, as Python raises it.
pub(crate) fn to_python(py: Python<'_>, error: Error) -> PyErr {
    match exception_of(py, error) {
        Ok(made) => {
            // What could not be noted is no reason to raise something else.
            let _ = in_context(&made);
            PyErr::from_value(made)
        }
        Err(error) => error,
    }
}

/// What is handled here while the error arrives is the context of the first that was raised over there.
fn in_context(made: &Bound<'_, PyAny>) -> PyResult<()> {
    let handled = made.py().import("sys")?.call_method0("exc_info")?.get_item(1)?;
    let mut last = made.clone();
    for _ in 0..CHAIN_MAX {
        if handled.is_none() || last.is(&handled) {
            return Ok(());
        }
        let next = last.getattr("__context__")?;
        if next.is_none() {
            // Nor may the chain that is handled lead back here.
            let mut at = handled.clone();
            for _ in 0..CHAIN_MAX {
                if at.is_none() {
                    return put(&last, "__context__", handled);
                }
                if at.is(&last) || at.is(made) {
                    return Ok(());
                }
                at = at.getattr("__context__")?;
            }
            return Ok(());
        }
        last = next;
    }
    Ok(())
}

fn exception_of(py: Python<'_>, error: Error) -> PyResult<Bound<'_, PyAny>> {
    let text = error.to_string();
    let plain = |error: PyErr| Ok(error.into_value(py).into_bound(py).into_any());
    let name = match &error {
        Error::Raised(raised) => return of_raised(py, raised, 0),
        Error::NoMember { shape, member } => {
            let kind = shape.rsplit(['.', ':']).next().unwrap_or(shape);
            let error = PyAttributeError::new_err(format!("'{kind}' object has no attribute '{member}'"));
            error.value(py).setattr("name", &**member)?;
            return plain(error);
        }
        Error::NotSupported { operation: Operation::Set | Operation::Delete, .. } => {
            return plain(PyAttributeError::new_err(text));
        }
        Error::NotSupported { .. } | Error::Convert(_) => return plain(PyTypeError::new_err(text)),
        Error::TooDeep(_) => return plain(PyRecursionError::new_err(text)),
        Error::Interrupted => return plain(PyKeyboardInterrupt::new_err(())),
        Error::Misuse(_) => return plain(PyRuntimeError::new_err(text)),
        Error::NotFound(_) => "NotFound",
        Error::Denied(denied) if denied.operation == Operation::Get => "DeniedAttribute",
        Error::Denied(_) => "Denied",
        Error::Disconnected(_) => "Disconnected",
        Error::Overloaded(_) => "Overloaded",
        Error::Protocol(_) => "ProtocolError",
        Error::Deadline(_) => "DeadlinePassed",
        Error::Stopped => "Cancelled",
        Error::Busy(_) => "Busy",
        _ => "Error",
    };
    let made = super::support(py, name)?.call1((text,))?;
    if let Error::Disconnected(lost) = &error {
        made.setattr("may_have_run", lost.may_have_run)?;
    }
    keep(&made, Some(error), None)?;
    Ok(made)
}

fn of_raised<'py>(py: Python<'py>, raised: &Arc<Raised>, depth: usize) -> PyResult<Bound<'py, PyAny>> {
    if let Some(own) = raised.object_own()
        && let Some(host) = own.downcast::<PyHost>()
        && host.object(py).is_instance_of::<PyBaseException>()
    {
        let made = host.object(py);
        frames::homeward(&made, &raised.frames)?;
        return Ok(made);
    }
    let proxy = match &raised.object {
        Some(Value::Ref(reference @ Ref::Remote(_))) => Some(Proxy::from(reference.clone())),
        _ => None,
    };
    let session = proxy.as_ref().map_or(0, classes::session_of);
    let traceback = frames::traceback(py, &raised.frames, session)?;
    if let Some(met) = proxy.as_ref().and_then(|proxy| values::met(py, proxy))
        && met.is_instance_of::<PyBaseException>()
    {
        put(&met, "__traceback__", traceback)?;
        return Ok(met);
    }
    let made = match class_of(py, raised, proxy.as_ref()).and_then(|class| made_of(&class, raised, depth)) {
        Ok(made) => made,
        // No exception of that type can be made here: it is told by its name.
        Err(_) => instance_of(&named(py, &raised.type_name, None)?, raised)?,
    };
    behind(&made, raised, depth)?;
    put(&made, "__traceback__", traceback)?;
    let head = Raised { bases: raised.bases.clone(), ..Raised::new(raised.type_name.clone(), raised.message.clone()) };
    keep(&made, Some(Error::Raised(Arc::new(head))), proxy.clone())?;
    // Another thread may have made one meanwhile: the first stays.
    Ok(proxy.and_then(|proxy| values::remember(&proxy, &made)).unwrap_or(made))
}

/// What is behind an exception: its cause, its context, its notes.
fn behind(made: &Bound<'_, PyAny>, raised: &Raised, depth: usize) -> PyResult<()> {
    let py = made.py();
    for (name, part) in [("__context__", &raised.context), ("__cause__", &raised.cause)] {
        if let Some(part) = part.as_ref().filter(|_| depth < DEPTH_MAX) {
            put(made, name, of_raised(py, part, depth + 1)?)?;
        }
    }
    let told = |name: &str| match raised.attributes.iter().find(|(known, _)| &**known == name) {
        Some((_, Value::Bool(told))) => Some(*told),
        _ => None,
    };
    if told("__context__") == Some(true) && raised.context.is_none() {
        put(made, "__context__", made.getattr("__cause__")?)?;
    }
    if let Some(hides) = told("__suppress_context__") {
        put(made, "__suppress_context__", hides)?;
    }
    if !raised.notes.is_empty() {
        put(made, "__notes__", PyList::new(py, raised.notes.iter().map(|note| &**note))?)?;
    }
    Ok(())
}

/// The class of an exception: what stands for its type, or of what its names say the nearest that every side has.
fn class_of<'py>(py: Python<'py>, raised: &Raised, proxy: Option<&Proxy>) -> PyResult<Bound<'py, PyType>> {
    if let Some(proxy) = proxy {
        let class = classes::of_shape(py, &proxy.shape(), classes::session_of(proxy))?;
        if classes::is_exception(&class) {
            return Ok(class);
        }
    }
    let builtin = |name: &str| match name.strip_prefix("python:builtins.") {
        Some(name) => classes::builtin_exception(py, name).ok().flatten(),
        None => None,
    };
    if let Some(class) = builtin(&raised.type_name) {
        return Ok(class);
    }
    named(py, &raised.type_name, raised.bases.iter().find_map(|base| builtin(base)))
}

fn named<'py>(py: Python<'py>, name: &str, base: Option<Bound<'py, PyType>>) -> PyResult<Bound<'py, PyType>> {
    Ok(super::support(py, "named")?.call1((name, base))?.cast_into()?)
}

fn made_of<'py>(class: &Bound<'py, PyType>, raised: &Raised, depth: usize) -> PyResult<Bound<'py, PyAny>> {
    let made = if raised.group.is_empty() { instance_of(class, raised)? } else { group(class, raised, depth)? };
    layout::set_attributes(&made, &raised.attributes)?;
    Ok(made)
}

fn instance_of<'py>(class: &Bound<'py, PyType>, raised: &Raised) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let unreadable = || PyString::new(py, "<unreadable>").into_any().unbind();
    let mut args: Vec<_> =
        raised.arguments.iter().map(|value| incoming(py, value.clone()).unwrap_or_else(|_| unreadable())).collect();
    if raised.type_name.starts_with("python:") {
        return layout::instance(class, &PyTuple::new(py, args)?);
    }
    // Elsewhere an error's message is not made of its arguments, which are something beside it.
    let details = std::mem::replace(&mut args, vec![PyString::new(py, &raised.message).into_any().unbind()]);
    let made = layout::instance(class, &PyTuple::new(py, args)?)?;
    if !details.is_empty() {
        put(&made, "details", PyTuple::new(py, details)?)?;
    }
    Ok(made)
}

fn group<'py>(class: &Bound<'py, PyType>, raised: &Raised, depth: usize) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let mut members = Vec::new();
    for member in raised.group.iter().filter(|_| depth < DEPTH_MAX) {
        members.push(of_raised(py, member, depth + 1)?);
    }
    let message = match raised.arguments.first() {
        Some(Value::Text(message)) => PyString::new(py, message),
        _ => PyString::new(py, &raised.message),
    };
    match py.import("builtins")?.getattr("BaseExceptionGroup") {
        Ok(group) => group.getattr("__new__")?.call1((class, &message, PyList::new(py, members)?)),
        // Before 3.11 there are no groups: what came together is told by its message.
        Err(_) => layout::instance(class, &PyTuple::new(py, [message])?),
    }
}

/// An exception of this side's class for a remote one that was passed as a value: its owner raises it, so that it comes
/// with all that it has.
pub(crate) fn stand_in<'py>(class: &Bound<'py, PyType>, proxy: Proxy) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let call = proxy.request(Operation::Get).member(RAISED);
    let answer = calls::answer(py, move || call.send())?;
    if let Err(Error::Raised(raised)) = &answer
        && matches!(&raised.object, Some(Value::Ref(reference)) if Proxy::from(reference.clone()).same(&proxy))
    {
        return of_raised(py, raised, 0);
    }
    let none = PyTuple::empty(py);
    let made = match layout::instance(class, &none) {
        Ok(made) => made,
        // A group without members is none: it is told by its name.
        Err(_) => layout::instance(&named(py, proxy.shape().name(), None)?, &none)?,
    };
    keep(&made, None, Some(proxy))?;
    Ok(made)
}
