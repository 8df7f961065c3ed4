//! Nodes: CPython as a runtime, what is exported, and how sessions begin.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use pyo3::exceptions::{PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyAnyMethods, PyMapping, PyString};
use wherever::error::FramesTold;
use wherever::policy::Policy;
use wherever::transport::memory_pair;
use wherever::{Error, Node, Notice, Peer, Runtime, Value};
use wherever_transports::ConnectError;

use crate::awaiting;
use crate::classes;
use crate::errors::{log_refused, own, to_core, to_python};
use crate::host::Named;
use crate::peer::{PyPeer, PyServer};
use crate::process;
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

fn frames_told(told: &str) -> PyResult<FramesTold> {
    match told {
        "nothing" => Ok(FramesTold::Nothing),
        "places" => Ok(FramesTold::Places),
        "source" => Ok(FramesTold::Source),
        "stacks" => Ok(FramesTold::Stacks),
        other => Err(PyValueError::new_err(format!(
            "frames are not told by {other:?}: there are \"nothing\", \"places\", \"source\" and \"stacks\""
        ))),
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
    #[pyo3(signature = (exports=None, *, policy=None, tell_frames=None))]
    fn new(
        py: Python<'_>,
        exports: Option<&Bound<'_, PyAny>>,
        policy: Option<&str>,
        tell_frames: Option<&str>,
    ) -> PyResult<Self> {
        // Who makes a node within an event loop has coroutines run there: they may use what belongs to it.
        let event_loop = awaiting::running_loop(py)?;
        let builder = Node::builder().policy(policy_of(policy)?).runtime(Arc::new(Python3 { event_loop }));
        let builder = match tell_frames {
            Some(told) => builder.tell_frames(frames_told(told)?),
            None => builder,
        };
        let builder = builder.on_notice(|notice| match notice {
            Notice::Ended { session, .. } => {
                let session = *session;
                process::attached(|_| classes::forget(session));
            }
            Notice::Refused { denied, .. } => {
                process::attached(|py| log_refused(py, denied));
            }
            _ => {}
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

/// Two nodes of this process as each other's peers; the second's view of the first.
#[pyfunction]
pub(crate) fn pair(py: Python<'_>, serving: &Bound<'_, PyNode>, asking: &Bound<'_, PyNode>) -> PyResult<PyPeer> {
    let (serving, asking) = (serving.get().node()?, asking.get().node()?);
    let (near, far) = memory_pair();
    let (peer, other) = process::detached(py, || (wherever::connect(asking, near), wherever::connect(serving, far)));
    Ok(PyPeer::new(peer, Some(other)))
}
