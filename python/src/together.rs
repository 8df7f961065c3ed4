//! What leaves, or comes, together: batches, attributes that come along with items, and paths in one message.

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyAnyMethods, PyList, PyTuple};
use wherever::{Batch, CallBuilder, Operation, Peer};

use crate::calls;
use crate::process;
use crate::remote::proxy_of;
use crate::values::{Takes, incoming, outgoing};

/// Calls that leave together: what the thread sends of a peer meanwhile, and waits for nothing.
#[pyclass(unsendable, module = "wherever", name = "Batch")]
pub(crate) struct PyBatch {
    peer: Peer,
    open: Vec<Batch>,
    life: u32,
}

impl Drop for PyBatch {
    fn drop(&mut self) {
        if self.life != process::life() {
            std::mem::forget((self.peer.clone(), std::mem::take(&mut self.open)));
        }
    }
}

impl PyBatch {
    pub(crate) fn new(peer: Peer) -> Self {
        Self { peer, open: Vec::new(), life: process::life() }
    }
}

#[pymethods]
impl PyBatch {
    fn __enter__(mut slf: PyRefMut<'_, Self>) -> PyResult<PyRefMut<'_, Self>> {
        if slf.life != process::life() {
            return Err(process::forked());
        }
        let opened = slf.peer.batch();
        slf.open.push(opened);
        Ok(slf)
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&mut self, _args: &Bound<'_, PyTuple>) -> PyResult<()> {
        if self.life != process::life() {
            // It is the other process's, and leaves there.
            return Ok(());
        }
        // It leaves with the interpreter's lock held, since a batch is its thread's: what it holds is short.
        match self.open.pop() {
            Some(batch) => {
                batch.send();
                Ok(())
            }
            None => Err(PyRuntimeError::new_err("a batch that was not begun")),
        }
    }
}

/// The items of a remote container, each with these attributes of it, which come along: one round trip.
#[pyfunction]
#[pyo3(signature = (container, /, *names))]
pub(crate) fn prefetch(container: &Bound<'_, PyAny>, names: Vec<String>) -> PyResult<Py<PyAny>> {
    let py = container.py();
    let rows = PyList::empty(py);
    let Some(proxy) = proxy_of(container)?.filter(|proxy| proxy.shape().category().is_container()) else {
        for item in container.try_iter()? {
            rows.append(row(item?, &names, Vec::new())?)?;
        }
        return Ok(rows.into_any().unbind());
    };
    let wanted = names.clone();
    let fetched = calls::wait(py, move || proxy.fetch_with(&wanted.iter().map(String::as_str).collect::<Vec<_>>()))?;
    for each in fetched {
        let item = incoming(py, each.item)?.into_bound(py);
        let mut told = Vec::new();
        for attribute in each.attributes {
            told.push(match attribute {
                Some(attribute) => Some(incoming(py, calls::wait(py, move || attribute)?)?.into_bound(py)),
                None => None,
            });
        }
        rows.append(row(item, &names, told)?)?;
    }
    Ok(rows.into_any().unbind())
}

/// An item and its attributes; those that did not come along are read.
fn row<'py>(
    item: Bound<'py, PyAny>,
    names: &[String],
    told: Vec<Option<Bound<'py, PyAny>>>,
) -> PyResult<Bound<'py, PyTuple>> {
    let py = item.py();
    let mut told = told.into_iter();
    let mut row = vec![item.clone()];
    for name in names {
        row.push(match told.next().flatten() {
            Some(attribute) => attribute,
            None => item.getattr(&**name)?,
        });
    }
    PyTuple::new(py, row)
}

/// What `operator.attrgetter`, `itemgetter` or `methodcaller` does with a remote object, as one call; `None` for all
/// other callables, and for more than one attribute or item at once.
pub(crate) fn getter(callee: &Bound<'_, PyAny>, args: &Bound<'_, PyTuple>) -> PyResult<Option<CallBuilder>> {
    static KINDS: PyOnceLock<Vec<Py<PyAny>>> = PyOnceLock::new();
    let py = callee.py();
    let kinds = KINDS.get_or_try_init(py, || -> PyResult<_> {
        let operator = py.import("operator")?;
        ["attrgetter", "itemgetter", "methodcaller"].iter().map(|name| Ok(operator.getattr(*name)?.unbind())).collect()
    })?;
    let kind = callee.get_type();
    let Some(which) = kinds.iter().position(|known| kind.is(known)) else { return Ok(None) };
    let Some(proxy) = args.get_item(0).ok().filter(|_| args.len() == 1).map(|on| proxy_of(&on)).transpose()?.flatten()
    else {
        return Err(PyTypeError::new_err("one remote object is wanted to get that of"));
    };
    let reduced = callee.call_method0("__reduce__")?;
    let given = reduced.get_item(1)?.cast_into::<PyTuple>()?;
    let plain = reduced.get_item(0)?.is(&kind);
    Ok(match (which, given.len()) {
        (0, 1) => {
            let path: String = given.get_item(0)?.extract()?;
            let (before, last) = path.rsplit_once('.').unwrap_or(("", &path));
            let at = before.split('.').filter(|name| !name.is_empty()).fold(proxy, |at, name| at.at(name));
            Some(at.request(Operation::Get).member(last))
        }
        (1, 1) => Some(proxy.request(Operation::Index).args(vec![outgoing(&given.get_item(0)?)?])),
        (2, 1..) if plain => {
            let name: String = given.get_item(0)?.extract()?;
            let arguments = given.get_slice(1, given.len());
            Some(proxy.method(&name).args(calls::arguments(&arguments, None, Takes::References)?))
        }
        _ => return Err(PyTypeError::new_err("one attribute, item or method at a time is asked of a remote object")),
    })
}
