//! What Python raised, as an error of the core's.

use std::sync::Arc;

use pyo3::exceptions::{PyBaseException, PyStopAsyncIteration, PyStopIteration};
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};
use wherever::error::Raised;
use wherever::policy::Policy;
use wherever::{Error, Value};

use super::{DEPTH_MAX, layout, proxy_of_error, record};
use crate::classes;
use crate::frames;
use crate::host::PyHost;
use crate::values::outgoing;

/// Names of bases that are told of an error's type.
const BASES_MAX: usize = 16;

/// What Python raised, for a peer.
pub(crate) fn to_core(py: Python<'_>, error: PyErr) -> Error {
    let exception = error.value(py).clone().into_any();
    if let Some(traceback) = error.traceback(py) {
        // Before 3.12 what is raised and its traceback are two.
        let _ = super::put(&exception, "__traceback__", traceback);
    }
    if let Some(record) = record(&exception)
        && let Some(error) = &record.get().error
        && error.raised().is_none()
    {
        return error.clone();
    }
    Error::Raised(raised_of(&exception, &mut Vec::new()))
}

/// As [`to_core`], for a call of a peer by this policy: what was given to an exception was not exposed.
pub(crate) fn to_caller(py: Python<'_>, error: PyErr, policy: Option<Policy>) -> Error {
    let given = match policy {
        Some(Policy::Public | Policy::Open) => layout::given(error.value(py)),
        _ => Vec::new(),
    };
    match to_core(py, error) {
        Error::Raised(raised) if !given.is_empty() => {
            let mut raised = Arc::unwrap_or_clone(raised);
            raised.attributes.extend(given);
            Error::Raised(Arc::new(raised))
        }
        error => error,
    }
}

/// What was raised, with what is behind it. `within` are the addresses of those that this one is behind of.
fn raised_of(exception: &Bound<'_, PyAny>, within: &mut Vec<usize>) -> Arc<Raised> {
    within.push(exception.as_ptr() as usize);
    let mut raised = head_of(exception);
    raised.frames = frames::of(exception);
    let cause = behind(exception, "__cause__");
    let hides = exception.getattr("__suppress_context__").and_then(|hides| hides.is_truthy()).unwrap_or(false);
    let mut context = behind(exception, "__context__");
    if hides {
        // What hides it stands for it, where it is the same.
        let is_cause = context.take().zip(cause.as_ref()).is_some_and(|(context, cause)| context.is(cause));
        if is_cause {
            raised.attributes.push(("__context__".into(), Value::Bool(true)));
        }
    }
    if hides != cause.is_some() {
        raised.attributes.push(("__suppress_context__".into(), Value::Bool(hides)));
    }
    let mut part = |part: Bound<'_, PyAny>| {
        let is_new = within.len() < DEPTH_MAX && !within.contains(&(part.as_ptr() as usize));
        is_new.then(|| raised_of(&part, within))
    };
    raised.cause = cause.and_then(&mut part);
    raised.context = context.and_then(&mut part);
    raised.group = members_of(exception).into_iter().filter_map(part).collect();
    if let Ok(notes) = exception.getattr("__notes__").and_then(|notes| notes.extract::<Vec<String>>()) {
        raised.notes = notes.into_iter().map(Arc::from).collect();
    }
    let is_signal =
        exception.is_exact_instance_of::<PyStopIteration>() || exception.is_exact_instance_of::<PyStopAsyncIteration>();
    if !is_signal {
        raised.object =
            proxy_of_error(exception).ok().flatten().map(Value::from).or_else(|| Some(PyHost::own(exception).into()));
    }
    within.pop();
    Arc::new(raised)
}

fn behind<'py>(exception: &Bound<'py, PyAny>, name: &str) -> Option<Bound<'py, PyAny>> {
    exception.getattr(name).ok().filter(|found| found.is_instance_of::<PyBaseException>())
}

/// Type, message and arguments. The type of a remote exception is what its own side says.
fn head_of(exception: &Bound<'_, PyAny>) -> Raised {
    let class = exception.get_type();
    let told = record(exception).and_then(|record| record.get().head().cloned());
    let mut raised = told.unwrap_or_else(|| {
        let mut raised = Raised::new(name_of(&class), message_of(exception));
        raised.bases = class
            .mro()
            .iter()
            .skip(1)
            .filter_map(|base| base.cast_into::<PyType>().ok().map(|base| Arc::from(name_of(&base))))
            .filter(|name: &Arc<str>| &**name != "python:builtins.object")
            .take(BASES_MAX)
            .collect();
        raised
    });
    let args = exception.getattr("args").ok().and_then(|args| args.cast_into::<PyTuple>().ok());
    let args = args.unwrap_or_else(|| PyTuple::empty(exception.py()));
    if is_group(exception) {
        raised.arguments =
            exception.getattr("message").ok().and_then(|text| outgoing(&text).ok()).into_iter().collect();
    } else {
        raised.arguments = args.iter().map(|arg| argument(&arg)).collect();
        raised.attributes = layout::attributes(exception, &args).unwrap_or_default();
    }
    raised
}

/// An argument as it is told: what no peer can be given is told by its text.
fn argument(arg: &Bound<'_, PyAny>) -> Value {
    let text = || arg.repr().map(|text| Value::text(text.to_string_lossy().into_owned()));
    outgoing(arg).or_else(|_| text()).unwrap_or(Value::None)
}

fn is_group(exception: &Bound<'_, PyAny>) -> bool {
    let group = exception.py().import("builtins").and_then(|builtins| builtins.getattr("BaseExceptionGroup"));
    group.is_ok_and(|group| exception.is_instance(&group).unwrap_or(false))
}

fn members_of<'py>(exception: &Bound<'py, PyAny>) -> Vec<Bound<'py, PyAny>> {
    if !is_group(exception) {
        return Vec::new();
    }
    exception.getattr("exceptions").and_then(|members| members.extract()).unwrap_or_default()
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
    exception
        .str()
        .map_or_else(|_| String::from("<exception str() failed>"), |text| text.to_string_lossy().into_owned())
}
