//! The closed policy for what the interpreter finds by itself: an operation stands for special methods, and each of these
//! has to be exposed. (The core's gate knows of operations only, and lets all of a kind pass if one of them is exposed.)

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFunction, PyType};
use wherever::error::Denied;
use wherever::policy::Policy;
use wherever::shape::{Category, Shape};
use wherever::value::Ref;
use wherever::{Error, Operation, Request, Value};

use crate::classes;
use crate::host::PyHost;
use crate::shapes;

/// Flag of classes that are made at run time.
const HEAP_TYPE: u64 = 1 << 9;
/// What code of the interpreter's own calls on what it is given.
const OF_OPERANDS: [&str; 12] = [
    "__eq__",
    "__hash__",
    "__index__",
    "__iter__",
    "__next__",
    "__len__",
    "__getitem__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__call__",
];

/// Refuses what would run a special method that is not exposed.
pub(crate) fn check(object: &Bound<'_, PyAny>, shape: &Shape, request: &Request) -> PyResult<Result<(), Error>> {
    let operands = &request.arguments.positional;
    let is_builtin = shape.category() != Category::Instance && shape.category() != Category::Class;
    let wanted = specials(request, shape.category());
    if let Some(first) = wanted.first() {
        match implemented(&object.get_type(), &wanted)? {
            Found::Exposed => {}
            Found::Builtin if is_builtin => {}
            _ => return Ok(Err(denied(shape, request, first.clone()))),
        }
    }
    // Before anything looks at what they are.
    for operand in operands.iter().chain(request.arguments.named.iter().map(|(_, value)| value)) {
        if let Some(refused) = hashed(object.py(), operand, request)? {
            return Ok(Err(refused));
        }
    }
    let (checked, names): (&[Value], Vec<String>) = match request.operation {
        Operation::Binary | Operation::Compare if !is_builtin => (operands, reflected(request)),
        Operation::Binary | Operation::Compare | Operation::Index | Operation::DeleteIndex | Operation::Contains => {
            (operands, of_operands(request))
        }
        Operation::SetIndex => (operands.get(..1).unwrap_or_default(), of_operands(request)),
        Operation::Call if shape.category().is_container() => (stored(request, operands), of_operands(request)),
        Operation::Call if shape.category() == Category::Class && request.member.is_some() => {
            if let Some(refused) = wrong_self(object, request)? {
                return Ok(Err(refused));
            }
            (&[], Vec::new())
        }
        _ => (&[], Vec::new()),
    };
    for operand in checked {
        if let Some(refused) = refused(object.py(), operand, &names, request)? {
            return Ok(Err(refused));
        }
    }
    Ok(Ok(()))
}

/// The special methods that an operation stands for: the first that the object's class has is run.
fn specials(request: &Request, category: Category) -> Vec<String> {
    let name = request.member_name();
    let names: &[&str] = match (request.operation, name) {
        (Operation::Index, _) => &["__getitem__"],
        (Operation::SetIndex, _) => &["__setitem__"],
        (Operation::DeleteIndex, _) => &["__delitem__"],
        (Operation::Contains, _) => &["__contains__", "__iter__", "__getitem__"],
        (Operation::Length, _) => &["__len__"],
        (Operation::Iterate, _) => &["__iter__", "__getitem__"],
        (Operation::Hash, _) => &["__hash__"],
        (Operation::Truth, _) | (Operation::Unary, "bool") => &["__bool__", "__len__"],
        (Operation::Text, "str") => &["__str__", "__repr__"],
        (Operation::Text, "format") => &["__format__", "__str__", "__repr__"],
        (Operation::Text, _) => &["__repr__"],
        (Operation::Compare, "ne") => &["__ne__", "__eq__"],
        (Operation::Unary, "int") => &["__int__", "__index__", "__trunc__"],
        (Operation::Unary, "float") => &["__float__", "__index__"],
        (Operation::Unary, "complex") => &["__complex__", "__float__", "__index__"],
        (Operation::Unary, "floor") => &["__floor__", "__float__", "__index__"],
        (Operation::Unary, "ceil") => &["__ceil__", "__float__", "__index__"],
        (Operation::Call, _) if request.member.is_none() && category == Category::Instance => &["__call__"],
        (Operation::Binary, _) => return of_binary(name),
        (Operation::Compare | Operation::Unary, _) => return vec![format!("__{name}__")],
        _ => &[],
    };
    names.iter().map(ToString::to_string).collect()
}

/// An operator in place is the plain one where there is none in place.
fn of_binary(name: &str) -> Vec<String> {
    let name = name.strip_suffix('_').unwrap_or(name);
    let in_place = name.strip_prefix('i').filter(|_| name != "invert");
    std::iter::once(name).chain(in_place).map(|name| format!("__{name}__")).collect()
}

/// What an operator or a comparison runs of the other operand.
fn reflected(request: &Request) -> Vec<String> {
    let name = request.member_name();
    let names: &[&str] = match (request.operation, name) {
        (Operation::Compare, "lt") => &["__gt__"],
        (Operation::Compare, "gt") => &["__lt__"],
        (Operation::Compare, "le") => &["__ge__"],
        (Operation::Compare, "ge") => &["__le__"],
        (Operation::Compare, "ne") => &["__ne__", "__eq__"],
        (Operation::Compare, _) => &["__eq__"],
        _ => {
            let name = name.strip_suffix('_').unwrap_or(name);
            let plain = name.strip_prefix(['r', 'i']).unwrap_or(name);
            let others = [format!("__r{name}__"), format!("__{plain}__"), format!("__r{plain}__")];
            return others.into();
        }
    };
    names.iter().map(ToString::to_string).collect()
}

fn of_operands(request: &Request) -> Vec<String> {
    let mut names = match request.operation {
        Operation::Binary | Operation::Compare => reflected(request),
        _ => Vec::new(),
    };
    names.extend(OF_OPERANDS.iter().map(ToString::to_string));
    names
}

/// The arguments of a container's method without those that it only keeps.
fn stored<'a>(request: &Request, arguments: &'a [Value]) -> &'a [Value] {
    match request.member_name() {
        "append" => &[],
        "insert" | "setdefault" => arguments.get(..1).unwrap_or_default(),
        _ => arguments,
    }
}

/// What the interpreter finds of some special methods.
enum Found {
    /// Of a user's class, or of a builtin one, marked for peers.
    Exposed,
    /// Of a builtin class.
    Builtin,
    /// Of a user's class, not marked; or none.
    Hidden,
}

/// What is run of these: the first that a class has, past what every object has.
fn implemented(class: &Bound<'_, PyType>, names: &[String]) -> PyResult<Found> {
    for name in names {
        for base in class.mro().iter() {
            let base = base.cast_into::<PyType>()?;
            if !own(&base)?.contains(name)? || base.is(class.py().get_type::<PyAny>()) {
                continue;
            }
            let is_exposed =
                shapes::of_class(&base)?.members().iter().any(|known| *known.name == **name && known.exposed);
            return Ok(match is_exposed {
                true => Found::Exposed,
                false if is_heap(&base)? => Found::Hidden,
                false => Found::Builtin,
            });
        }
    }
    Ok(Found::Hidden)
}

fn own<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyDict>> {
    let own = class.py().get_type::<PyType>().getattr("__dict__")?.get_item("__dict__")?;
    let view = own.call_method1("__get__", (class,))?;
    Ok(class.py().get_type::<PyDict>().call1((view,))?.cast_into()?)
}

fn is_heap(class: &Bound<'_, PyType>) -> PyResult<bool> {
    Ok(class.getattr("__flags__")?.extract::<u64>()? & HEAP_TYPE != 0)
}

/// The object of this side that a value is, if it is one.
fn own_object<'py>(py: Python<'py>, value: &Value) -> Option<Bound<'py, PyAny>> {
    let Value::Ref(Ref::Own(own)) = value else { return None };
    own.downcast::<PyHost>().map(|host| host.object(py))
}

/// The refusal of an operand, or of one in it, of whose class one of these would be run though it is not exposed.
fn refused(py: Python<'_>, operand: &Value, names: &[String], request: &Request) -> PyResult<Option<Error>> {
    if let Value::Tuple(items) | Value::FrozenSet(items) = operand {
        for item in items {
            if let Some(error) = refused(py, item, names, request)? {
                return Ok(Some(error));
            }
        }
    }
    let Some(object) = own_object(py, operand) else { return Ok(None) };
    let class = object.get_type();
    if classes::is_fake(&class) {
        return Ok(None);
    }
    for name in names {
        let has = class.mro().iter().filter_map(|base| base.cast_into::<PyType>().ok());
        let mut has = has.filter(|base| own(base).is_ok_and(|own| own.contains(name).unwrap_or(true)));
        let is_none = || class.getattr(&**name).is_ok_and(|value| value.is_none());
        if let Some(base) = has.next()
            && is_heap(&base)?
            && !is_none()
            && matches!(implemented(&class, std::slice::from_ref(name))?, Found::Hidden)
        {
            return Ok(Some(denied(&*shapes::of_class(&class)?, request, name.clone())));
        }
    }
    Ok(None)
}

/// As [`refused`], of what is hashed when it is received.
fn hashed(py: Python<'_>, value: &Value, request: &Request) -> PyResult<Option<Error>> {
    let names = || ["__hash__", "__eq__"].map(String::from);
    match value {
        Value::FrozenSet(items) | Value::Set(items) => {
            for item in items {
                if let Some(error) = refused(py, item, &names(), request)? {
                    return Ok(Some(error));
                }
            }
        }
        Value::Dict(entries) => {
            for (key, value) in entries {
                let error = match refused(py, key, &names(), request)? {
                    None => hashed(py, value, request)?,
                    error => error,
                };
                if error.is_some() {
                    return Ok(error);
                }
            }
        }
        Value::Tuple(items) | Value::List(items) => {
            for item in items {
                if let Some(error) = hashed(py, item, request)? {
                    return Ok(Some(error));
                }
            }
        }
        _ => {}
    }
    Ok(None)
}

/// The refusal of a method of a class that is called on what is no instance of it.
fn wrong_self(class: &Bound<'_, PyAny>, request: &Request) -> PyResult<Option<Error>> {
    let Ok(class) = class.cast::<PyType>() else { return Ok(None) };
    let name = request.member_name();
    for base in class.mro().iter() {
        let Some(found) = own(&base.cast_into::<PyType>()?)?.get_item(name)? else { continue };
        if !found.is_instance_of::<PyFunction>() || name == "__new__" {
            return Ok(None);
        }
        let first = request.arguments.positional.first().cloned().unwrap_or(Value::None);
        let first = crate::values::incoming(class.py(), first)?;
        let is_instance = first.bind(class.py()).get_type().mro().iter().any(|base| base.is(class));
        return Ok((!is_instance).then(|| {
            let kind = class.qualname().map_or_else(|_| String::from("?"), |name| name.to_string());
            Error::raise("python:builtins.TypeError", format!("{kind}.{name} is for an instance of {kind}"))
        }));
    }
    Ok(None)
}

fn denied(shape: &Shape, request: &Request, special: String) -> Error {
    let remedy = format!("exposing {special}, or the policy `{}`,", Policy::Public.name());
    Error::Denied(Arc::new(Denied {
        shape: shape.name().clone(),
        operation: request.operation,
        member: Some(special.into()),
        policy: Policy::Closed.name().into(),
        remedy: remedy.into(),
    }))
}
