//! Errors both ways: what Python raises as the core's errors, and these as exceptions of real types.

use std::sync::Arc;

use pyo3::exceptions::{
    PyAttributeError, PyBaseException, PyException, PyKeyboardInterrupt, PyRecursionError, PyRuntimeError,
    PyStopAsyncIteration, PyStopIteration, PyTypeError,
};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple, PyType};
use wherever::error::Raised;
use wherever::value::Ref;
use wherever::{Error, Proxy, Value};

use crate::classes;
use crate::frames;
use crate::host::PyHost;
use crate::values::{incoming, outgoing};

/// Errors that are looked at behind one: causes, contexts, members of groups.
const DEPTH_MAX: usize = 16;
/// Names of bases that are told of an error's type.
const BASES_MAX: usize = 16;
/// The name under which an exception keeps what it was made of.
const RECORD: &str = "__wherever_error__";

/// What an exception was made of: it goes on as it came.
#[pyclass(frozen, module = "wherever", name = "ErrorRecord")]
pub(crate) struct Record {
    error: Error,
    proxy: Option<Proxy>,
    life: u32,
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.life != crate::process::life() {
            std::mem::forget((self.proxy.take(), std::mem::replace(&mut self.error, Error::Stopped)));
        }
    }
}

/// An error of this package, of the class of this name.
pub(crate) fn own(name: &str, message: &str) -> PyErr {
    Python::attach(|py| match py.import("wherever._errors").and_then(|module| module.getattr(name)) {
        Ok(class) => match class.call1((message,)) {
            Ok(made) => PyErr::from_value(made),
            Err(error) => error,
        },
        Err(error) => error,
    })
}

fn record<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, Record>> {
    if !object.is_instance_of::<PyBaseException>() {
        return None;
    }
    object.getattr("__dict__").ok()?.get_item(RECORD).ok()?.cast_into().ok()
}

/// The remote exception that an exception stands for, if it stands for one.
pub(crate) fn proxy_of_error(object: &Bound<'_, PyAny>) -> PyResult<Option<Proxy>> {
    match record(object) {
        Some(record) if record.get().life != crate::process::life() => Err(crate::process::forked()),
        Some(record) => Ok(record.get().proxy.clone()),
        None => Ok(None),
    }
}

/// An exception that stands for a remote one as a value.
pub(crate) fn value_of(object: &Bound<'_, PyAny>) -> PyResult<Option<Value>> {
    Ok(proxy_of_error(object)?.map(Value::from))
}

/// An exception of this side's class for a remote one that was passed as a value.
pub(crate) fn stand_in<'py>(class: &Bound<'py, PyType>, proxy: Proxy) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let args = match crate::calls::get(py, &proxy, "args") {
        Ok(args) => args.into_bound(py).cast_into::<PyTuple>().unwrap_or_else(|_| PyTuple::empty(py)),
        Err(_) => PyTuple::empty(py),
    };
    let made = instance(class, &args)?;
    keep(&made, Error::Stopped, Some(proxy))?;
    Ok(made)
}

fn keep(exception: &Bound<'_, PyAny>, error: Error, proxy: Option<Proxy>) -> PyResult<()> {
    let record = Record { error, proxy, life: crate::process::life() };
    exception.getattr("__dict__")?.set_item(RECORD, Py::new(exception.py(), record)?)
}

/// What Python raised, for a peer.
pub(crate) fn to_core(py: Python<'_>, error: PyErr) -> Error {
    let exception = error.value(py).clone().into_any();
    if let Some(traceback) = error.traceback(py) {
        // Before 3.12 what is raised and its traceback are two.
        let _ = exception.setattr("__traceback__", traceback);
    }
    if let Some(record) = record(&exception) {
        match &record.get().error {
            Error::Stopped if record.get().proxy.is_some() => {}
            Error::Raised(raised) => {
                let mut raised = Raised::clone(raised);
                raised.frames = frames::of(&exception);
                return Error::Raised(Arc::new(raised));
            }
            other => return other.clone(),
        }
    }
    Error::Raised(raised_of(&exception, 0))
}

fn raised_of(exception: &Bound<'_, PyAny>, depth: usize) -> Arc<Raised> {
    let class = exception.get_type();
    let mut raised = Raised::new(name_of(&class), message_of(exception));
    raised.bases = class
        .mro()
        .iter()
        .skip(1)
        .filter_map(|base| base.cast_into::<PyType>().ok().map(|base| Arc::from(name_of(&base))))
        .filter(|name: &Arc<str>| &**name != "python:builtins.object")
        .take(BASES_MAX)
        .collect();
    raised.arguments = arguments_of(exception);
    raised.frames = frames::of(exception);
    let next = |name: &str| {
        let found = exception.getattr(name).ok().filter(|found| found.is_instance_of::<PyBaseException>())?;
        (depth < DEPTH_MAX).then(|| raised_of(&found, depth + 1))
    };
    raised.cause = next("__cause__");
    let hides = exception.getattr("__suppress_context__").and_then(|hides| hides.is_truthy()).unwrap_or(false);
    raised.context = if hides { None } else { next("__context__") };
    if let Ok(notes) = exception.getattr("__notes__").and_then(|notes| notes.extract::<Vec<String>>()) {
        raised.notes = notes.into_iter().map(Arc::from).collect();
    }
    if is_group(exception)
        && depth < DEPTH_MAX
        && let Ok(members) =
            exception.getattr("exceptions").and_then(|members| members.extract::<Vec<Bound<'_, PyAny>>>())
    {
        raised.group = members.iter().map(|member| raised_of(member, depth + 1)).collect();
    }
    let is_signal =
        exception.is_exact_instance_of::<PyStopIteration>() || exception.is_exact_instance_of::<PyStopAsyncIteration>();
    if !is_signal {
        raised.object =
            proxy_of_error(exception).ok().flatten().map(Value::from).or_else(|| Some(PyHost::own(exception).into()));
    }
    Arc::new(raised)
}

fn is_group(exception: &Bound<'_, PyAny>) -> bool {
    let group = exception.py().import("builtins").and_then(|builtins| builtins.getattr("BaseExceptionGroup"));
    group.is_ok_and(|group| exception.is_instance(&group).unwrap_or(false))
}

fn name_of(class: &Bound<'_, PyType>) -> String {
    if let Some(shape) = classes::shape_of_fake(class) {
        return shape.name().to_string();
    }
    let module = class.getattr("__module__").and_then(|module| module.extract::<String>()).unwrap_or_default();
    let name = class.qualname().map(|name| name.to_string()).unwrap_or_default();
    format!("python:{module}.{name}")
}

fn message_of(exception: &Bound<'_, PyAny>) -> String {
    exception.str().map_or_else(|_| String::from("<no text>"), |text| text.to_string_lossy().into_owned())
}

/// The arguments that make it again: of the builtin types what they reduce to, else those it was made with.
fn arguments_of(exception: &Bound<'_, PyAny>) -> Vec<Value> {
    let is_builtin =
        exception.get_type().getattr("__module__").is_ok_and(|module| module.eq("builtins").unwrap_or(false));
    let reduced = || {
        let reduced = exception.call_method0("__reduce__").ok()?;
        reduced.get_item(1).ok()?.cast_into::<PyTuple>().ok()
    };
    let plain = || exception.getattr("args").ok()?.cast_into::<PyTuple>().ok();
    let args = if is_builtin && !is_group(exception) { reduced().or_else(plain) } else { plain() };
    let args = args.unwrap_or_else(|| PyTuple::empty(exception.py()));
    let value = |arg: Bound<'_, PyAny>| {
        outgoing(&arg).or_else(|_| Ok::<_, PyErr>(Value::text(arg.repr()?.to_string_lossy().into_owned())))
    };
    args.iter().map(|arg| value(arg).unwrap_or(Value::None)).collect()
}

/// An error of a call, as Python raises it.
pub(crate) fn to_python(py: Python<'_>, error: Error) -> PyErr {
    exception_of(py, error).map_or_else(|error| error, PyErr::from_value)
}

fn exception_of(py: Python<'_>, error: Error) -> PyResult<Bound<'_, PyAny>> {
    let text = error.to_string();
    let name = match &error {
        Error::Raised(raised) => return of_raised(py, raised, 0),
        Error::NoMember { shape, member } => {
            let kind = shape.rsplit(['.', ':']).next().unwrap_or(shape);
            let error = PyAttributeError::new_err(format!("'{kind}' object has no attribute '{member}'"));
            error.value(py).setattr("name", &**member)?;
            return Ok(error.into_value(py).into_bound(py).into_any());
        }
        Error::NotSupported { .. } | Error::Convert(_) => {
            return Ok(PyTypeError::new_err(text).into_value(py).into_bound(py).into_any());
        }
        Error::TooDeep(_) => return Ok(PyRecursionError::new_err(text).into_value(py).into_bound(py).into_any()),
        Error::Interrupted => return Ok(PyKeyboardInterrupt::new_err(()).into_value(py).into_bound(py).into_any()),
        Error::Misuse(_) => return Ok(PyRuntimeError::new_err(text).into_value(py).into_bound(py).into_any()),
        Error::NotFound(_) => "NotFound",
        Error::Denied(denied) if denied.operation == wherever::Operation::Get => "DeniedAttribute",
        Error::Denied(_) => "Denied",
        Error::Disconnected(_) => "Disconnected",
        Error::Overloaded(_) => "Overloaded",
        Error::Protocol(_) => "ProtocolError",
        Error::Deadline(_) => "DeadlinePassed",
        Error::Stopped => "Cancelled",
        Error::Busy(_) => "Busy",
        _ => "Error",
    };
    let made = py.import("wherever._errors")?.getattr(name)?.call1((text,))?;
    if let Error::Disconnected(lost) = &error {
        made.setattr("may_have_run", lost.may_have_run)?;
    }
    keep(&made, error, None)?;
    Ok(made)
}

fn of_raised<'py>(py: Python<'py>, raised: &Arc<Raised>, depth: usize) -> PyResult<Bound<'py, PyAny>> {
    if let Some(own) = raised.object_own()
        && let Some(host) = own.downcast::<PyHost>()
    {
        return Ok(host.object(py));
    }
    let proxy = match &raised.object {
        Some(Value::Ref(reference @ Ref::Remote(_))) => Some(Proxy::from(reference.clone())),
        _ => None,
    };
    let class = class_of(py, raised, proxy.as_ref())?;
    let mut args = Vec::new();
    for value in &raised.arguments {
        args.push(
            incoming(py, value.clone()).unwrap_or_else(|_| PyString::new(py, "<unreadable>").into_any().unbind()),
        );
    }
    let is_foreign = !raised.type_name.starts_with("python:");
    if args.is_empty() && is_foreign {
        args.push(PyString::new(py, &raised.message).into_any().unbind());
    }
    let args = PyTuple::new(py, args)?;
    let made = if raised.group.is_empty() { instance(&class, &args)? } else { group(&class, raised, depth)? };
    if depth < DEPTH_MAX {
        if let Some(context) = &raised.context {
            made.setattr("__context__", of_raised(py, context, depth + 1)?)?;
        }
        if let Some(cause) = &raised.cause {
            made.setattr("__cause__", of_raised(py, cause, depth + 1)?)?;
        }
    }
    if !raised.notes.is_empty() {
        made.setattr("__notes__", PyList::new(py, raised.notes.iter().map(|note| &**note))?)?;
    }
    let session = proxy.as_ref().map_or(0, classes::session_of);
    if let Some(traceback) = frames::traceback(py, &raised.frames, session)? {
        made.setattr("__traceback__", traceback)?;
    }
    keep(&made, Error::Raised(raised.clone()), proxy)?;
    Ok(made)
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
    let base = raised.bases.iter().find_map(|base| builtin(base));
    let named = py.import("wherever._errors")?.getattr("named")?;
    Ok(named.call1((&*raised.type_name, base))?.cast_into()?)
}

/// An exception of a class with these arguments, of which nothing but builtin code is run.
fn instance<'py>(class: &Bound<'py, PyType>, args: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let builtin = class
        .mro()
        .iter()
        .filter_map(|base| base.cast_into::<PyType>().ok())
        .find(|base| base.getattr("__module__").is_ok_and(|module| module.eq("builtins").unwrap_or(false)))
        .unwrap_or_else(|| py.get_type::<PyException>());
    let with = |args: &Bound<'py, PyTuple>| {
        let all: Vec<_> = std::iter::once(class.clone().into_any()).chain(args.iter()).collect();
        builtin.getattr("__new__")?.call1(PyTuple::new(py, all)?)
    };
    let made = match with(args) {
        Ok(made) => made,
        Err(_) => py
            .get_type::<PyBaseException>()
            .getattr("__new__")?
            .call1((class,))
            .or_else(|_| with(&PyTuple::empty(py)))?,
    };
    let all: Vec<_> = std::iter::once(made.clone()).chain(args.iter()).collect();
    if builtin.getattr("__init__")?.call1(PyTuple::new(py, all)?).is_err() {
        // Arguments that the builtin type would not take: it has them all the same.
        made.setattr("args", args)?;
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
    let members = PyList::new(py, members)?;
    match py.import("builtins")?.getattr("BaseExceptionGroup") {
        Ok(group) => group.getattr("__new__")?.call1((class, &message, members)),
        // Before 3.11 there are no groups: what came together is told as notes.
        Err(_) => instance(class, &PyTuple::new(py, [message])?),
    }
}
