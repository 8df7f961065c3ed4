//! Members of stand-in classes: descriptors that make an attribute, a method or an operator of a remote object one here.

use std::sync::{Arc, OnceLock};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};
use wherever::{Operation, Promise, Proxy};

use crate::calls;
use crate::classes;
use crate::remote::{Remote, proxy_of};
use crate::values::outgoing;

/// How a member is asked for over there.
#[derive(Clone)]
pub(crate) enum Action {
    /// By its name.
    Call,
    /// By an operation of the core, for runtimes that have no special methods.
    Operation(Operation, Option<Arc<str>>),
}

/// What is known of a member.
pub(crate) struct Known {
    pub(crate) name: Arc<str>,
    pub(crate) signature: Arc<str>,
    pub(crate) doc: Arc<str>,
    pub(crate) one_way: bool,
    pub(crate) action: Action,
}

impl Known {
    /// Whether its calls give something to await.
    fn is_async(&self) -> bool {
        self.signature.contains("-> Awaitable") || &*self.name == "__anext__"
    }
}

// A method of a stand-in class. (No documentation of the class: its instances have their own.)
#[pyclass(frozen, module = "wherever", name = "method_descriptor")]
pub(crate) struct MethodMember {
    pub(crate) known: Arc<Known>,
    owner: OnceLock<Py<PyType>>,
}

// An attribute of a stand-in class: a property, a slot. (No documentation of the class: its instances have their own.)
#[pyclass(frozen, module = "wherever", name = "attribute_descriptor")]
pub(crate) struct AttributeMember {
    known: Arc<Known>,
    owner: OnceLock<Py<PyType>>,
}

impl MethodMember {
    pub(crate) fn new(known: Known) -> Self {
        Self { known: Arc::new(known), owner: OnceLock::new() }
    }

    fn bind(&self, py: Python<'_>, callee: Callee, on: Py<PyAny>) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Method { callee, known: self.known.clone(), on })?.into_any())
    }
}

#[pymethods]
impl MethodMember {
    fn __set_name__(&self, owner: Py<PyType>, _name: &Bound<'_, PyAny>) {
        let _ = self.owner.set(owner);
    }

    fn __get__(
        slf: &Bound<'_, Self>,
        instance: Option<&Bound<'_, PyAny>>,
        owner: Option<&Bound<'_, PyType>>,
    ) -> PyResult<Py<PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        if let Some(instance) = instance {
            if let Some(proxy) = proxy_of(instance)? {
                return this.bind(py, Callee::Object(proxy), instance.clone().unbind());
            }
            if let Ok(class) = instance.cast::<PyType>() {
                return this.bind(py, Callee::Object(classes::far(class)?), instance.clone().unbind());
            }
            if let Some(proxy) = crate::errors::proxy_of_error(instance)? {
                return this.bind(py, Callee::Object(proxy), instance.clone().unbind());
            }
            if let Some(owner) = this.owner.get() {
                let class = classes::far(owner.bind(py))?;
                return this.bind(py, Callee::Inherited(class), instance.clone().unbind());
            }
        }
        match owner.and_then(|owner| classes::far(owner).ok().map(|far| (far, owner))) {
            Some((class, owner)) => this.bind(py, Callee::Object(class), owner.clone().into_any().unbind()),
            None => Ok(slf.clone().into_any().unbind()),
        }
    }

    #[getter]
    fn __name__(&self) -> &str {
        &self.known.name
    }

    #[getter]
    fn __doc__(&self) -> Option<&str> {
        Some(&*self.known.doc).filter(|doc| !doc.is_empty())
    }

    #[getter]
    fn __signature__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        classes::signature(py, &self.known.signature)
    }

    fn __repr__(&self) -> String {
        format!("<remote method {}>", self.known.name)
    }
}

impl AttributeMember {
    pub(crate) fn new(known: Known) -> Self {
        Self { known: Arc::new(known), owner: OnceLock::new() }
    }

    fn target(&self, instance: &Bound<'_, PyAny>) -> PyResult<Proxy> {
        if let Some(proxy) = proxy_of(instance)? {
            return Ok(proxy);
        }
        if let Some(proxy) = crate::errors::proxy_of_error(instance)? {
            return Ok(proxy);
        }
        Err(calls::missing(instance, &self.known.name))
    }
}

#[pymethods]
impl AttributeMember {
    fn __set_name__(&self, owner: Py<PyType>, _name: &Bound<'_, PyAny>) {
        let _ = self.owner.set(owner);
    }

    fn __get__(
        slf: &Bound<'_, Self>,
        instance: Option<&Bound<'_, PyAny>>,
        owner: Option<&Bound<'_, PyType>>,
    ) -> PyResult<Py<PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        match instance {
            Some(instance) => match proxy_of(instance)? {
                Some(proxy) => calls::get(py, &proxy, &this.known.name),
                None if crate::errors::proxy_of_error(instance)?.is_some() => {
                    calls::get(py, &this.target(instance)?, &this.known.name)
                }
                None => {
                    calls::inherited_value(this.owner.get().map(|owner| owner.bind(py)), instance, &this.known.name)
                }
            },
            None => match owner.map(classes::far) {
                Some(Ok(class)) => calls::get(py, &class, &this.known.name),
                _ => Ok(slf.clone().into_any().unbind()),
            },
        }
    }

    fn __set__(&self, instance: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        calls::set(instance.py(), &self.target(instance)?, &self.known.name, outgoing(value)?)
    }

    fn __delete__(&self, instance: &Bound<'_, PyAny>) -> PyResult<()> {
        calls::delete(instance.py(), &self.target(instance)?, &self.known.name)
    }

    #[getter]
    fn __name__(&self) -> &str {
        &self.known.name
    }

    #[getter]
    fn __doc__(&self) -> Option<&str> {
        Some(&*self.known.doc).filter(|doc| !doc.is_empty())
    }

    fn __repr__(&self) -> String {
        format!("<remote attribute {}>", self.known.name)
    }
}

/// What a method is called on.
pub(crate) enum Callee {
    /// A remote object.
    Object(Proxy),
    /// A remote class, with an instance of this side as the method's own self.
    Inherited(Proxy),
}

// A method of a remote object, bound to it: reading it costs no message. (No documentation of the class: its instances have their own.)
#[pyclass(frozen, module = "wherever", name = "method")]
pub(crate) struct Method {
    callee: Callee,
    known: Arc<Known>,
    on: Py<PyAny>,
}

impl Method {
    /// A method by its name alone, bound to the object that stands for a remote one.
    pub(crate) fn bound(object: &Bound<'_, PyAny>, proxy: Proxy, name: &str) -> PyResult<Py<PyAny>> {
        let known =
            Known { name: name.into(), signature: "".into(), doc: "".into(), one_way: false, action: Action::Call };
        let method = Self { callee: Callee::Object(proxy), known: Arc::new(known), on: object.clone().unbind() };
        Ok(Py::new(object.py(), method)?.into_any())
    }

    /// The call of it, without arguments.
    pub(crate) fn request(&self) -> wherever::CallBuilder {
        let (Callee::Object(proxy) | Callee::Inherited(proxy)) = &self.callee;
        match &self.known.action {
            Action::Call => proxy.request(Operation::Call).member(self.known.name.clone()),
            Action::Operation(operation, None) => proxy.request(*operation),
            Action::Operation(operation, Some(member)) => proxy.request(*operation).member(member.clone()),
        }
    }

    /// Its arguments as they are sent: with the instance in front, where it lives here.
    pub(crate) fn arguments(
        &self,
        args: &Bound<'_, PyTuple>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<wherever::Arguments> {
        let operands = matches!(self.callee, Callee::Object(_)) && calls::takes_operands(&self.known.name);
        let mut arguments = calls::arguments(args, named, operands)?;
        if let Callee::Inherited(_) = self.callee {
            arguments.positional.insert(0, outgoing(self.on.bind(args.py()))?);
        }
        Ok(arguments)
    }

    /// The method as a value for a peer: what reading it gives over there, which is not waited for.
    pub(crate) fn promised(&self, py: Python<'_>) -> PyResult<Promise> {
        let (Callee::Object(proxy) | Callee::Inherited(proxy)) = &self.callee;
        let call = proxy.request(Operation::Get).member(self.known.name.clone());
        calls::wait(py, move || call.promise())
    }
}

#[pymethods]
impl Method {
    #[pyo3(signature = (*args, **named))]
    fn __call__(
        &self,
        py: Python<'_>,
        args: &Bound<'_, PyTuple>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        let arguments = self.arguments(args, named)?;
        match &self.known.action {
            Action::Operation(Operation::Iterate, _) => {
                let (Callee::Object(proxy) | Callee::Inherited(proxy)) = &self.callee;
                crate::stream::iterate(py, proxy)
            }
            Action::Operation(operation, _) => calls::operator(py, self.request().args(arguments), *operation),
            Action::Call if self.known.is_async() => {
                let call = self.request().args(arguments);
                crate::promise::Promise::made(py, calls::wait(py, move || call.promise())?)
            }
            Action::Call if self.known.one_way => {
                let call = self.request().args(arguments);
                calls::wait(py, move || call.one_way())?;
                Ok(py.None())
            }
            Action::Call => calls::perform(py, self.request().args(arguments)),
        }
    }

    #[getter]
    fn __self__(&self, py: Python<'_>) -> Py<PyAny> {
        self.on.clone_ref(py)
    }

    #[getter]
    fn __func__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.on.bind(py).get_type().getattr(&*self.known.name).map(Bound::unbind)
    }

    #[getter]
    fn __name__(&self) -> &str {
        &self.known.name
    }

    #[getter]
    fn __qualname__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("{}.{}", self.on.bind(py).get_type().qualname()?, self.known.name))
    }

    #[getter]
    fn __module__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.on.bind(py).get_type().getattr("__module__").map(Bound::unbind)
    }

    #[getter]
    fn __doc__(&self) -> Option<&str> {
        Some(&*self.known.doc).filter(|doc| !doc.is_empty())
    }

    #[getter]
    fn __signature__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        classes::signature(py, &self.known.signature)
    }

    /// What the method itself has beside that is asked of it over there.
    fn __getattr__(slf: &Bound<'_, Self>, name: &str) -> PyResult<Py<PyAny>> {
        let this = slf.get();
        let Callee::Object(proxy) = &this.callee else { return Err(calls::missing(slf.as_any(), name)) };
        if classes::hooks::is_special(name) || !matches!(this.known.action, Action::Call) {
            return Err(calls::missing(slf.as_any(), name));
        }
        calls::get(slf.py(), &proxy.at(this.known.name.clone()), name)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Method>().is_ok_and(|other| {
            let other = other.get();
            self.on.is(&other.on) && self.known.name == other.known.name
        })
    }

    fn __hash__(&self) -> isize {
        (self.on.as_ptr() as isize) ^ (self.known.name.len() as isize)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<bound method {} of {}>", self.__qualname__(py)?, self.on.bind(py).repr()?))
    }

    fn __reduce_ex__(&self, _protocol: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(pyo3::exceptions::PyTypeError::new_err("a method of a remote object cannot be pickled"))
    }
}

/// Whether the object stands for a remote one, or is a method of one.
pub(crate) fn is_remote(object: &Bound<'_, PyAny>) -> bool {
    object.cast::<Remote>().is_ok_and(|remote| matches!(remote.get().proxy(), Ok(Some(_)) | Err(_)))
        || object.cast::<Method>().is_ok()
}

/// The peer that an object stands for an object of.
pub(crate) fn proxy_behind(object: &Bound<'_, PyAny>) -> PyResult<Option<Proxy>> {
    if let Ok(method) = object.cast::<Method>() {
        let (Callee::Object(proxy) | Callee::Inherited(proxy)) = &method.get().callee;
        return Ok(Some(proxy.clone()));
    }
    proxy_of(object)
}
