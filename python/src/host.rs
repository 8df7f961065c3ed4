//! Python objects as peers see them.

use std::any::Any;
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyBaseException, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyCode, PyDict, PyList, PySet, PyString, PyTuple, PyType};
use wherever::context::CallContext;
use wherever::host::{Identity, Step, ValueStream};
use wherever::hosts::{stream, whole_stream};
use wherever::policy::Policy;
use wherever::shape::{Category, Shape};
use wherever::{Error, Host, Operation, Outcome, Own, Proxy, Request, Value};

use crate::classes;
use crate::errors::{RAISED, log_refused, to_caller, to_core};
use crate::process;
use crate::shapes;
use crate::values::{incoming, outgoing};
use crate::whole::{self, COPY, WHOLE};

/// The attribute by which a code object is asked for the source of its file.
const SOURCE: &str = "__wherever_source__";

/// A Python object of this side that a peer may use.
pub(crate) struct PyHost {
    object: Option<Py<PyAny>>,
    told: Mutex<Told>,
}

/// What peers are told of an object's type; of a class, of itself and of its instances.
struct Told {
    shape: Arc<Shape>,
    describes: Option<Arc<Shape>>,
    /// Which class it was, as it then was; of a class itself nothing that would say so.
    seen: Option<(usize, u64)>,
}

impl Drop for PyHost {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        let mut object = Some(object);
        // With the interpreter, so that what ends with the object ends now.
        let done = process::attached(|_| drop(object.take()));
        if done.is_none() {
            // The interpreter ends: its objects end with it.
            std::mem::forget(object.take());
        }
    }
}

impl PyHost {
    /// The object as a reference for a peer.
    pub(crate) fn own(object: &Bound<'_, PyAny>) -> Own {
        Own::new(Self::new(object))
    }

    fn new(object: &Bound<'_, PyAny>) -> Self {
        Self { object: Some(object.clone().unbind()), told: Mutex::new(Told::of(object)) }
    }

    /// Looks whether the object's class has changed: it is told again then.
    fn look_again(&self, py: Python<'_>) {
        let object = self.object(py);
        let seen = shapes::seen(&object);
        if seen.is_some() && seen == self.told.lock().seen {
            return;
        }
        let told = Told::of(&object);
        let before = std::mem::replace(&mut *self.told.lock(), told);
        drop(before);
    }

    /// The object itself.
    pub(crate) fn object<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.object.as_ref().map_or_else(|| py.None().into_bound(py), |object| object.bind(py).clone())
    }

    fn perform(&self, py: Python<'_>, request: Request, context: &CallContext) -> PyResult<Outcome> {
        let object = self.object(py);
        let is_closed = context.policy() == Some(Policy::Closed);
        if is_closed && let Err(refused) = crate::gate::check(&object, &self.shape(), &request)? {
            if let Error::Denied(denied) = &refused {
                log_refused(py, denied);
            }
            return Ok(Outcome::Error(refused));
        }
        let name = request.member_name();
        let given = |place: usize| -> PyResult<Bound<'_, PyAny>> {
            let value = request.arguments.positional.get(place).cloned();
            let value = value.ok_or_else(|| PyTypeError::new_err("an argument of the operation is missing"))?;
            Ok(incoming(py, value)?.into_bound(py))
        };
        let result = match request.operation {
            Operation::Call => return self.call(py, &object, &request, context),
            Operation::Get => attribute(&object, name)?,
            Operation::Set => object.setattr(name, given(0)?).map(|()| py.None().into_bound(py))?,
            Operation::Delete => object.delattr(name).map(|()| py.None().into_bound(py))?,
            Operation::Index => object.get_item(given(0)?)?,
            Operation::SetIndex => object.set_item(given(0)?, given(1)?).map(|()| py.None().into_bound(py))?,
            Operation::DeleteIndex => object.del_item(given(0)?).map(|()| py.None().into_bound(py))?,
            Operation::Contains => return Ok(Outcome::Value(Value::Bool(object.contains(given(0)?)?))),
            Operation::Length => return Ok(Outcome::Value(Value::from(object.len()? as i128))),
            Operation::Iterate if name == COPY && self.shape().category().is_container() => {
                return Ok(Outcome::Stream(stream(whole::pieces(&object)?.into_iter())));
            }
            Operation::Iterate if name == WHOLE && self.shape().category().is_container() => {
                return Ok(Outcome::Stream(stream(whole::whole_pieces(&object)?.into_iter())));
            }
            Operation::Iterate => return self.iterate(&object),
            Operation::Whole => return Ok(Outcome::Stream(whole_stream(contents(&object)?))),
            Operation::Compare => object.rich_compare(given(0)?, comparison(name)?)?,
            Operation::Binary => binary(&object, name, &given(0)?)?,
            Operation::Unary => unary(&object, name)?,
            Operation::Text => text(&object, name, request.arguments.positional.first())?,
            Operation::Hash => return Ok(Outcome::Value(Value::from(object.hash()? as i128))),
            Operation::Truth => return Ok(Outcome::Value(Value::Bool(object.is_truthy()?))),
            Operation::Dir if is_closed => PyTuple::new(py, exposed_names(&self.shape()))?.into_any(),
            Operation::Dir => PyTuple::new(py, object.dir()?)?.into_any(),
            operation => {
                return Ok(Outcome::Error(Error::NotSupported { shape: self.shape().name().clone(), operation }));
            }
        };
        outgoing(&result).map(Outcome::Value)
    }

    fn call(
        &self,
        py: Python<'_>,
        object: &Bound<'_, PyAny>,
        request: &Request,
        context: &CallContext,
    ) -> PyResult<Outcome> {
        let mut positional = Vec::with_capacity(request.arguments.positional.len());
        for value in &request.arguments.positional {
            positional.push(incoming(py, value.clone())?);
        }
        let args = PyTuple::new(py, positional)?;
        let named = match request.arguments.named.is_empty() {
            true => None,
            false => {
                let named = PyDict::new(py);
                for (name, value) in &request.arguments.named {
                    named.set_item(&**name, incoming(py, value.clone())?)?;
                }
                Some(named)
            }
        };
        let name = request.member_name();
        let result = match name {
            _ if request.member.is_none() => object.call(args, named.as_ref())?,
            "__deepcopy__" if whole::is_buffer(object) => return whole::buffer_out(object).map(Outcome::Value),
            "__await__" => return crate::awaiting::serve(object, context),
            _ => method(object, name)?.call(args, named.as_ref())?,
        };
        if crate::awaiting::is_run(&result) {
            return crate::awaiting::serve(&result, context);
        }
        outgoing(&result).map(Outcome::Value)
    }

    fn iterate(&self, object: &Bound<'_, PyAny>) -> PyResult<Outcome> {
        if self.shape().category().is_container() {
            let items: Vec<_> =
                object.try_iter()?.map(|item| item.and_then(|item| outgoing(&item))).collect::<PyResult<_>>()?;
            return Ok(Outcome::Stream(stream(items.into_iter())));
        }
        let steps = object.try_iter()?.into_any().unbind();
        Ok(Outcome::Stream(Box::new(Steps(Some(steps)))))
    }
}

fn exposed_names(shape: &Shape) -> Vec<String> {
    let names = shape.member_names().into_iter().map(|name| name.to_string());
    names.filter(|name| shape.find(name).is_some_and(|member| member.exposed)).collect()
}

/// What is exported under a name, made a value anew each time that it is told: its class may have changed, and a value
/// that is copied is no object.
pub(crate) struct Named(PyHost);

impl Named {
    pub(crate) fn own(object: &Bound<'_, PyAny>) -> Own {
        match crate::remote::proxy_of(object) {
            Ok(Some(proxy)) if !proxy.is_own() => Own::new(PassedOn(proxy)),
            _ => Own::new(Self(PyHost::new(object))),
        }
    }
}

impl Host for Named {
    fn shape(&self) -> Arc<Shape> {
        self.0.shape()
    }

    fn operate(&self, request: Request, context: &CallContext) -> Outcome {
        self.0.operate(request, context)
    }

    fn stands_for(&self) -> Option<Value> {
        process::attached(|py| outgoing(&self.0.object(py)).ok()).flatten()
    }

    fn describes(&self) -> Option<Arc<Shape>> {
        self.0.describes()
    }
}

/// An object of another peer's that is exported under a name: what is asked of it is passed on.
struct PassedOn(Proxy);

impl Host for PassedOn {
    fn shape(&self) -> Arc<Shape> {
        self.0.shape()
    }

    fn operate(&self, request: Request, _context: &CallContext) -> Outcome {
        // Never asked: a call on it is forwarded by the session that it comes by.
        Outcome::Error(Error::NotSupported { shape: self.shape().name().clone(), operation: request.operation })
    }

    fn describes(&self) -> Option<Arc<Shape>> {
        self.0.describes()
    }

    fn stands_for(&self) -> Option<Value> {
        Some(Value::Ref(self.0.reference().clone()))
    }
}

/// Where an attribute is read: what a function's signature is, it tells as text.
fn attribute<'py>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    if name == "__signature__" {
        let py = object.py();
        let signature = py.import("inspect")?.call_method1("signature", (object,))?;
        return Ok(signature.str()?.into_any());
    }
    if name == SOURCE && object.is_instance_of::<PyCode>() {
        return object.py().import("wherever._stack")?.call_method1("source_of", (object.getattr("co_filename")?,));
    }
    if name == RAISED && object.is_instance_of::<PyBaseException>() {
        return Err(PyErr::from_value(object.clone()));
    }
    object.getattr(name)
}

/// A method as the interpreter finds it: special ones in the class.
fn method<'py>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    if classes::hooks::is_special(name) && !object.is_instance_of::<PyType>() {
        let found = object.get_type().getattr(name)?;
        return match found.get_type().getattr("__get__") {
            Ok(bind) => bind.call1((&found, object, object.get_type())),
            Err(_) => Ok(found),
        };
    }
    object.getattr(name)
}

impl Told {
    fn of(object: &Bound<'_, PyAny>) -> Self {
        let found = match object.cast::<PyType>() {
            Ok(class) => shapes::of_metaclass(class).and_then(|meta| Ok((meta, Some(shapes::of_class(class)?)))),
            Err(_) => shapes::class_told(object).and_then(|class| shapes::of_class(&class)).map(|shape| (shape, None)),
        };
        // A class that cannot be described is still one whose objects can be held and passed on.
        let plain = || (Arc::new(Shape::new("python:object", Category::Instance).open()), None);
        let (shape, describes) = found.unwrap_or_else(|_| plain());
        Self { shape, describes, seen: shapes::seen(object) }
    }
}

/// A generator, or whatever else can be stepped, that is stepped for a peer.
struct Steps(Option<Py<PyAny>>);

impl ValueStream for Steps {
    fn next(&mut self) -> Step {
        let Some(steps) = &self.0 else { return Step::End };
        let step = process::attached(|py| {
            let mut steps = match steps.bind(py).try_iter() {
                Ok(steps) => steps,
                Err(error) => return Step::Failed(to_core(py, error)),
            };
            match steps.next() {
                None => Step::End,
                Some(Ok(item)) => outgoing(&item).map_or_else(|error| Step::Failed(to_core(py, error)), Step::Item),
                Some(Err(error)) => Step::Failed(to_core(py, error)),
            }
        });
        step.unwrap_or(Step::End)
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        let mut steps = self.0.take();
        if process::attached(|_| drop(steps.take())).is_none() {
            std::mem::forget(steps);
        }
    }
}

/// What a builtin container holds.
pub(crate) fn contents(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(list) = object.cast::<PyList>() {
        return Ok(Value::List(list.iter().map(|item| outgoing(&item)).collect::<PyResult<_>>()?));
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        let copy = dict.copy()?;
        let entries = copy.iter().map(|(key, value)| Ok((outgoing(&key)?, outgoing(&value)?)));
        return Ok(Value::Dict(entries.collect::<PyResult<_>>()?));
    }
    if let Ok(set) = object.cast::<PySet>() {
        let items: Vec<_> = set.iter().collect();
        return Ok(Value::Set(items.iter().map(outgoing).collect::<PyResult<_>>()?));
    }
    if let Ok(bytes) = object.cast::<PyByteArray>() {
        return Ok(Value::ByteArray(bytes.to_vec().into()));
    }
    Err(PyTypeError::new_err("no builtin container"))
}

fn comparison(name: &str) -> PyResult<CompareOp> {
    Ok(match name {
        "eq" => CompareOp::Eq,
        "ne" => CompareOp::Ne,
        "lt" => CompareOp::Lt,
        "le" => CompareOp::Le,
        "gt" => CompareOp::Gt,
        "ge" => CompareOp::Ge,
        _ => return Err(PyTypeError::new_err("no comparison of this name")),
    })
}

fn binary<'py>(object: &Bound<'py, PyAny>, name: &str, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let operator = object.py().import("operator")?;
    let named = |base: &str| match base {
        "and" | "or" => format!("{base}_"),
        _ => base.to_owned(),
    };
    const NAMES: [&str; 14] = [
        "add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow", "lshift", "rshift", "and", "or",
        "xor",
    ];
    let of_base = |base: &str, left: &Bound<'py, PyAny>, right: &Bound<'py, PyAny>| match base {
        "divmod" => object.py().import("builtins")?.call_method1("divmod", (left, right)),
        _ => operator.call_method1(&*named(base), (left, right)),
    };
    let name = name.strip_suffix('_').unwrap_or(name);
    if NAMES.contains(&name) {
        return of_base(name, object, other);
    }
    match (name.strip_prefix('r'), name.strip_prefix('i')) {
        (Some(base), _) if NAMES.contains(&base) => of_base(base, other, object),
        (_, Some(base)) if NAMES.contains(&base) => operator.call_method1(&*format!("i{base}"), (object, other)),
        _ => Err(PyTypeError::new_err("no operator of this name")),
    }
}

fn unary<'py>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    match name {
        "neg" | "pos" | "abs" | "invert" | "index" => py.import("operator")?.call_method1(name, (object,)),
        "int" | "float" | "complex" | "bool" | "round" => py.import("builtins")?.call_method1(name, (object,)),
        "trunc" | "floor" | "ceil" => py.import("math")?.call_method1(name, (object,)),
        _ => Err(PyTypeError::new_err("no operator of this name")),
    }
}

fn text<'py>(object: &Bound<'py, PyAny>, how: &str, spec: Option<&Value>) -> PyResult<Bound<'py, PyAny>> {
    let text = match how {
        "str" => object.str()?,
        "format" => {
            let spec = match spec {
                Some(Value::Text(spec)) => PyString::new(object.py(), spec),
                _ => PyString::new(object.py(), ""),
            };
            return object.py().import("builtins")?.call_method1("format", (object, spec));
        }
        _ => object.repr()?,
    };
    Ok(text.into_any())
}

impl Host for PyHost {
    fn shape(&self) -> Arc<Shape> {
        self.told.lock().shape.clone()
    }

    fn operate(&self, request: Request, context: &CallContext) -> Outcome {
        let done = process::attached(|py| {
            let outcome = crate::tracing::told(py, || self.perform(py, request, context));
            self.look_again(py);
            outcome.unwrap_or_else(|error| Outcome::Error(to_caller(py, error, context.policy())))
        });
        done.unwrap_or_else(|| Outcome::Error(process::over()))
    }

    fn whole(&self) -> Result<Value, Error> {
        let done = process::attached(|py| contents(&self.object(py)).map_err(|error| to_core(py, error)));
        done.unwrap_or_else(|| Err(process::over()))
    }

    fn identity(&self) -> Identity {
        Identity::keyed::<Self>(self.object.as_ref().map_or(0, |object| object.as_ptr() as usize))
    }

    fn describes(&self) -> Option<Arc<Shape>> {
        self.told.lock().describes.clone()
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}
