//! What the interpreter's own exceptions have beside their arguments, and how one is made without running a class's code.

use std::sync::Arc;

use pyo3::exceptions::{PyBaseException, PySyntaxError, PyUnicodeDecodeError, PyUnicodeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyString, PyTuple, PyType};
use wherever::Value;

use crate::values::{incoming, outgoing};

/// Flag of classes that are made at run time.
const HEAP_TYPE: u64 = 1 << 9;
/// Lines and columns of a syntax error that are shown.
const PLACE_MAX: i64 = 1 << 24;
/// What is told in another way, and the object of an `AttributeError`: printing would look at it.
const APART: [&str; 8] =
    ["args", "__traceback__", "__context__", "__cause__", "__suppress_context__", "__dict__", "exceptions", "obj"];

/// The nearest class of the interpreter's own that an exception's class is made of.
pub(super) fn builtin_of<'py>(class: &Bound<'py, PyType>) -> Bound<'py, PyType> {
    let is_own = |class: &Bound<'py, PyType>| {
        class.getattr("__flags__").and_then(|flags| flags.extract::<u64>()).is_ok_and(|flags| flags & HEAP_TYPE == 0)
    };
    let mut line = class.mro().iter().filter_map(|base| base.cast_into::<PyType>().ok());
    line.find(is_own).unwrap_or_else(|| class.py().get_type::<PyBaseException>())
}

/// An exception of a class with these arguments, of which nothing but the interpreter's own code is run.
pub(super) fn instance<'py>(class: &Bound<'py, PyType>, args: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let builtin = builtin_of(class);
    let with = |args: &Bound<'py, PyTuple>| {
        let all: Vec<_> = std::iter::once(class.clone().into_any()).chain(args.iter()).collect();
        builtin.getattr("__new__")?.call1(PyTuple::new(py, all)?)
    };
    let made = match with(args) {
        Ok(made) => made,
        Err(_) => with(&PyTuple::empty(py))?,
    };
    let all: Vec<_> = std::iter::once(made.clone()).chain(args.iter()).collect();
    if builtin.getattr("__init__")?.call1(PyTuple::new(py, all)?).is_err() {
        // Arguments that the builtin type would not take: it has them all the same.
        super::put(&made, "args", args)?;
    }
    tame(&made)?;
    Ok(made)
}

/// The descriptors of the interpreter's own attributes of an exception's class.
fn slots<'py>(class: &Bound<'py, PyType>) -> PyResult<Vec<(String, Bound<'py, PyAny>)>> {
    let types = class.py().import("types")?;
    let kinds = [types.getattr("MemberDescriptorType")?, types.getattr("GetSetDescriptorType")?];
    let mut found = Vec::new();
    for base in builtin_of(class).mro().iter() {
        let own = class.py().get_type::<PyDict>().call1((base.getattr("__dict__")?,))?.cast_into::<PyDict>()?;
        for (name, descriptor) in own.iter() {
            let name: String = name.extract()?;
            let kind = descriptor.get_type();
            if kinds.iter().any(|known| kind.is(known)) && !APART.contains(&&*name) && !name.starts_with("__") {
                found.push((name, descriptor));
            }
        }
    }
    Ok(found)
}

/// What an exception has in the interpreter's own attributes that its arguments do not say.
pub(super) fn attributes(exception: &Bound<'_, PyAny>, args: &Bound<'_, PyTuple>) -> PyResult<Vec<(Arc<str>, Value)>> {
    let class = exception.get_type();
    let slots = slots(&class)?;
    if slots.is_empty() {
        return Ok(Vec::new());
    }
    let twin = instance(&builtin_of(&class), args)?;
    let mut told = Vec::new();
    for (name, slot) in slots {
        // What was never set cannot be read.
        let Ok(value) = slot.call_method1("__get__", (exception,)) else { continue };
        let is_said = slot.call_method1("__get__", (&twin,)).is_ok_and(|said| said.is(&value));
        if !is_said && let Ok(value) = outgoing(&value) {
            told.push((name.into(), value));
        }
    }
    Ok(told)
}

/// What an exception of a builtin class was given by whoever raised it. Of the classes of users such attributes are asked
/// for when they are wanted; what stands for a builtin class has no way to ask.
pub(super) fn given(exception: &Bound<'_, PyAny>) -> Vec<(Arc<str>, Value)> {
    const GIVEN_MAX: usize = 16;
    let class = exception.get_type();
    if !class.is(builtin_of(&class)) {
        return Vec::new();
    }
    let Ok(own) = exception.getattr("__dict__").and_then(|own| Ok(own.cast_into::<PyDict>()?)) else {
        return Vec::new();
    };
    let told = own.iter().filter_map(|(name, value)| {
        let name: String = name.extract().ok()?;
        if may_be_given(&class, &name) { Some((name.into(), outgoing(&value).ok()?)) } else { None }
    });
    told.take(GIVEN_MAX).collect()
}

/// Whether an attribute of this name is the instance's own, and nothing that its class has or the interpreter looks for.
fn may_be_given(class: &Bound<'_, PyType>, name: &str) -> bool {
    !name.starts_with('_') && !class.hasattr(name).unwrap_or(true)
}

/// Gives an exception of a builtin class what it was given over there.
fn give(exception: &Bound<'_, PyAny>, told: &[(Arc<str>, Value)]) -> PyResult<()> {
    let class = exception.get_type();
    if !class.is(builtin_of(&class)) {
        return Ok(());
    }
    for (name, value) in told.iter().filter(|(name, _)| may_be_given(&class, name)) {
        let value = incoming(exception.py(), value.clone())?;
        exception.getattr("__dict__")?.set_item(&**name, value)?;
    }
    Ok(())
}

/// Gives an exception what its arguments do not say.
pub(super) fn set_attributes(exception: &Bound<'_, PyAny>, told: &[(Arc<str>, Value)]) -> PyResult<()> {
    if told.is_empty() {
        return Ok(());
    }
    give(exception, told)?;
    for (name, slot) in slots(&exception.get_type())? {
        if let Some((_, value)) = told.iter().find(|(known, _)| **known == name) {
            let value = incoming(exception.py(), value.clone())?.into_bound(exception.py());
            if fits(exception, &name, &value) {
                // What it would not take here is left as it is.
                let _ = slot.call_method1("__set__", (exception, value));
            }
        }
    }
    tame(exception)
}

/// Whether the interpreter bears the value there: of the errors of texts it checks nothing later.
fn fits(exception: &Bound<'_, PyAny>, name: &str, value: &Bound<'_, PyAny>) -> bool {
    if !exception.is_instance_of::<PyUnicodeError>() {
        return true;
    }
    match name {
        "start" | "end" => value.is_exact_instance_of::<PyInt>(),
        "object" if exception.is_instance_of::<PyUnicodeDecodeError>() => value.is_exact_instance_of::<PyBytes>(),
        _ => value.is_exact_instance_of::<PyString>(),
    }
}

/// Takes out what the interpreter's own printing cannot bear: places outside of the text that they are in. (It reads
/// memory there, or makes as many characters.)
fn tame(exception: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = exception.py();
    let is_unicode = exception.is_instance_of::<PyUnicodeError>();
    if !is_unicode && !exception.is_instance_of::<PySyntaxError>() {
        return Ok(());
    }
    let slots = slots(&exception.get_type())?;
    let read = |name: &str| {
        let (_, slot) = slots.iter().find(|(known, _)| known == name)?;
        Some((slot, slot.call_method1("__get__", (exception,)).ok()?))
    };
    let (names, bounds, instead) = match is_unicode {
        true => {
            let len = read("object").and_then(|(_, object)| object.len().ok()).unwrap_or(0);
            (&["start", "end"][..], 0..=len as i64, 0_i64.into_pyobject(py)?.into_any())
        }
        false => (&["lineno", "offset", "end_lineno", "end_offset"][..], -1..=PLACE_MAX, py.None().into_bound(py)),
    };
    for name in names {
        let Some((slot, place)) = read(name).filter(|(_, place)| !place.is_none()) else { continue };
        if !place.extract::<i64>().is_ok_and(|place| bounds.contains(&place)) {
            slot.call_method1("__set__", (exception, &instead))?;
        }
    }
    Ok(())
}
