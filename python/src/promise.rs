//! Promises: results that have not arrived, as Python objects.

use std::sync::Arc;
use std::time::Duration;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};
use wherever::{CallBuilder, Operation, Promise as Promised, Value};

use crate::awaiting::Poller;
use crate::calls;
use crate::classes;
use crate::errors::to_python;
use crate::method::Method;
use crate::remote::proxy_of;
use crate::values::{Takes, incoming, outgoing};

/// A result that may not have arrived, or an attribute of one: what is called on it is sent at once.
#[pyclass(frozen, module = "wherever", name = "Promise", weakref)]
pub(crate) struct Promise {
    held: Option<Promised>,
    /// The attribute of the result that it is, if it is one: not asked for yet.
    path: Vec<Arc<str>>,
    life: u32,
}

impl Drop for Promise {
    fn drop(&mut self) {
        if self.life != crate::process::life() {
            std::mem::forget(self.held.take());
        }
    }
}

impl Promise {
    /// A promise as a Python object.
    pub(crate) fn made(py: Python<'_>, promise: Promised) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Self::of(promise, Vec::new()))?.into_any())
    }

    fn of(promise: Promised, path: Vec<Arc<str>>) -> Self {
        Self { held: Some(promise), path, life: crate::process::life() }
    }

    fn promise(&self) -> PyResult<&Promised> {
        match &self.held {
            Some(promise) if self.life == crate::process::life() => Ok(promise),
            _ => Err(crate::process::forked()),
        }
    }

    /// A call on the result, or on the attribute of it.
    fn request(&self, py: Python<'_>, operation: Operation) -> PyResult<CallBuilder> {
        let proxy = self.promise()?.proxy().map_err(|error| to_python(py, error))?;
        let at = self.path.iter().fold(proxy, |at, name| at.at(name.clone()));
        Ok(at.request(operation))
    }

    /// What it comes to: of an attribute, by asking for it now.
    fn wanted(&self, py: Python<'_>) -> PyResult<Promised> {
        let Some((last, before)) = self.path.split_last() else { return Ok(self.promise()?.clone()) };
        let proxy = self.promise()?.proxy().map_err(|error| to_python(py, error))?;
        let at = before.iter().fold(proxy, |at, name| at.at(name.clone()));
        let call = at.request(Operation::Get).member(last.clone());
        calls::wait(py, move || call.promise())
    }

    /// The promise as a value for a peer: for its owner it stands for what it comes to.
    pub(crate) fn value(&self) -> PyResult<Value> {
        Python::attach(|py| Ok(self.wanted(py)?.into()))
    }
}

/// A number of seconds as a time: one that is over is none, one that no clock can hold is for ever.
pub(crate) fn time_of(timeout: Option<f64>) -> PyResult<Option<Duration>> {
    match timeout {
        Some(seconds) if seconds.is_nan() => Err(PyValueError::new_err("a number of seconds is wanted, not nan")),
        Some(seconds) => Ok(Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))),
        None => Ok(None),
    }
}

#[pymethods]
impl Promise {
    /// Waits for the result, no longer than `timeout` seconds.
    #[pyo3(signature = (timeout=None))]
    fn result(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Py<PyAny>> {
        let promise = self.wanted(py)?;
        let value = match time_of(timeout)? {
            None => calls::wait(py, move || promise.result())?,
            Some(time) => calls::wait(py, move || promise.result_within(time))?,
        };
        incoming(py, value)
    }

    /// Whether the result is there, so that `result` would not wait.
    fn done(&self) -> PyResult<bool> {
        Ok(self.path.is_empty() && self.promise()?.is_ready())
    }

    /// Says that the result is not wanted, and asks the call to stop.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        let promise = self.promise()?.clone();
        crate::process::detached(py, move || promise.cancel());
        Ok(())
    }

    fn __await__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let poller = Py::new(py, Poller::new(self.wanted(py)?))?;
        let awaited = py.import("wherever._loop")?.call_method1("awaited", (poller,))?;
        awaited.call_method0("__await__").map(Bound::unbind)
    }

    fn __getattr__(slf: &Bound<'_, Self>, name: &Bound<'_, PyString>) -> PyResult<Py<PyAny>> {
        let text = name.to_str()?;
        if classes::hooks::is_special(text) {
            return Err(calls::missing(slf.as_any(), text));
        }
        let this = slf.get();
        let path = this.path.iter().cloned().chain([Arc::from(text)]).collect();
        Ok(Py::new(slf.py(), Self::of(this.promise()?.clone(), path))?.into_any())
    }

    #[pyo3(signature = (*args, **named))]
    fn __call__(
        &self,
        py: Python<'_>,
        args: &Bound<'_, PyTuple>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        let call = self.request(py, Operation::Call)?.args(calls::arguments(args, named, Takes::References)?);
        Self::made(py, calls::wait(py, move || call.promise())?)
    }

    fn __getitem__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let key = outgoing(key)?;
        let call = self.request(py, Operation::Index)?.args(vec![key]);
        Self::made(py, calls::wait(py, move || call.promise())?)
    }

    fn __iter__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("a promise has no items: wait for its result"))
    }

    fn __bool__(&self) -> PyResult<bool> {
        Err(PyTypeError::new_err("whether a promise is true is not known: wait for its result"))
    }

    fn __repr__(&self) -> PyResult<String> {
        let state = if self.promise()?.is_ready() { "ready" } else { "pending" };
        Ok(format!(
            "<wherever.Promise {state}{}>",
            self.path.iter().map(|name| format!(" .{name}")).collect::<String>()
        ))
    }
}

/// The call that a Python callable stands for, if it is a remote one.
fn call_of(
    callee: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    named: Option<&Bound<'_, PyDict>>,
) -> PyResult<CallBuilder> {
    let py = callee.py();
    if let Ok(method) = callee.cast::<Method>() {
        let method = method.get();
        return Ok(method.request().args(method.arguments(args, named)?));
    }
    if let Some(method) = written_here(callee)? {
        let method = method.bind(py).cast::<Method>()?.get();
        return Ok(method.request().args(method.arguments(args, named)?));
    }
    if let Some(call) = crate::together::getter(callee, args)? {
        return Ok(call);
    }
    let arguments = calls::arguments(args, named, Takes::References)?;
    if let Ok(promise) = callee.cast::<Promise>() {
        return Ok(promise.get().request(py, Operation::Call)?.args(arguments));
    }
    if let Ok(class) = callee.cast::<PyType>()
        && classes::is_fake(class)
    {
        return Ok(classes::far(class)?.request(Operation::Call).args(arguments));
    }
    match proxy_of(callee)? {
        Some(proxy) => Ok(proxy.request(Operation::Call).args(arguments)),
        None => Err(PyTypeError::new_err(format!(
            "a function, method or class of a peer is wanted, not {}",
            callee.repr()?
        ))),
    }
}

/// The remote method of the name of one that a class written here has for its instances, such as `extend`.
fn written_here(callee: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
    if !callee.is_instance(&callee.py().import("types")?.getattr("MethodType")?)? {
        return Ok(None);
    }
    let object = callee.getattr("__self__")?;
    match proxy_of(&object)? {
        Some(proxy) => Method::bound(&object, proxy, &callee.getattr("__name__")?.extract::<String>()?).map(Some),
        None => Ok(None),
    }
}

/// Calls something remote and waits for nothing: the result is promised.
#[pyfunction]
#[pyo3(signature = (callee, /, *args, **named))]
pub(crate) fn send(
    callee: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    named: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<PyAny>> {
    let py = callee.py();
    let call = call_of(callee, args, named)?;
    Promise::made(py, calls::wait(py, move || call.promise())?)
}

/// Calls something remote and wants no answer, not even that it failed.
#[pyfunction]
#[pyo3(signature = (callee, /, *args, **named))]
pub(crate) fn oneway(
    callee: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    named: Option<&Bound<'_, PyDict>>,
) -> PyResult<()> {
    let call = call_of(callee, args, named)?;
    calls::wait(callee.py(), move || call.one_way())
}

/// A method of a remote object by its name, whatever its class has under that: for the Python side.
#[pyfunction]
pub(crate) fn bound(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Py<PyAny>> {
    let proxy = proxy_of(object)?.ok_or_else(|| PyTypeError::new_err("no remote object"))?;
    Method::bound(object, proxy, name)
}
