//! Errors both ways: what Python raises as the core's errors, and these as exceptions of real types.

mod incoming;
mod layout;
mod outgoing;

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::{PyAttributeError, PyBaseException};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};
use wherever::error::{Denied, Raised};
use wherever::{Error, Operation, Proxy, Value};

use crate::calls;
use crate::classes::hooks;

pub(crate) use incoming::{stand_in, to_python};
pub(crate) use outgoing::{to_caller, to_core};

/// Errors that are looked at behind one: causes, contexts, members of groups.
const DEPTH_MAX: usize = 16;
/// The name under which an exception keeps what it was made of.
const RECORD: &str = "__wherever_error__";
/// The attribute by which an exception that was passed as a value is asked for: its owner raises it.
pub(crate) const RAISED: &str = "__wherever_raised__";

/// What an exception was made of, as far as the exception itself does not tell.
#[pyclass(frozen, module = "wherever", name = "ErrorRecord")]
pub(crate) struct Record {
    /// Without what can be read from the exception, so that nothing is kept that may refer back to it.
    error: Option<Error>,
    proxy: Option<Proxy>,
    /// Whether an attribute of it was written from here.
    is_touched: AtomicBool,
    life: u32,
}

impl Record {
    /// Type and message of a remote exception, as they were told, while that is right.
    fn head(&self) -> Option<&Raised> {
        let raised = self.error.as_ref().and_then(Error::raised);
        raised.filter(|_| !self.is_touched.load(Ordering::Relaxed)).map(|raised| &**raised)
    }
}

#[pymethods]
impl Record {
    /// A copy of an exception stands for the same remote one; a pickled one stands for none.
    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> (Py<PyType>, ((),)) {
        (slf.py().get_type::<PyTuple>().unbind(), ((),))
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.life != crate::process::life() {
            std::mem::forget((self.proxy.take(), self.error.take()));
        }
    }
}

/// What the module of errors has under this name. It can be had even when the interpreter ends, which takes its modules
/// apart.
pub(crate) fn support<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static NAMES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let names = NAMES.get_or_try_init(py, || PyResult::Ok(py.import("wherever._errors")?.dict().copy()?.unbind()))?;
    let found = names.bind(py).get_item(name)?;
    found.ok_or_else(|| PyAttributeError::new_err(format!("module 'wherever._errors' has no attribute '{name}'")))
}

/// An error of this package, of the class of this name.
pub(crate) fn own(name: &str, message: &str) -> PyErr {
    Python::attach(|py| match support(py, name) {
        Ok(class) => match class.call1((message,)) {
            Ok(made) => PyErr::from_value(made),
            Err(error) => error,
        },
        Err(error) => error,
    })
}

/// Notes in the program's log what a peer was refused.
pub(crate) fn log_refused(py: Python<'_>, denied: &Denied) {
    let noted = support(py, "refused").and_then(|refused| refused.call1((denied.to_string(),)));
    if let Err(error) = noted {
        error.write_unraisable(py, None);
    }
}

fn record<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, Record>> {
    if !object.is_instance_of::<PyBaseException>() {
        return None;
    }
    object.getattr("__dict__").ok()?.get_item(RECORD).ok()?.cast_into().ok()
}

fn keep(exception: &Bound<'_, PyAny>, error: Option<Error>, proxy: Option<Proxy>) -> PyResult<()> {
    let record = Record { error, proxy, is_touched: AtomicBool::new(false), life: crate::process::life() };
    exception.getattr("__dict__")?.set_item(RECORD, Py::new(exception.py(), record)?)
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

/// Sets what every exception has, past whatever its class makes of setting attributes.
fn put<'py>(exception: &Bound<'py, PyAny>, name: &str, value: impl IntoPyObject<'py>) -> PyResult<()> {
    let set = exception.py().get_type::<PyBaseException>().getattr("__setattr__")?;
    set.call1((exception, name, value)).map(|_| ())
}

/// The remote exception behind one, for an attribute that may be asked for over there.
fn asked(exception: &Bound<'_, PyAny>, name: &str) -> PyResult<Option<Proxy>> {
    // What prints an exception looks for these: they come with it, or not at all.
    if hooks::is_special(name) || name == "print_file_and_line" {
        return Ok(None);
    }
    proxy_of_error(exception)
}

/// An attribute of a remote exception that it did not bring along: for the Python side.
#[pyfunction]
pub(crate) fn error_get(exception: &Bound<'_, PyAny>, name: &str) -> PyResult<Py<PyAny>> {
    match asked(exception, name)?.filter(|proxy| !proxy.shape().is_closed()) {
        Some(proxy) => calls::get(exception.py(), &proxy, name),
        None => Err(calls::missing(exception, name)),
    }
}

/// Writes, or deletes, an attribute of an exception: over there if it is a remote one and the attribute is none that
/// came with it.
#[pyfunction]
#[pyo3(signature = (exception, name, value=None))]
pub(crate) fn error_set(exception: &Bound<'_, PyAny>, name: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    let py = exception.py();
    let is_here = layout::builtin_of(&exception.get_type()).hasattr(name)?;
    let Some(proxy) = asked(exception, name)?.filter(|_| !is_here) else {
        let base = py.get_type::<PyBaseException>();
        return match value {
            Some(value) => base.call_method1("__setattr__", (exception, name, value)).map(|_| ()),
            None => base.call_method1("__delattr__", (exception, name)).map(|_| ()),
        };
    };
    if let Some(record) = record(exception) {
        record.get().is_touched.store(true, Ordering::Relaxed);
    }
    match value {
        Some(value) => calls::set(py, &proxy, name, crate::values::outgoing(value)?),
        None => calls::delete(py, &proxy, name),
    }
}

/// Names of the attributes of an exception, those over there among them.
#[pyfunction]
pub(crate) fn error_dir(exception: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let py = exception.py();
    let mut names = calls::dir_own(exception)?;
    if let Some(proxy) = proxy_of_error(exception)? {
        names.extend(calls::wait(py, move || proxy.dir())?);
    }
    names.retain(|name| name != RECORD);
    names.sort();
    names.dedup();
    Ok(names)
}

/// The text of an exception whose class over there makes one: as it was when it was raised, so that printing it costs
/// nothing, unless it was changed from here.
#[pyfunction]
pub(crate) fn error_text(exception: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let py = exception.py();
    let told = record(exception).and_then(|record| record.get().head().map(|raised| raised.message.clone()));
    match (told, proxy_of_error(exception)?) {
        (Some(text), _) => Ok(PyString::new(py, &text).into_any().unbind()),
        (None, Some(proxy)) => calls::perform(py, proxy.request(Operation::Text).member("str")),
        (None, None) => py.get_type::<PyBaseException>().call_method1("__str__", (exception,)).map(Bound::unbind),
    }
}
