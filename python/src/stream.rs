//! Items of remote iterators, as they come.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use wherever::{ItemStream, Proxy};

use crate::calls;
use crate::remote::proxy_of;
use crate::values::incoming;

/// Items of a remote object, as they come.
#[pyclass(frozen, module = "wherever", name = "Items")]
pub(crate) struct RemoteItems {
    /// Taken out while the next item is waited for.
    items: Mutex<Option<ItemStream>>,
    is_closed: AtomicBool,
    life: u32,
}

impl Drop for RemoteItems {
    fn drop(&mut self) {
        if self.life != crate::process::life() {
            std::mem::forget(self.items.get_mut().take());
        }
    }
}

impl RemoteItems {
    fn made(py: Python<'_>, items: ItemStream) -> PyResult<Py<PyAny>> {
        let (items, is_closed) = (Mutex::new(Some(items)), AtomicBool::new(false));
        Ok(Py::new(py, Self { items, is_closed, life: crate::process::life() })?.into_any())
    }
}

#[pymethods]
impl RemoteItems {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        if self.life != crate::process::life() {
            return Err(crate::process::forked());
        }
        if self.is_closed.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let Some(mut items) = self.items.lock().take() else {
            return Err(PyValueError::new_err("another thread waits for the next item"));
        };
        let item = calls::wait(py, || {
            let item = items.next();
            // Even if it was interrupted: the step can be taken again.
            *self.items.lock() = Some(items);
            item.transpose()
        })?;
        item.map(|item| incoming(py, item)).transpose()
    }

    /// Ends it: no more items are wanted.
    fn close(&self, py: Python<'_>) {
        self.is_closed.store(true, Ordering::Relaxed);
        let items = self.items.lock().take();
        crate::process::detached(py, || drop(items));
    }
}

/// Steps through a remote object one item at a time; a container is moved whole.
pub(crate) fn iterate(py: Python<'_>, proxy: &Proxy) -> PyResult<Py<PyAny>> {
    let proxy = proxy.clone();
    RemoteItems::made(py, calls::wait(py, move || proxy.iterate())?)
}

/// The items of a remote iterator, which may run ahead by `n` of them.
#[pyfunction]
pub(crate) fn buffered(iterator: &Bound<'_, PyAny>, n: i64) -> PyResult<Py<PyAny>> {
    let py = iterator.py();
    let ahead = u64::try_from(n).ok().filter(|n| *n > 0);
    let ahead = ahead.ok_or_else(|| PyValueError::new_err("a buffer has room for one item at least"))?;
    match proxy_of(iterator)? {
        Some(proxy) => RemoteItems::made(py, calls::wait(py, move || proxy.buffered(ahead))?),
        None if iterator.try_iter().is_ok() => Ok(iterator.try_iter()?.into_any().unbind()),
        None => Err(PyTypeError::new_err("buffered wants an iterator, most often a remote one")),
    }
}
