//! Members of stand-in classes: descriptors that make an attribute, a method or an operator of a remote object one here.

use std::sync::{Arc, OnceLock};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType, PyWeakrefReference};
use wherever::shape::MemberKind;
use wherever::{Operation, Promise, Proxy};

use crate::calls;
use crate::classes;
use crate::method::{Callee, Method};
use crate::remote::{Remote, proxy_of};
use crate::values::{Takes, outgoing};

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
    pub(crate) kind: MemberKind,
    pub(crate) signature: Arc<str>,
    pub(crate) doc: Arc<str>,
    pub(crate) one_way: bool,
    pub(crate) takes: Takes,
    pub(crate) action: Action,
}

impl Known {
    /// A member of which no more is known than its name.
    pub(crate) fn named(name: &str, takes: Takes, action: Action) -> Self {
        Self {
            name: name.into(),
            kind: MemberKind::Method,
            signature: "".into(),
            doc: "".into(),
            one_way: false,
            takes,
            action,
        }
    }

    /// Whether its calls give something to await.
    pub(crate) fn is_async(&self) -> bool {
        self.signature.contains("-> Awaitable") || &*self.name == "__anext__"
    }
}

// A method of a stand-in class. (No documentation of the class: its instances have their own.)
#[pyclass(frozen, module = "wherever", name = "method_descriptor")]
pub(crate) struct MethodMember {
    pub(crate) known: Arc<Known>,
    /// Weak: the class has the member, and nothing could find the circle.
    owner: OnceLock<Py<PyWeakrefReference>>,
}

// An attribute of a stand-in class: a property, a slot. (No documentation of the class: its instances have their own.)
#[pyclass(frozen, module = "wherever", name = "attribute_descriptor")]
pub(crate) struct AttributeMember {
    known: Arc<Known>,
    /// Weak: the class has the member, and nothing could find the circle.
    owner: OnceLock<Py<PyWeakrefReference>>,
}

/// The class that a member belongs to, while that lives.
fn owner_of<'py>(py: Python<'py>, owner: &OnceLock<Py<PyWeakrefReference>>) -> Option<Bound<'py, PyType>> {
    owner.get()?.bind(py).upgrade()?.cast_into().ok()
}

impl MethodMember {
    /// The member as a value for a peer: what its class has under the name, which is not waited for.
    pub(crate) fn promised(&self, py: Python<'_>) -> PyResult<Promise> {
        let call = self.far(py)?.request(Operation::Get).member(self.known.name.clone());
        calls::wait(py, move || call.promise())
    }

    pub(crate) fn new(known: Known) -> Self {
        Self { known: Arc::new(known), owner: OnceLock::new() }
    }

    /// The class over there whose member it is.
    fn far(&self, py: Python<'_>) -> PyResult<Proxy> {
        match owner_of(py, &self.owner) {
            Some(owner) => classes::far(&owner),
            None => Err(pyo3::exceptions::PyTypeError::new_err("a member of no class")),
        }
    }

    /// The member as it is read off a class: of one of this side, which derives from the one that has it, what runs over
    /// there gets the class itself.
    fn of_class(&self, py: Python<'_>, class: &Bound<'_, PyType>) -> PyResult<Py<PyAny>> {
        let on = class.clone().into_any().unbind();
        if classes::is_fake(class) {
            return self.bind(py, Callee::Class(classes::far(class)?), on);
        }
        let far = self.far(py)?;
        match self.known.kind {
            MemberKind::ClassMethod => self.bind(py, Callee::InheritedByClass(far), on),
            _ => self.bind(py, Callee::Class(far), on),
        }
    }

    fn bind(&self, py: Python<'_>, callee: Callee, on: Py<PyAny>) -> PyResult<Py<PyAny>> {
        Method::made(py, callee, self.known.clone(), on)
    }
}

#[pymethods]
impl MethodMember {
    fn __set_name__(&self, owner: &Bound<'_, PyType>, _name: &Bound<'_, PyAny>) -> PyResult<()> {
        // One that has a class keeps it: it is a member of no other.
        let _ = self.owner.set(PyWeakrefReference::new(owner)?.unbind());
        Ok(())
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
                let far = classes::far(class)?;
                // What the interpreter calls itself is the metaclass's: the class may have another for its instances.
                let is_special = classes::hooks::is_special(&this.known.name);
                let callee = if is_special { Callee::OfMetaclass(far) } else { Callee::Object(far) };
                return this.bind(py, callee, instance.clone().unbind());
            }
            if let Some(proxy) = crate::errors::proxy_of_error(instance)? {
                return this.bind(py, Callee::Object(proxy), instance.clone().unbind());
            }
            return match this.known.kind {
                MemberKind::ClassMethod | MemberKind::StaticMethod => this.of_class(py, &instance.get_type()),
                _ => this.bind(py, Callee::Inherited(this.far(py)?), instance.clone().unbind()),
            };
        }
        match (this.known.kind, owner) {
            (MemberKind::ClassMethod | MemberKind::StaticMethod, Some(owner)) => {
                this.of_class(py, owner).or_else(|_| Ok(slf.clone().into_any().unbind()))
            }
            _ => Ok(slf.clone().into_any().unbind()),
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

    /// Calls what the class over there has under the name, as it is: the instance is the first argument.
    #[pyo3(signature = (instance, /, *args, **named))]
    fn __call__(
        slf: &Bound<'_, Self>,
        instance: &Bound<'_, PyAny>,
        args: &Bound<'_, PyTuple>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let Ok(far) = this.far(py) else {
            // A class that was written here: the instance alone knows of one over there.
            return Self::__get__(slf, Some(instance), None)?.bind(py).call(args, named).map(Bound::unbind);
        };
        let mut arguments = calls::arguments(args, named, Takes::References)?;
        arguments.positional.insert(0, outgoing(instance)?);
        calls::perform(py, far.request(Operation::Call).member(this.known.name.clone()).args(arguments))
    }

    #[getter]
    fn __signature__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        classes::signature(py, &self.known.signature, self.known.kind != MemberKind::StaticMethod)
    }

    #[getter]
    fn __qualname__(&self, py: Python<'_>) -> PyResult<String> {
        let owner = owner_of(py, &self.owner).map(|owner| owner.qualname()).transpose()?;
        Ok(owner.map_or_else(|| self.known.name.to_string(), |owner| format!("{owner}.{}", self.known.name)))
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
    fn __set_name__(&self, owner: &Bound<'_, PyType>, _name: &Bound<'_, PyAny>) -> PyResult<()> {
        // One that has a class keeps it: it is a member of no other.
        let _ = self.owner.set(PyWeakrefReference::new(owner)?.unbind());
        Ok(())
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
                None => calls::inherited_value(owner_of(py, &this.owner).as_ref(), instance, &this.known.name),
            },
            None => match owner.map(classes::far) {
                Some(Ok(class)) => calls::get(py, &class, &this.known.name),
                _ => Ok(slf.clone().into_any().unbind()),
            },
        }
    }

    fn __set__(&self, instance: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let owner = owner_of(instance.py(), &self.owner);
        if let Some(owner) = owner.as_ref().filter(|_| crate::remote::is_of_this_side(instance)) {
            return calls::set_inherited(owner, instance, &self.known.name, value);
        }
        calls::set(instance.py(), &self.target(instance)?, &self.known.name, outgoing(value)?)
    }

    fn __delete__(&self, instance: &Bound<'_, PyAny>) -> PyResult<()> {
        if crate::remote::is_of_this_side(instance) {
            return instance.getattr("__dict__")?.del_item(&*self.known.name);
        }
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

/// Whether the object stands for a remote one, or is a method of one.
pub(crate) fn is_remote(object: &Bound<'_, PyAny>) -> bool {
    object.cast::<Remote>().is_ok_and(|remote| matches!(remote.get().proxy(), Ok(Some(_)) | Err(_)))
        || object.cast::<Method>().is_ok()
}

/// The peer that an object stands for an object of.
pub(crate) fn proxy_behind(object: &Bound<'_, PyAny>) -> PyResult<Option<Proxy>> {
    if let Ok(method) = object.cast::<Method>() {
        return Ok(Some(method.get().callee.proxy().clone()));
    }
    proxy_of(object)
}
