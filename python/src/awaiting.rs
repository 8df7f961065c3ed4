//! Between futures and event loops: promises that are awaited, coroutines that are run for peers.

use std::cell::RefCell;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;
use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};
use wherever::context::{CallContext, Reply};
use wherever::{Error, Outcome, Promise, PromiseFuture};

use crate::errors::{to_core, to_python};
use crate::process;
use crate::values::{incoming, outgoing};

/// A promise that an event loop waits for.
#[pyclass(frozen, module = "wherever", name = "Poller")]
pub(crate) struct Poller(Arc<Awaited>);

struct Awaited {
    future: Mutex<Option<PromiseFuture>>,
    place: Mutex<Option<Place>>,
    life: u32,
}

impl Drop for Awaited {
    fn drop(&mut self) {
        if self.is_of_another_process() {
            std::mem::forget(self.future.get_mut().take());
        }
    }
}

/// The event loop, and its future for the result.
struct Place {
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
}

impl Poller {
    pub(crate) fn new(promise: Promise) -> Self {
        let future = Mutex::new(Some(promise.into_future()));
        Self(Arc::new(Awaited { future, place: Mutex::new(None), life: process::life() }))
    }
}

#[pymethods]
impl Poller {
    fn begin(&self, py: Python<'_>, event_loop: Py<PyAny>, future: Py<PyAny>) {
        *self.0.place.lock() = Some(Place { event_loop, future });
        self.0.poll(py);
    }

    /// Looks whether the result has come; called by the event loop.
    fn poll(&self, py: Python<'_>) {
        self.0.poll(py);
    }

    fn end(&self, py: Python<'_>) {
        if self.0.is_of_another_process() {
            return;
        }
        let (future, place) = (self.0.future.lock().take(), self.0.place.lock().take());
        process::detached(py, || drop(future));
        drop(place);
    }
}

impl Wake for Awaited {
    fn wake(self: Arc<Self>) {
        process::attached(|py| {
            let event_loop = self.place.lock().as_ref().map(|place| place.event_loop.clone_ref(py));
            let Some(event_loop) = event_loop else { return };
            let polled = Py::new(py, Poller(self)).and_then(|poller| poller.getattr(py, "poll"));
            // A loop that is closed has nobody who waits.
            let _ = polled.and_then(|poll| event_loop.call_method1(py, "call_soon_threadsafe", (poll,)));
        });
    }
}

impl Awaited {
    /// Whether this process was forked off the one that waits: its session is not to be touched here.
    fn is_of_another_process(&self) -> bool {
        self.life != process::life()
    }

    fn poll(self: &Arc<Self>, py: Python<'_>) {
        if self.is_of_another_process() {
            return;
        }
        let waker = Waker::from(self.clone());
        let Some(mut future) = self.future.lock().take() else { return };
        let (future, polled) = process::detached(py, || {
            let polled = Pin::new(&mut future).poll(&mut Context::from_waker(&waker));
            (future, polled)
        });
        match polled {
            Poll::Pending => *self.future.lock() = Some(future),
            Poll::Ready(result) => {
                let place = self.place.lock().take();
                if let Some(place) = place {
                    // A future that was cancelled meanwhile takes no result.
                    let _ = settle(py, &place.future, result);
                }
            }
        }
    }
}

fn settle(py: Python<'_>, future: &Py<PyAny>, result: Result<wherever::Value, Error>) -> PyResult<()> {
    if future.call_method0(py, "done")?.is_truthy(py)? {
        return Ok(());
    }
    let result = result.map_err(|error| to_python(py, error)).and_then(|value| incoming(py, value));
    match result {
        Ok(value) => future.call_method1(py, "set_result", (value,)).map(|_| ()),
        Err(error) if error.is_instance_of::<PyStopIteration>(py) => {
            // A future refuses it, since it would end whoever awaits.
            let other = PyRuntimeError::new_err("the remote call raised StopIteration");
            other.set_cause(py, Some(error));
            future.call_method1(py, "set_exception", (other.into_value(py),)).map(|_| ())
        }
        Err(error) => future.call_method1(py, "set_exception", (error.into_value(py),)).map(|_| ()),
    }
}

/// Whether a call came to what is to be awaited, and is then run for its caller: a coroutine, or the step of an
/// asynchronous generator, which is nothing to hold.
pub(crate) fn is_run(object: &Bound<'_, PyAny>) -> bool {
    static TYPES: PyOnceLock<Py<PyTuple>> = PyOnceLock::new();
    let py = object.py();
    let types = TYPES.get_or_try_init(py, || {
        py.import("wherever._loop")?.getattr("RUN")?.cast_into::<PyTuple>().map(Bound::unbind).map_err(PyErr::from)
    });
    types.is_ok_and(|types| types.bind(py).iter_borrowed().any(|kind| object.get_type().is(&*kind)))
}

/// An event loop that a node was made within.
pub(crate) type NodeLoop = Arc<Py<PyAny>>;

thread_local! {
    /// That of the node whose call the present thread serves, if it has one.
    static LOOP: RefCell<Option<NodeLoop>> = const { RefCell::new(None) };
}

/// The event loop that the present thread runs.
pub(crate) fn running_loop(py: Python<'_>) -> PyResult<Option<NodeLoop>> {
    let asyncio = py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?.get_item("asyncio")?;
    // Who has not loaded it, runs no loop.
    let Some(asyncio) = asyncio else { return Ok(None) };
    let running = asyncio.call_method0("_get_running_loop")?;
    Ok(Some(running).filter(|running| !running.is_none()).map(|running| Arc::new(running.unbind())))
}

/// Does this; coroutines that it comes to are run in the loop.
pub(crate) fn within(event_loop: Option<&NodeLoop>, job: impl FnOnce()) {
    struct Before(Option<NodeLoop>);

    impl Drop for Before {
        fn drop(&mut self) {
            LOOP.set(self.0.take());
        }
    }

    let _before = Before(LOOP.replace(event_loop.cloned()));
    job();
}

/// What is told of the end of what was awaited for a peer.
#[pyclass(frozen, module = "wherever", name = "Settle")]
struct Settle {
    reply: Mutex<Option<Reply>>,
    life: u32,
}

impl Drop for Settle {
    fn drop(&mut self) {
        if self.life != process::life() {
            std::mem::forget(self.reply.get_mut().take());
        }
    }
}

impl Settle {
    /// The call's reply, unless it is of the process that this one was forked off.
    fn take(&self) -> Option<Reply> {
        if self.life == process::life() { self.reply.lock().take() } else { None }
    }
}

#[pymethods]
impl Settle {
    /// It waits for something: later calls may start.
    fn suspend(&self, py: Python<'_>) {
        if self.life == process::life() {
            let reply = self.reply.lock().clone();
            process::detached(py, || reply.iter().for_each(Reply::suspend));
        }
    }

    /// It was cancelled: most often because the caller has wanted that.
    fn cancelled(&self, py: Python<'_>) {
        let reply = self.take();
        process::detached(py, || reply.iter().for_each(|reply| reply.settle(Err(Error::Stopped))));
    }

    fn __call__(&self, py: Python<'_>, result: &Bound<'_, PyAny>, error: &Bound<'_, PyAny>) {
        let Some(reply) = self.take() else { return };
        let settled = match error.is_none() {
            true => outgoing(result).map_err(|error| to_core(py, error)),
            false => Err(to_core(py, PyErr::from_value(error.clone()))),
        };
        process::detached(py, || reply.settle(settled));
    }
}

/// Awaits this for the caller, in an event loop.
pub(crate) fn serve(awaitable: &Bound<'_, PyAny>, context: &CallContext) -> PyResult<Outcome> {
    let py = awaitable.py();
    let settle = Py::new(py, Settle { reply: Mutex::new(Some(context.reply())), life: process::life() })?;
    let event_loop = LOOP.with_borrow(|event_loop| event_loop.as_ref().map(|event_loop| event_loop.clone_ref(py)));
    let served = py.import("wherever._loop")?.call_method1("Served", (awaitable, settle, event_loop))?.unbind();
    context.on_stop(move || {
        process::attached(|py| {
            // What has ended cannot be cancelled, and need not be.
            let _ = served.call_method0(py, "cancel");
        });
    });
    Ok(Outcome::Later)
}
