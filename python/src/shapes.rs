//! Shapes of this side's own classes: described once, and again when a class has changed.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyByteArray, PyDict, PyFunction, PyList, PySet, PyType, PyWeakrefReference};
use wherever::Operation;
use wherever::shape::{Category, Member, MemberKind, Shape};

use crate::classes;

/// What is known of a class of this side.
struct Described {
    class: Py<PyWeakrefReference>,
    shape: Arc<Shape>,
    /// The class itself as an object.
    meta: Option<Arc<Shape>>,
    version: u64,
}

/// Classes by their address, for as long as they live.
type Table = HashMap<usize, Described>;

// What a class looks like is a matter of the interpreter: nodes share it.
static KNOWN: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);

/// One member, as the Python side tells it.
#[derive(FromPyObject)]
struct Told {
    name: String,
    kind: u8,
    signature: String,
    doc: String,
    exposed: bool,
    writable: bool,
    one_way: bool,
    concurrent: bool,
    reads: bool,
}

/// What the Python side tells of a class.
#[derive(FromPyObject)]
struct Class<'py> {
    name: String,
    doc: String,
    open: bool,
    category: u8,
    interfaces: Vec<String>,
    members: Vec<Told>,
    bases: Vec<Bound<'py, PyType>>,
    /// Codes of the operations that its exposed special methods are.
    operations: Vec<u8>,
}

fn address(class: &Bound<'_, PyType>) -> usize {
    class.as_ptr() as usize
}

/// A number that changes with the class.
#[cfg(not(feature = "abi3"))]
#[allow(unsafe_code, reason = "PyO3 has no call for it")]
fn version(class: &Bound<'_, PyType>) -> u64 {
    // SAFETY: the class is alive, and the interpreter's lock is held, by which all that changes the field is guarded.
    u64::from(unsafe { (*class.as_type_ptr()).tp_version_tag })
}

/// A number that changes with the class: the stable interface does not tell the interpreter's own, so it is made of all
/// that the class has.
#[cfg(feature = "abi3")]
fn version(class: &Bound<'_, PyType>) -> u64 {
    let bases = class.mro();
    let bases = bases.iter().filter_map(|base| base.cast_into::<PyType>().ok()).filter(can_change);
    let members = bases.filter_map(|base| base.getattr("__dict__").and_then(|own| own.call_method0("items")).ok());
    let members = members.filter_map(|members| members.try_iter().ok()).flatten().flatten();
    // A member that is there under another name is another one.
    let members = members.filter_map(|member| member.cast_into::<pyo3::types::PyTuple>().ok()).flatten();
    // 0 stands for no number at all.
    members.fold(1, |sum: u64, member| sum.wrapping_mul(31).wrapping_add(member.as_ptr() as u64)).max(1)
}

/// Whether members of the class may be replaced: those that are compiled in stay as they are.
#[cfg(feature = "abi3")]
#[allow(unsafe_code, reason = "PyO3 has no call for it")]
fn can_change(class: &Bound<'_, PyType>) -> bool {
    // SAFETY: the class is alive.
    unsafe { pyo3::ffi::PyType_GetFlags(class.as_type_ptr()) & pyo3::ffi::Py_TPFLAGS_HEAPTYPE != 0 }
}

/// The class that is told of an object: its own, but of a function whose calls are awaited, which looks like any other.
pub(crate) fn class_told<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyType>> {
    static AWAITED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    const CO_COROUTINE: u32 = 0x80;
    let py = object.py();
    static METHOD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let method = METHOD.get_or_try_init(py, || py.import("types")?.getattr("MethodType").map(Bound::unbind))?;
    let is_method = object.get_type().is(method);
    if !is_method && !object.is_exact_instance_of::<PyFunction>() {
        return Ok(object.get_type());
    }
    let function = if is_method { object.getattr(intern!(py, "__func__"))? } else { object.clone() };
    // Of a method of something else than a function, nothing is known.
    let flags = function.getattr(intern!(py, "__code__")).and_then(|code| code.getattr(intern!(py, "co_flags")));
    if flags.and_then(|flags| flags.extract::<u32>()).unwrap_or(0) & CO_COROUTINE == 0 {
        return Ok(object.get_type());
    }
    let class = AWAITED.get_or_try_init(py, || -> PyResult<_> {
        Ok(py.import("wherever._describe")?.getattr("CoroutineFunction")?.cast_into::<PyType>()?.unbind())
    })?;
    Ok(class.bind(py).clone())
}

/// What changes when the class of an object is another, or has changed: its address and its number. `None` for classes,
/// which are told by more than one class, and where there is no number.
pub(crate) fn seen(object: &Bound<'_, PyAny>) -> Option<(usize, u64)> {
    if object.is_instance_of::<PyType>() {
        return None;
    }
    let class = object.get_type();
    Some((address(&class), version(&class))).filter(|(_, version)| *version != 0)
}

/// The shape of the instances of a class.
pub(crate) fn of_class(class: &Bound<'_, PyType>) -> PyResult<Arc<Shape>> {
    let now = version(class);
    let former = {
        let known = KNOWN.lock();
        match known.get(&address(class)) {
            Some(known) if now != 0 && known.version == now => return Ok(known.shape.clone()),
            Some(known) if known.class.bind(class.py()).upgrade().is_some() => Some(known.shape.clone()),
            _ => None,
        }
    };
    describe(class, former)
}

fn describe(class: &Bound<'_, PyType>, former: Option<Arc<Shape>>) -> PyResult<Arc<Shape>> {
    let py = class.py();
    if let Some(fake) = classes::shape_of_fake(class) {
        return Ok(fake);
    }
    let told: Class<'_> = support(py)?.call1((class,))?.extract()?;
    let mut bases = Vec::new();
    for base in &told.bases {
        bases.push(of_class(base)?);
    }
    let fresh = assemble(former.as_deref(), &told, &bases);
    let shape = match former {
        Some(former) if alike(&former, &fresh) => former,
        _ => Arc::new(fresh),
    };
    // Describing may have looked at the class, which gives it its number.
    let described = Described {
        class: PyWeakrefReference::new(class.as_any())?.unbind(),
        shape: shape.clone(),
        meta: None,
        version: version(class),
    };
    let mut known = KNOWN.lock();
    if let Some(there) = known.get(&address(class))
        && there.class.bind(py).upgrade().is_some_and(|there| there.is(class))
        && !Arc::ptr_eq(&there.shape, &shape)
        && alike(&there.shape, &shape)
    {
        // Another thread has described it meanwhile: peers are to see one type.
        let shape = there.shape.clone();
        drop(known);
        return Ok(shape);
    }
    let before = known.insert(address(class), described);
    drop((known, before));
    Ok(shape)
}

fn support(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static DESCRIBE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let describe =
        DESCRIBE.get_or_try_init(py, || py.import("wherever._describe")?.getattr("describe").map(Bound::unbind))?;
    Ok(describe.bind(py).clone())
}

fn assemble(former: Option<&Shape>, told: &Class<'_>, bases: &[Arc<Shape>]) -> Shape {
    let category = Category::from_code(told.category).unwrap_or(Category::Instance);
    let mut shape = match former {
        Some(former) => {
            let former = former.revised().without_bases();
            let names: Vec<_> = former.members().iter().map(|member| member.name.clone()).collect();
            names.iter().fold(former, |shape, name| shape.without_member(name))
        }
        None => Shape::new(&*told.name, category),
    };
    shape = shape.doc_text(&*told.doc);
    if told.open {
        shape = shape.open();
    }
    shape = bases.iter().cloned().fold(shape, Shape::base);
    if former.is_none() {
        shape = told.interfaces.iter().fold(shape, |shape, name| shape.interface(&**name));
    }
    shape = told.members.iter().map(member).fold(shape, Shape::member);
    let operations: Vec<_> = told.operations.iter().filter_map(|code| Operation::from_code(*code)).collect();
    shape.operations(&operations)
}

fn member(told: &Told) -> Member {
    let kind = match told.kind {
        0 => MemberKind::Method,
        1 => MemberKind::Attribute,
        2 => MemberKind::ClassMethod,
        _ => MemberKind::StaticMethod,
    };
    let mut member = Member::method(&*told.name).of_kind(kind).signature(&*told.signature).doc(&*told.doc);
    member.exposed = told.exposed;
    member.writable = told.writable;
    member.one_way = told.one_way;
    member.concurrent = told.concurrent;
    member.reads = told.reads;
    member
}

fn alike(former: &Shape, fresh: &Shape) -> bool {
    let bases = |shape: &Shape| shape.bases().iter().map(|base| Arc::as_ptr(base) as usize).collect::<Vec<_>>();
    former.members() == fresh.members()
        && former.doc() == fresh.doc()
        && bases(former) == bases(fresh)
        && former.all_operations() == fresh.all_operations()
}

/// The shape of a class as an object: what its metaclass describes, and a class for whoever receives it.
pub(crate) fn of_metaclass(class: &Bound<'_, PyType>) -> PyResult<Arc<Shape>> {
    let instances = of_class(class)?;
    let known = KNOWN.lock().get(&address(class)).and_then(|known| known.meta.clone());
    if let Some(meta) = known.filter(|_| version(class) != 0) {
        return Ok(meta);
    }
    let py = class.py();
    let told: Class<'_> = py.import("wherever._describe")?.call_method1("describe_meta", (class,))?.extract()?;
    let mut bases = Vec::new();
    for base in &told.bases {
        bases.push(of_class(base)?);
    }
    let meta = Arc::new(assemble(None, &told, &bases));
    if let Some(known) = KNOWN.lock().get_mut(&address(class))
        && Arc::ptr_eq(&known.shape, &instances)
    {
        known.meta = Some(meta.clone());
    }
    Ok(meta)
}

/// The class of this side that a shape describes, if it is one.
pub(crate) fn class_of<'py>(py: Python<'py>, shape: &Arc<Shape>) -> Option<Bound<'py, PyType>> {
    if !shape.name().starts_with("python:") {
        return None;
    }
    let found = {
        let known = KNOWN.lock();
        let found = known.values().find(|known| known.shape.is_same_type(shape));
        found.map(|known| known.class.clone_ref(py))
    };
    found.and_then(|class| class.bind(py).upgrade()).and_then(|class| class.cast_into::<PyType>().ok())
}

/// Whether it is a builtin container, and of no class derived from one.
pub(crate) fn is_exact_container(object: &Bound<'_, PyAny>) -> bool {
    object.is_exact_instance_of::<PyList>()
        || object.is_exact_instance_of::<PyDict>()
        || object.is_exact_instance_of::<PySet>()
        || object.is_exact_instance_of::<PyByteArray>()
}

/// Whether it is a builtin container, or of a class derived from one.
pub(crate) fn is_container(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<PyList>()
        || object.is_instance_of::<PyDict>()
        || object.is_instance_of::<PySet>()
        || object.is_instance_of::<PyByteArray>()
}
