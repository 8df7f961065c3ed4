//! Values both ways: what is copied becomes what it is on the other side, all else a reference.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use pyo3::exceptions::{PyRecursionError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyComplex, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple,
    PyType, PyWeakrefReference,
};
use wherever::hosts::copy_operand;
use wherever::value::{BigInt, Items, Ref, Typed};
use wherever::{Proxy, Value};

use crate::classes;
use crate::errors::to_python;
use crate::host::PyHost;
use crate::members::MethodMember;
use crate::method::Method;
use crate::promise::Promise;
use crate::remote::Remote;

/// Levels of tuples and frozen sets that are followed: the core allows fewer.
const DEPTH_MAX: usize = 200;

/// A Python object as a value for a peer.
pub(crate) fn outgoing(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    Outgoing { met: HashMap::new() }.value(object, 0)
}

/// As [`outgoing`], for an operand: containers of this side are copied, deeply.
pub(crate) fn operand(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    copy_operand(&outgoing(object)?).map_err(|error| to_python(object.py(), error))
}

/// How a container of this side that is an argument goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// By reference, as everywhere.
    References,
    /// Its contents, which are no more than read over there: its elements by the usual rules.
    Contents,
    /// As an operand: copied, deeply.
    Operands,
}

impl Takes {
    /// The argument as a value for a peer.
    pub(crate) fn value(self, object: &Bound<'_, PyAny>) -> PyResult<Value> {
        match self {
            Self::References => outgoing(object),
            Self::Contents if crate::shapes::is_exact_container(object) => crate::host::contents(object),
            Self::Contents => outgoing(object),
            Self::Operands => operand(object),
        }
    }
}

struct Outgoing<'py> {
    /// Containers by their address, so that what is shared stays shared; held, so that the address means nothing else
    /// meanwhile.
    met: HashMap<usize, (Bound<'py, PyAny>, Value)>,
}

impl<'py> Outgoing<'py> {
    fn value(&mut self, object: &Bound<'py, PyAny>, depth: usize) -> PyResult<Value> {
        if object.is_none() {
            return Ok(Value::None);
        }
        if let Ok(text) = object.cast_exact::<PyString>() {
            return text_value(text);
        }
        if let Ok(number) = object.cast_exact::<PyInt>() {
            return integer(number);
        }
        if let Ok(truth) = object.cast_exact::<PyBool>() {
            return Ok(Value::Bool(truth.is_true()));
        }
        if let Ok(number) = object.cast_exact::<PyFloat>() {
            return Ok(Value::Float(number.value()));
        }
        if let Ok(bytes) = object.cast_exact::<PyBytes>() {
            return Ok(Value::bytes(bytes.as_bytes()));
        }
        if let Ok(tuple) = object.cast_exact::<PyTuple>() {
            return self.container(object, depth, |this, depth| {
                let items: PyResult<Items> = tuple.iter().map(|item| this.value(&item, depth)).collect();
                items.map(Value::Tuple)
            });
        }
        if let Ok(set) = object.cast_exact::<PyFrozenSet>() {
            return self.container(object, depth, |this, depth| {
                let items: PyResult<Items> = set.iter().map(|item| this.value(&item, depth)).collect();
                items.map(Value::FrozenSet)
            });
        }
        if let Ok(number) = object.cast_exact::<PyComplex>() {
            return Ok(Value::Complex(number.real(), number.imag()));
        }
        if let Ok(remote) = object.cast::<Remote>()
            && let Some(proxy) = remote.get().proxy()?
        {
            return Ok(proxy.into());
        }
        self.other(object, depth)
    }

    fn container(
        &mut self,
        object: &Bound<'py, PyAny>,
        depth: usize,
        make: impl FnOnce(&mut Self, usize) -> PyResult<Value>,
    ) -> PyResult<Value> {
        if depth > DEPTH_MAX {
            return Err(PyRecursionError::new_err(format!("a value nested more than {DEPTH_MAX} levels deep")));
        }
        if depth == 0 {
            return make(self, depth + 1);
        }
        let address = object.as_ptr() as usize;
        if let Some((_, met)) = self.met.get(&address) {
            return Ok(met.clone());
        }
        let made = make(self, depth + 1)?;
        self.met.insert(address, (object.clone(), made.clone()));
        Ok(made)
    }

    fn other(&mut self, object: &Bound<'py, PyAny>, depth: usize) -> PyResult<Value> {
        if let Ok(method) = object.cast::<Method>() {
            return Ok(method.get().promised(object.py())?.into());
        }
        if let Ok(member) = object.cast::<MethodMember>() {
            return Ok(member.get().promised(object.py())?.into());
        }
        if let Ok(promise) = object.cast::<Promise>() {
            return promise.get().value();
        }
        if let Ok(class) = object.cast::<PyType>()
            && classes::is_fake(class)
        {
            return Ok(classes::far(class)?.into());
        }
        if let Some(value) = crate::errors::value_of(object)? {
            return Ok(value);
        }
        if let Some(value) = self.typed(object, depth)? {
            return Ok(value);
        }
        Ok(PyHost::own(object).into())
    }

    /// The value as one of a value type, if its type is one and holds nothing but copies.
    fn typed(&mut self, object: &Bound<'py, PyAny>, depth: usize) -> PyResult<Option<Value>> {
        let py = object.py();
        let coded = registry(py, "encode")?.call1((object,))?;
        if coded.is_none() {
            return Ok(None);
        }
        let (name, version, data): (String, u32, Bound<'py, PyAny>) = coded.extract()?;
        if depth > DEPTH_MAX {
            return Err(PyRecursionError::new_err(format!("a value nested more than {DEPTH_MAX} levels deep")));
        }
        let data = self.value(&data, depth + 1)?;
        if !is_copy(&data) {
            return Ok(None);
        }
        Ok(Some(Value::Typed(Arc::new(Typed { type_name: name.into(), version, data }))))
    }
}

/// Whether there is nothing but copies in it.
fn is_copy(value: &Value) -> bool {
    match value {
        Value::Ref(_) | Value::List(_) | Value::Dict(_) | Value::Set(_) | Value::ByteArray(_) | Value::Cycle(_) => {
            false
        }
        Value::Tuple(items) | Value::FrozenSet(items) => items.iter().all(is_copy),
        _ => true,
    }
}

fn text_value(text: &Bound<'_, PyString>) -> PyResult<Value> {
    match text.to_str() {
        Ok(text) => Ok(Value::text(text)),
        // Lone surrogates are no Unicode text: such a text is a value of a type of its own.
        Err(_) => {
            let bytes = text.call_method1("encode", ("utf-8", "surrogatepass"))?;
            let bytes = bytes.cast_into::<PyBytes>()?;
            let data = Value::bytes(bytes.as_bytes());
            Ok(Value::Typed(Arc::new(Typed { type_name: "python:str".into(), version: 1, data })))
        }
    }
}

fn integer(number: &Bound<'_, PyInt>) -> PyResult<Value> {
    if let Ok(small) = number.extract::<i64>() {
        return Ok(Value::Int(small));
    }
    let negative = number.lt(0)?;
    let magnitude = number.call_method0("__abs__")?;
    let bits: usize = magnitude.call_method0("bit_length")?.extract()?;
    let bytes = magnitude.call_method1("to_bytes", (bits / 8 + 1, "little"))?.cast_into::<PyBytes>()?;
    Ok(Value::BigInt(Arc::new(BigInt::new(negative, bytes.as_bytes()))))
}

/// A function of the registry of value types.
fn registry<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static ENCODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static DECODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let cell = if name == "encode" { &ENCODE } else { &DECODE };
    let found = cell.get_or_try_init(py, || py.import("wherever._values")?.getattr(name).map(Bound::unbind))?;
    Ok(found.bind(py).clone())
}

/// A value of a peer's as a Python object.
pub(crate) fn incoming(py: Python<'_>, value: Value) -> PyResult<Py<PyAny>> {
    Incoming::new(py).filled(|this| this.value(&value)).map(Bound::unbind)
}

/// Values of a peer's as Python objects.
pub(crate) fn incoming_all<'py>(py: Python<'py>, values: &[Value]) -> PyResult<Vec<Bound<'py, PyAny>>> {
    Incoming::new(py).filled(|this| this.all(values))
}

struct Incoming<'py> {
    py: Python<'py>,
    /// Containers by the address of their items, so that what is shared stays shared.
    met: HashMap<usize, Bound<'py, PyAny>>,
    /// Addresses of the items of those that are made of them, and are being made.
    open: Vec<usize>,
    /// Lists and dicts that are not filled yet: they may hold what they are in.
    hollow: Vec<(Bound<'py, PyAny>, Value)>,
}

impl<'py> Incoming<'py> {
    fn new(py: Python<'py>) -> Self {
        Self { py, met: HashMap::new(), open: Vec::new(), hollow: Vec::new() }
    }

    /// Makes something, and fills the lists and dicts in it.
    fn filled<T>(mut self, make: impl FnOnce(&mut Self) -> PyResult<T>) -> PyResult<T> {
        let made = make(&mut self)?;
        while let Some((hollow, value)) = self.hollow.pop() {
            match &value {
                Value::List(items) => {
                    let list = hollow.cast::<PyList>()?;
                    for item in items {
                        list.append(self.value(item)?)?;
                    }
                }
                Value::Dict(entries) => {
                    let dict = hollow.cast::<PyDict>()?;
                    for (key, value) in entries {
                        dict.set_item(self.value(key)?, self.value(value)?)?;
                    }
                }
                _ => {}
            }
        }
        Ok(made)
    }

    fn value(&mut self, value: &Value) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        Ok(match value {
            Value::None => py.None().into_bound(py),
            Value::Bool(truth) => PyBool::new(py, *truth).to_owned().into_any(),
            Value::Int(number) => number.into_pyobject(py)?.into_any(),
            Value::BigInt(number) => big(py, number)?,
            Value::Float(number) => PyFloat::new(py, *number).into_any(),
            Value::Complex(real, imaginary) => PyComplex::from_doubles(py, *real, *imaginary).into_any(),
            Value::Text(text) => PyString::new(py, text).into_any(),
            Value::Bytes(bytes) => PyBytes::new(py, bytes).into_any(),
            Value::ByteArray(bytes) => PyByteArray::new(py, bytes).into_any(),
            Value::Tuple(items) => self.once(items.as_ptr() as usize, items.len(), |this| {
                let items = this.all(items)?;
                Ok(PyTuple::new(py, items)?.into_any())
            })?,
            Value::FrozenSet(items) => self.once(items.as_ptr() as usize, items.len(), |this| {
                let items = this.all(items)?;
                Ok(PyFrozenSet::new(py, items)?.into_any())
            })?,
            Value::Set(items) => self.once(items.as_ptr() as usize, items.len(), |this| {
                let items = this.all(items)?;
                Ok(PySet::new(py, items)?.into_any())
            })?,
            Value::List(items) => {
                self.hollow(value, items.as_ptr() as usize, items.len(), PyList::empty(py).into_any())
            }
            Value::Dict(entries) => {
                self.hollow(value, entries.as_ptr() as usize, entries.len(), PyDict::new(py).into_any())
            }
            Value::Cycle(edge) => match edge.follow() {
                Some(container) => self.value(&container)?,
                None => return Err(PyTypeError::new_err("a back edge to a container that is gone")),
            },
            Value::Typed(typed) => self.typed(typed)?,
            Value::Ref(reference) => reference_here(py, reference)?,
            other => return Err(PyTypeError::new_err(format!("a value that Python has not: {}", other.kind()))),
        })
    }

    fn all(&mut self, items: &[Value]) -> PyResult<Vec<Bound<'py, PyAny>>> {
        items.iter().map(|item| self.value(item)).collect()
    }

    fn once(
        &mut self,
        address: usize,
        len: usize,
        make: impl FnOnce(&mut Self) -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if len > 0
            && let Some(met) = self.met.get(&address)
        {
            return Ok(met.clone());
        }
        if self.open.contains(&address) {
            return Err(crate::errors::own("ProtocolError", "a tuple or a set that holds itself"));
        }
        self.open.push(address);
        let made = make(self)?;
        self.open.pop();
        if len > 0 {
            self.met.insert(address, made.clone());
        }
        Ok(made)
    }

    /// A list or a dict, to be filled later.
    fn hollow(&mut self, value: &Value, address: usize, len: usize, made: Bound<'py, PyAny>) -> Bound<'py, PyAny> {
        if len == 0 {
            return made;
        }
        if let Some(met) = self.met.get(&address) {
            return met.clone();
        }
        self.met.insert(address, made.clone());
        self.hollow.push((made.clone(), value.clone()));
        made
    }

    fn typed(&mut self, typed: &Arc<Typed>) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        // References would be asked for what they are while the value is made.
        if !is_copy(&typed.data) {
            let message = format!("a value of the type {} that is not made of values", typed.type_name);
            return Err(crate::errors::own("ProtocolError", &message));
        }
        let data = self.value(&typed.data)?;
        registry(py, "decode")?.call1((&*typed.type_name, typed.version, data))
    }
}

fn big<'py>(py: Python<'py>, number: &BigInt) -> PyResult<Bound<'py, PyAny>> {
    let magnitude = PyBytes::new(py, number.magnitude());
    let magnitude = py.get_type::<PyInt>().call_method1("from_bytes", (magnitude, "little"))?;
    if number.is_negative() { magnitude.neg() } else { Ok(magnitude) }
}

// Stand-ins by session and id, so that one remote object is one object here.
static STAND_INS: LazyLock<Mutex<StandIns>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct StandIns {
    by_id: HashMap<(u64, u64), Py<PyWeakrefReference>>,
    /// Entries at which those of objects that are gone are looked for.
    sweep_at: usize,
}

fn reference_here<'py>(py: Python<'py>, reference: &Ref) -> PyResult<Bound<'py, PyAny>> {
    let handle = match reference {
        Ref::Own(own) => {
            if let Some(host) = own.downcast::<PyHost>() {
                return Ok(host.object(py));
            }
            let proxy = Proxy::from(reference.clone());
            return stand_in(py, proxy);
        }
        Ref::Remote(handle) => handle,
    };
    let proxy = Proxy::from(Ref::Remote(handle.clone()));
    if let Some(object) = met(py, &proxy) {
        return Ok(object);
    }
    if let Some(shape) = proxy.describes() {
        return Ok(classes::of_class(py, proxy, &shape)?.into_any());
    }
    let made = stand_in(py, proxy.clone())?;
    Ok(remember(&proxy, &made).unwrap_or(made))
}

/// By what a stand-in is found again.
fn key_of(proxy: &Proxy) -> Option<(u64, u64)> {
    match proxy.reference() {
        Ref::Remote(handle) => Some((handle.session_number(), handle.id().to_bits())),
        Ref::Own(_) => None,
    }
}

/// What stands for this remote object already.
pub(crate) fn met<'py>(py: Python<'py>, proxy: &Proxy) -> Option<Bound<'py, PyAny>> {
    let key = key_of(proxy)?;
    let met = STAND_INS.lock().by_id.get(&key).map(|met| met.clone_ref(py));
    met.and_then(|met| met.bind(py).upgrade())
}

/// Notes what stands for a remote object, as far as it can be: the interpreter's own exceptions cannot be held weakly.
/// What was noted meanwhile stays, and is given.
pub(crate) fn remember<'py>(proxy: &Proxy, made: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    let (Some(key), Ok(weak)) = (key_of(proxy), PyWeakrefReference::new(made)) else { return None };
    note(made.py(), key, weak.unbind()).err()
}

/// Entries that were let go of, to be dropped without the lock.
type Gone = Vec<Py<PyWeakrefReference>>;

/// Notes a stand-in, unless there is another, and lets go of entries whose objects are gone when there are many.
fn note<'py>(py: Python<'py>, key: (u64, u64), weak: Py<PyWeakrefReference>) -> Result<Gone, Bound<'py, PyAny>> {
    let mut stand_ins = STAND_INS.lock();
    if let Some(other) = stand_ins.by_id.get(&key).and_then(|other| other.bind(py).upgrade()) {
        return Err(other);
    }
    let mut gone: Vec<_> = stand_ins.by_id.insert(key, weak).into_iter().collect();
    if stand_ins.by_id.len() > stand_ins.sweep_at.max(64) {
        let dead: Vec<_> =
            stand_ins.by_id.iter().filter(|(_, weak)| weak.bind(py).upgrade().is_none()).map(|(key, _)| *key).collect();
        gone.extend(dead.into_iter().filter_map(|key| stand_ins.by_id.remove(&key)));
        stand_ins.sweep_at = stand_ins.by_id.len() * 2;
    }
    Ok(gone)
}

fn stand_in<'py>(py: Python<'py>, proxy: Proxy) -> PyResult<Bound<'py, PyAny>> {
    let session = classes::session_of(&proxy);
    let class = classes::of_shape(py, &proxy.shape(), session)?;
    if classes::is_exception(&class) {
        return crate::errors::stand_in(&class, proxy);
    }
    classes::instance(&class, proxy)
}
