//! Peers and servers.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyAnyMethods, PyDict, PyType};
use wherever::Peer;

use crate::calls;
use crate::classes;
use crate::members;
use crate::process;
use crate::together::PyBatch;
use crate::values::incoming;

/// The other side of a session.
#[pyclass(frozen, module = "wherever", name = "Peer", weakref)]
pub(crate) struct PyPeer {
    held: Option<Peer>,
    /// The other end, where both are of this process.
    other: Option<Peer>,
    life: u32,
}

impl Drop for PyPeer {
    fn drop(&mut self) {
        if self.life != process::life() {
            std::mem::forget((self.held.take(), self.other.take()));
        }
    }
}

impl PyPeer {
    pub(crate) fn new(peer: Peer, other: Option<Peer>) -> Self {
        process::close_at_exit(&peer, other.as_ref());
        Self::of(peer, other)
    }

    fn of(peer: Peer, other: Option<Peer>) -> Self {
        Self { held: Some(peer), other, life: process::life() }
    }

    fn peer(&self) -> PyResult<&Peer> {
        match &self.held {
            Some(peer) if self.life == process::life() => Ok(peer),
            _ => Err(process::forked()),
        }
    }
}

#[pymethods]
impl PyPeer {
    /// The object that the peer exports under a name.
    fn get(&self, py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
        let (peer, name) = (self.peer()?.clone(), name.to_owned());
        let proxy = calls::wait(py, move || peer.get_value(&name))?;
        incoming(py, proxy)
    }

    /// The names that the peer exports objects under.
    fn names(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let peer = self.peer()?.clone();
        calls::wait(py, move || peer.names())
    }

    /// What the peer exports, as attributes.
    #[getter]
    fn root(slf: Py<Self>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        py.import("wherever._root")?.call_method1("Root", (slf,)).map(Bound::unbind)
    }

    /// What the session has done and what it holds, by name.
    fn stats(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let stats = self.peer()?.stats();
        let told = PyDict::new(py);
        for (name, count) in counts(&stats) {
            told.set_item(name, count)?;
        }
        py.import("wherever._root")?.call_method1("Stats", (told,)).map(Bound::unbind)
    }

    /// The name of the peer's runtime; empty until its first words have come.
    #[getter]
    fn runtime(&self) -> PyResult<String> {
        Ok(self.peer()?.runtime().to_string())
    }

    /// Whether the session is over.
    #[getter]
    fn closed(&self) -> PyResult<bool> {
        Ok(self.peer()?.ended().is_some())
    }

    /// For a `with` statement: promises and one-way calls that this thread makes meanwhile leave together.
    fn batch(&self) -> PyResult<PyBatch> {
        Ok(PyBatch::new(self.peer()?.clone()))
    }

    /// Ends the session: every pending call fails, every object is released.
    #[pyo3(signature = (reason="closed"))]
    fn close(&self, py: Python<'_>, reason: &str) -> PyResult<()> {
        // In a process that was forked off it is the other's, and closed here.
        let Ok(peer) = self.peer() else { return Ok(()) };
        process::detached(py, || peer.close(reason));
        Ok(())
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, py: Python<'_>, _args: &Bound<'_, PyAny>) -> PyResult<()> {
        self.close(py, "closed")
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let number = |peer: &Self| peer.held.as_ref().map(Peer::session_number);
        other.cast::<Self>().is_ok_and(|other| number(other.get()) == number(self))
    }

    fn __hash__(&self) -> u64 {
        self.held.as_ref().map_or(0, Peer::session_number)
    }

    fn __repr__(&self) -> PyResult<String> {
        let peer = self.peer()?;
        let state = if peer.ended().is_some() { " closed" } else { "" };
        Ok(format!("<wherever.Peer {} {}{state}>", peer.session_number(), peer.runtime()))
    }
}

fn counts(stats: &wherever::Stats) -> [(&'static str, u64); 15] {
    [
        ("calls_sent", stats.calls_sent),
        ("calls_received", stats.calls_received),
        ("round_trips", stats.round_trips),
        ("messages_sent", stats.messages_sent),
        ("messages_received", stats.messages_received),
        ("frames_sent", stats.frames_sent),
        ("frames_received", stats.frames_received),
        ("bytes_sent", stats.bytes_sent),
        ("bytes_received", stats.bytes_received),
        ("exports", stats.exports),
        ("imports", stats.imports),
        ("questions", stats.questions),
        ("answers", stats.answers),
        ("types_described", stats.types_described),
        ("types_known", stats.types_known),
    ]
}

/// What serves a node to whoever connects.
#[pyclass(frozen, module = "wherever", name = "Server", weakref)]
pub(crate) struct PyServer {
    held: Mutex<Option<Arc<wherever_transports::Server>>>,
    url: String,
    life: u32,
}

impl Drop for PyServer {
    fn drop(&mut self) {
        if self.life != process::life() {
            std::mem::forget(self.held.get_mut().take());
        }
    }
}

impl PyServer {
    pub(crate) fn new(server: wherever_transports::Server) -> Self {
        let url = server.url().to_owned();
        let server = Arc::new(server);
        process::end_at_exit(&server);
        Self { held: Mutex::new(Some(server)), url, life: process::life() }
    }

    /// The server, unless it is closed.
    fn server(&self) -> PyResult<Option<Arc<wherever_transports::Server>>> {
        if self.life == process::life() { Ok(self.held.lock().clone()) } else { Err(process::forked()) }
    }
}

#[pymethods]
impl PyServer {
    /// The URL to connect to, with the port that was taken.
    #[getter]
    fn url(&self) -> &str {
        &self.url
    }

    /// The peers that are connected.
    fn peers(&self) -> PyResult<Vec<PyPeer>> {
        let server = self.server()?;
        let peers = server.map_or_else(Vec::new, |server| server.peers());
        Ok(peers.into_iter().map(|peer| PyPeer::of(peer, None)).collect())
    }

    /// Stops serving, and ends the sessions of all that are connected.
    fn close(&self, py: Python<'_>) {
        if self.life != process::life() {
            // It is the other process's, and closed here.
            return;
        }
        let server = self.held.lock().take();
        process::detached(py, || {
            if let Some(server) = server {
                server.stop(Duration::ZERO);
            }
        });
    }

    /// Waits until the server was closed; of `stdio:`, until the session is over.
    fn wait(&self, py: Python<'_>) -> PyResult<()> {
        let Some(server) = self.server()? else { return Ok(()) };
        crate::interrupts::until(py, None, move || server.wait()).map(|_| ())
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, py: Python<'_>, _args: &Bound<'_, PyAny>) {
        self.close(py);
    }

    fn __repr__(&self) -> String {
        let state = if self.held.lock().is_some() { "" } else { " closed" };
        format!("<wherever.Server {}{state}>", self.url)
    }
}

/// Whether the object is a remote one, or a part of one.
#[pyfunction]
pub(crate) fn is_remote(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    if let Ok(class) = object.cast::<PyType>() {
        return Ok(classes::is_fake(class));
    }
    Ok(members::is_remote(object) || crate::errors::proxy_of_error(object)?.is_some())
}

/// The number of the session that a remote object is of; 0 for an object of this side.
#[pyfunction]
pub(crate) fn session_of(object: &Bound<'_, PyAny>) -> PyResult<u64> {
    Ok(crate::remote::proxy_of(object)?.map_or(0, |proxy| classes::session_of(&proxy)))
}

/// The peer at which a remote object lives; none for an object of this side.
#[pyfunction]
pub(crate) fn peer_of(object: &Bound<'_, PyAny>) -> PyResult<Option<PyPeer>> {
    let proxy = match object.cast::<PyType>() {
        Ok(class) => classes::far_if_known(class),
        Err(_) => members::proxy_behind(object)?.or(crate::errors::proxy_of_error(object)?),
    };
    Ok(proxy.and_then(|proxy| proxy.peer()).map(|peer| PyPeer::of(peer, None)))
}
