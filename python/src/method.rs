//! Methods of remote objects, bound to them: what is called, and what is looked at without a call.

use std::sync::Arc;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySlice, PyTuple, PyType};
use wherever::shape::MemberKind;
use wherever::{Error, Operation, Promise, Proxy};

use crate::calls;
use crate::classes;
use crate::members::{Action, Known};
use crate::values::{Takes, outgoing};

fn is_slice(args: &Bound<'_, PyTuple>) -> bool {
    args.get_item(0).is_ok_and(|first| first.is_exact_instance_of::<PySlice>())
}

/// What a method is called on.
pub(crate) enum Callee {
    /// A remote object.
    Object(Proxy),
    /// A remote class, of which the member was read.
    Class(Proxy),
    /// A remote class, with an instance of this side as the method's own self.
    Inherited(Proxy),
    /// A remote class, with a class of this side, which derives from it, in its place.
    InheritedByClass(Proxy),
    /// A remote class, as its metaclass has the method for it.
    OfMetaclass(Proxy),
}

impl Callee {
    pub(crate) fn proxy(&self) -> &Proxy {
        match self {
            Self::Object(proxy) | Self::Class(proxy) | Self::OfMetaclass(proxy) => proxy,
            Self::Inherited(proxy) | Self::InheritedByClass(proxy) => proxy,
        }
    }

    /// Whether what it is called on goes in front of the arguments.
    fn goes_first(&self) -> bool {
        matches!(self, Self::Inherited(_) | Self::InheritedByClass(_) | Self::OfMetaclass(_))
    }
}

// A method of a remote object, bound to it: reading it costs no message. (No documentation of the class: its instances have their own.)
#[pyclass(frozen, module = "wherever", name = "method")]
pub(crate) struct Method {
    pub(crate) callee: Callee,
    known: Arc<Known>,
    on: Py<PyAny>,
}

impl Method {
    /// A method as a Python object.
    pub(crate) fn made(py: Python<'_>, callee: Callee, known: Arc<Known>, on: Py<PyAny>) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Self { callee, known, on })?.into_any())
    }

    /// A method by its name alone, bound to the object that stands for a remote one.
    pub(crate) fn bound(object: &Bound<'_, PyAny>, proxy: Proxy, name: &str) -> PyResult<Py<PyAny>> {
        let known = Known::named(name, calls::takes(name), Action::Call);
        Self::made(object.py(), Callee::Object(proxy), Arc::new(known), object.clone().unbind())
    }

    /// The call of it, without arguments.
    pub(crate) fn request(&self) -> wherever::CallBuilder {
        let proxy = self.callee.proxy();
        match &self.known.action {
            // Past the binding, to the function that takes any class.
            Action::Call if matches!(self.callee, Callee::InheritedByClass(_)) => {
                proxy.at(self.known.name.clone()).request(Operation::Call).member("__func__")
            }
            Action::Call if matches!(self.callee, Callee::OfMetaclass(_)) => {
                proxy.at("__class__").request(Operation::Call).member(self.known.name.clone())
            }
            Action::Call => proxy.request(Operation::Call).member(self.known.name.clone()),
            Action::Operation(operation, None) => proxy.request(*operation),
            Action::Operation(operation, Some(member)) => proxy.request(*operation).member(member.clone()),
        }
    }

    /// Whether the object is of a runtime without Python's own values.
    fn is_foreign(&self) -> bool {
        let shape = self.callee.proxy().shape();
        shape.category().is_container() && !shape.name().starts_with("python:")
    }

    /// Its arguments as they are sent: with the instance in front, where it lives here.
    pub(crate) fn arguments(
        &self,
        args: &Bound<'_, PyTuple>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<wherever::Arguments> {
        let takes = match self.callee {
            Callee::Object(_) => self.known.takes,
            _ => Takes::References,
        };
        let mut arguments = calls::arguments(args, named, takes)?;
        if self.callee.goes_first() {
            arguments.positional.insert(0, outgoing(self.on.bind(args.py()))?);
        }
        Ok(arguments)
    }

    /// The text of the object for whoever looks at it: where that is denied, no more than what it is. Printing what one
    /// holds should not fail.
    fn text(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let call = self.request();
        match crate::interrupts::heeding(py, move || call.send())? {
            Ok(text) => crate::values::incoming(py, text),
            Err(Error::Denied(_)) => {
                let (kind, place) = (self.on.bind(py).get_type(), self.on.as_ptr());
                let text = format!("<{}.{} object at {place:p}>", kind.module()?, kind.qualname()?);
                Ok(pyo3::types::PyString::new(py, &text).into_any().unbind())
            }
            Err(error) => Err(crate::errors::to_python(py, error)),
        }
    }

    /// The method as a value for a peer: what reading it gives over there, which is not waited for.
    pub(crate) fn promised(&self, py: Python<'_>) -> PyResult<Promise> {
        let call = self.callee.proxy().request(Operation::Get).member(self.known.name.clone());
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
            Action::Operation(Operation::Iterate, _) => crate::stream::iterate(py, self.callee.proxy()),
            Action::Operation(Operation::Index, _) if self.is_foreign() && is_slice(args) => {
                // A slice is a value of Python's: of another runtime's list it is taken here.
                let whole = crate::whole::shallow(py, self.callee.proxy())?;
                whole.bind(py).get_item(args.get_item(0)?).map(Bound::unbind)
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
            Action::Call if &*self.known.name == "__repr__" => self.text(py),
            Action::Call => calls::perform(py, self.request().args(arguments)),
        }
    }

    #[getter]
    fn __self__(&self, py: Python<'_>) -> Py<PyAny> {
        self.on.clone_ref(py)
    }

    #[getter]
    fn __func__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let on = self.on.bind(py);
        let class = on.cast::<PyType>().map_or_else(|_| on.get_type(), |class| class.clone());
        let found = class
            .getattr("__mro__")?
            .try_iter()?
            .filter_map(Result::ok)
            .find_map(|base| base.getattr("__dict__").and_then(|own| own.get_item(&*self.known.name)).ok());
        found.map(Bound::unbind).ok_or_else(|| calls::missing(on, &self.known.name))
    }

    /// What `inspect` and its kind take it for: a method, or something that is called as it is.
    #[getter]
    fn __class__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let is_static = self.known.kind == MemberKind::StaticMethod;
        let name = if is_static { "BuiltinFunctionType" } else { "MethodType" };
        py.import("types")?.getattr(name).map(Bound::unbind)
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
        classes::signature(py, &self.known.signature, false)
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

    /// Who has it may be whom it is bound to.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.on)
    }

    fn __reduce_ex__(&self, _protocol: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(pyo3::exceptions::PyTypeError::new_err("a method of a remote object cannot be pickled"))
    }
}
