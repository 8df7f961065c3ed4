//! Nodes, peers and servers as Python objects.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use pyo3::exceptions::{PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyAnyMethods, PyDict, PyMapping, PyString, PyType};
use wherever::policy::Policy;
use wherever::transport::memory_pair;
use wherever::{Error, Node, Notice, Peer, Runtime, Value};
use wherever_transports::ConnectError;

use crate::awaiting;
use crate::calls;
use crate::classes;
use crate::errors::{own, to_core, to_python};
use crate::host::Named;
use crate::members;
use crate::process;
use crate::together::PyBatch;
use crate::values::{incoming, outgoing};

/// CPython as a runtime.
pub(crate) struct Python3 {
    /// Where coroutines are run for peers, if not in a loop of this package.
    event_loop: Option<awaiting::NodeLoop>,
}

impl Runtime for Python3 {
    type Object = Py<PyAny>;

    fn name(&self) -> &str {
        "python"
    }

    fn value_types(&self) -> Vec<(Arc<str>, u32)> {
        let told = process::attached(|py| -> PyResult<Vec<(String, u32)>> {
            py.import("wherever._values")?.call_method0("announced")?.extract()
        });
        let told = told.and_then(Result::ok).unwrap_or_default();
        told.into_iter().map(|(name, version)| (name.into(), version)).collect()
    }

    fn incoming(&self, value: Value) -> Result<Py<PyAny>, Error> {
        Python::attach(|py| incoming(py, value).map_err(|error| to_core(py, error)))
    }

    fn outgoing(&self, object: &Py<PyAny>) -> Result<Value, Error> {
        Python::attach(|py| outgoing(object.bind(py)).map_err(|error| to_core(py, error)))
    }

    fn incoming_error(&self, error: Error) -> Py<PyAny> {
        Python::attach(|py| to_python(py, error).into_value(py).into_any())
    }

    fn outgoing_error(&self, raised: &Py<PyAny>) -> Error {
        Python::attach(|py| to_core(py, PyErr::from_value(raised.bind(py).clone())))
    }

    fn run(&self, job: &mut dyn FnMut()) {
        awaiting::within(self.event_loop.as_ref(), job);
    }
}

fn policy_of(policy: Option<&str>) -> PyResult<Policy> {
    match policy {
        None | Some("closed") => Ok(Policy::Closed),
        Some("public") => Ok(Policy::Public),
        Some("open") => Ok(Policy::Open),
        Some(other) => {
            Err(PyValueError::new_err(format!("no policy {other:?}: there are \"closed\", \"public\" and \"open\"")))
        }
    }
}

/// This process's own side: what it exports, and what peers may do with it.
#[pyclass(frozen, module = "wherever", name = "Node", subclass)]
pub(crate) struct PyNode {
    node: Node,
    life: u32,
}

impl Drop for PyNode {
    fn drop(&mut self) {
        if self.life != process::life() {
            std::mem::forget(self.node.clone());
        }
    }
}

impl PyNode {
    /// The node, whose threads are in the process that made it.
    fn node(&self) -> PyResult<&Node> {
        if self.life == process::life() { Ok(&self.node) } else { Err(process::forked()) }
    }
}

#[pymethods]
impl PyNode {
    #[new]
    #[pyo3(signature = (exports=None, *, policy=None))]
    fn new(py: Python<'_>, exports: Option<&Bound<'_, PyAny>>, policy: Option<&str>) -> PyResult<Self> {
        // Who makes a node within an event loop has coroutines run there: they may use what belongs to it.
        let event_loop = awaiting::running_loop(py)?;
        let builder = Node::builder().policy(policy_of(policy)?).runtime(Arc::new(Python3 { event_loop }));
        let builder = builder.on_notice(|notice| {
            if let Notice::Ended { session, .. } = notice {
                let session = *session;
                process::attached(|_| classes::forget(session));
            }
        });
        let node = Self { node: builder.build(), life: process::life() };
        if let Some(exports) = exports {
            node.export_all(exports)?;
        }
        Ok(node)
    }

    /// Exports an object under a name: every peer of the node can get it.
    fn export(&self, name: &str, object: &Bound<'_, PyAny>) -> PyResult<()> {
        self.node()?.export(name, Named::own(object));
        Ok(())
    }

    /// Exports what a mapping has, by its names; anything else as the object that the node is for.
    fn export_all(&self, exports: &Bound<'_, PyAny>) -> PyResult<()> {
        if exports.is_none() {
            return Ok(());
        }
        let Ok(mapping) = exports.cast::<PyMapping>() else {
            self.node()?.export_root(Named::own(exports));
            return Ok(());
        };
        for pair in mapping.items()?.iter() {
            let (name, object): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
            let name = name.cast::<PyString>().map_err(|_| PyTypeError::new_err("objects are exported under texts"))?;
            self.export(name.to_str()?, &object)?;
        }
        Ok(())
    }

    /// Takes a name back; whether it stood for anything.
    fn unexport(&self, py: Python<'_>, name: &str) -> PyResult<bool> {
        let node = self.node()?;
        Ok(process::detached(py, || node.unexport(name)))
    }

    /// The names under which objects are exported.
    fn names(&self) -> PyResult<Vec<String>> {
        Ok(self.node()?.names().iter().map(|name| name.to_string()).collect())
    }

    #[getter]
    fn policy(&self) -> &'static str {
        self.node.policy().name()
    }

    #[pyo3(signature = (url, *, timeout=None))]
    fn connect(&self, py: Python<'_>, url: &str, timeout: Option<f64>) -> PyResult<PyPeer> {
        let (node, to) = (self.node()?.clone(), url.to_owned());
        connected(py, url, timeout, move || wherever_transports::connect(&node, &to))
    }

    /// Starts a program and connects to it by its standard input and output.
    #[pyo3(signature = (argv, *, timeout=None, cwd=None, env=None))]
    fn connect_command(
        &self,
        py: Python<'_>,
        argv: Vec<OsString>,
        timeout: Option<f64>,
        cwd: Option<PathBuf>,
        env: Option<HashMap<OsString, OsString>>,
    ) -> PyResult<PyPeer> {
        let Some((program, arguments)) = argv.split_first() else {
            return Err(PyValueError::new_err("a program is wanted, and its arguments"));
        };
        let mut command = Command::new(program);
        command.args(arguments);
        if let Some(cwd) = cwd {
            command.current_dir(cwd);
        }
        if let Some(env) = env {
            command.env_clear().envs(env);
        }
        let node = self.node()?.clone();
        let place = program.to_string_lossy().into_owned();
        connected(py, &place, timeout, move || wherever_transports::connect_command(&node, command))
    }

    fn serve(&self, py: Python<'_>, url: &str) -> PyResult<PyServer> {
        let node = self.node()?;
        match process::detached(py, || wherever_transports::serve(node, url)) {
            Ok(server) => Ok(PyServer::new(server)),
            Err(error) => Err(serve_error(py, &error)),
        }
    }

    fn __repr__(&self) -> PyResult<String> {
        Ok(format!("<wherever.Node {} {:?}>", self.node.policy().name(), self.names()?))
    }
}

/// Connects, and waits for that no longer than said.
fn connected(
    py: Python<'_>,
    place: &str,
    timeout: Option<f64>,
    connect: impl FnOnce() -> Result<Peer, ConnectError> + Send + 'static,
) -> PyResult<PyPeer> {
    let time = crate::promise::time_of(timeout)?;
    match crate::interrupts::until(py, time, connect)? {
        Some(Ok(peer)) => Ok(PyPeer::new(peer, None)),
        Some(Err(error)) => Err(connect_error(py, &error)),
        None => {
            let seconds = timeout.unwrap_or(0.0);
            Err(own("DeadlinePassed", &format!("{place} was not connected to in {seconds} s")))
        }
    }
}

/// An error of connecting as Python has it: of the system's own kind, where it is the system's.
fn connect_error(py: Python<'_>, error: &ConnectError) -> PyErr {
    os_error(py, error, "ConnectFailed")
}

fn serve_error(py: Python<'_>, error: &wherever_transports::ServeError) -> PyErr {
    os_error(py, error, "ServeFailed")
}

fn os_error(py: Python<'_>, error: &dyn std::error::Error, otherwise: &str) -> PyErr {
    let mut source = error.source();
    while let Some(next) = source {
        if let Some(code) = next.downcast_ref::<std::io::Error>().and_then(std::io::Error::raw_os_error) {
            // The class that the number stands for: `ConnectionRefusedError`, `FileNotFoundError` and so on.
            let made = py.get_type::<PyOSError>().call1((code, error.to_string()));
            return made.map_or_else(|error| error, PyErr::from_value);
        }
        source = next.source();
    }
    own(otherwise, &error.to_string())
}

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
    fn new(peer: Peer, other: Option<Peer>) -> Self {
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
    fn new(server: wherever_transports::Server) -> Self {
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

/// Two nodes of this process as each other's peers; the second's view of the first.
#[pyfunction]
pub(crate) fn pair(py: Python<'_>, serving: &Bound<'_, PyNode>, asking: &Bound<'_, PyNode>) -> PyResult<PyPeer> {
    let (serving, asking) = (serving.get().node()?, asking.get().node()?);
    let (near, far) = memory_pair();
    let (peer, other) = process::detached(py, || (wherever::connect(asking, near), wherever::connect(serving, far)));
    Ok(PyPeer::new(peer, Some(other)))
}

/// Whether the object is a remote one, or a part of one.
#[pyfunction]
pub(crate) fn is_remote(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    if let Ok(class) = object.cast::<PyType>() {
        return Ok(classes::is_fake(class));
    }
    Ok(members::is_remote(object) || crate::errors::proxy_of_error(object)?.is_some())
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
