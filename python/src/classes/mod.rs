//! Stand-in classes: real Python classes made of shapes, one for each type.

pub(crate) mod hooks;
mod known;
pub(crate) mod namespace;

pub(crate) use known::builtin_exception;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use pyo3::exceptions::{PyBaseException, PyException, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType, PyWeakrefReference};
use wherever::shape::Shape;
use wherever::{Operation, Proxy};

use crate::calls;
use crate::remote::{Remote, RemoteBuffer, proxy_of};
use crate::values::Takes;

/// What a stand-in class knows of the type that it stands for.
#[pyclass(frozen, module = "wherever", name = "Described")]
pub(crate) struct Described {
    shape: Mutex<Arc<Shape>>,
    /// The class over there, once it has come.
    far: Mutex<Option<Proxy>>,
    /// An instance, which knows its class, for as long as the class itself has not come. It is not held.
    instance: Mutex<Option<Py<PyWeakrefReference>>>,
}

/// The name under which a stand-in class keeps what it knows.
const KNOWS: &str = "__wherever__";

/// A class that is made already.
struct Made {
    shape: Arc<Shape>,
    session: u64,
    class: Py<PyType>,
}

/// Classes by the address of their type's shape, which the entry keeps alive.
type Table = HashMap<usize, Made>;

// What classes stand for types is a matter of the interpreter: nodes share it.
static CLASSES: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);

fn address(shape: &Arc<Shape>) -> usize {
    Arc::as_ptr(shape) as usize
}

/// The Python side of stand-in classes.
fn support<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import("wherever._classes").map(Bound::unbind))?;
    module.bind(py).getattr(name)
}

/// Lets go of the classes that stand for types of a session that is over.
pub(crate) fn forget(session: u64) {
    // Dropped after the lock: what ends with a class may be anything.
    let gone: Vec<_> = CLASSES.lock().extract_if(|_, made| made.session == session).collect();
    drop(gone);
}

/// The class that stands for a type.
pub(crate) fn of_shape<'py>(py: Python<'py>, shape: &Arc<Shape>, session: u64) -> PyResult<Bound<'py, PyType>> {
    if let Some(made) = CLASSES.lock().get(&address(shape)) {
        return Ok(made.class.bind(py).clone());
    }
    if let Some(own) = crate::shapes::class_of(py, shape) {
        return Ok(own);
    }
    if let Some(known) = known::class_of(py, shape)? {
        note(shape, session, &known);
        return Ok(known);
    }
    let former = {
        let classes = CLASSES.lock();
        classes.values().find(|made| made.shape.is_same_type(shape)).map(|made| made.class.clone_ref(py))
    };
    let class = match former {
        Some(former) => {
            let former = former.into_bound(py);
            namespace::describe_again(&former, shape)?;
            former
        }
        None => make(py, shape, session)?,
    };
    note(shape, session, &class);
    // Another thread may have made one meanwhile: the first stays.
    let classes = CLASSES.lock();
    let made = classes.get(&address(shape)).map(|made| made.class.clone_ref(py));
    drop(classes);
    Ok(made.map_or(class, |made| made.into_bound(py)))
}

fn note(shape: &Arc<Shape>, session: u64, class: &Bound<'_, PyType>) {
    let made = Made { shape: shape.clone(), session, class: class.clone().unbind() };
    CLASSES.lock().entry(address(shape)).or_insert(made);
}

/// The first class that stands for a type. Where none can be made of its bases, since they do not go together here, it is
/// made of the nearest that goes: it is a plain one then, with a name.
fn make<'py>(py: Python<'py>, shape: &Arc<Shape>, session: u64) -> PyResult<Bound<'py, PyType>> {
    let mut bases = Vec::new();
    for base in shape.bases() {
        bases.push(of_shape(py, base, session)?);
    }
    let errors: Vec<_> = bases.iter().filter(|base| is_exception(base)).cloned().collect();
    let is_error = !errors.is_empty();
    let first = match build(py, shape, bases, is_error) {
        Ok(made) => return Ok(made),
        Err(error) => error,
    };
    for base in errors {
        if let Ok(made) = build(py, shape, vec![base], true) {
            return Ok(made);
        }
    }
    let bases = if is_error { vec![py.get_type::<PyException>()] } else { Vec::new() };
    build(py, shape, bases, is_error).map_err(|_| first)
}

/// A class that stands for a type, of these bases.
fn build<'py>(
    py: Python<'py>,
    shape: &Arc<Shape>,
    mut bases: Vec<Bound<'py, PyType>>,
    is_error: bool,
) -> PyResult<Bound<'py, PyType>> {
    if !is_error {
        let root = known::root(py, shape)?;
        if !bases.iter().any(|base| base.is_subclass(root.as_any()).unwrap_or(false)) {
            // In front of classes of this side, so that nothing of theirs is run by what the interpreter calls itself.
            let first = bases.iter().position(|base| !is_stand_in(base)).unwrap_or(bases.len());
            bases.insert(first, root);
        }
    }
    let described = Described { shape: Mutex::new(shape.clone()), far: Mutex::default(), instance: Mutex::default() };
    let namespace = namespace::of(py, shape, is_error)?;
    namespace.set_item(KNOWS, Py::new(py, described)?)?;
    let (module, name) = names(shape);
    namespace.set_item("__module__", module)?;
    let bases = PyTuple::new(py, bases)?;
    let made = support(py, "make_class")?.call1((name, bases, namespace))?;
    Ok(made.cast_into::<PyType>()?)
}

/// Module and name, as the shape's name has them.
fn names(shape: &Shape) -> (String, String) {
    // The interpreter has no such character in a name.
    let name = shape.name().replace('\0', "?");
    let path = name.strip_prefix("python:").unwrap_or(&name);
    match path.rsplit_once("::").or_else(|| path.rsplit_once('.')) {
        Some((module, name)) => (module.to_owned(), name.to_owned()),
        None => (String::from("wherever.remote"), path.rsplit(':').next().unwrap_or(path).to_owned()),
    }
}

/// Whether it is a class of exceptions.
pub(crate) fn is_exception(class: &Bound<'_, PyType>) -> bool {
    class.is_subclass_of::<PyBaseException>().unwrap_or(false)
}

fn is_stand_in(class: &Bound<'_, PyType>) -> bool {
    class.is_subclass_of::<Remote>().unwrap_or(false)
}

/// What the class itself, and no base of it, knows of a remote type.
fn described<'py>(class: &Bound<'py, PyType>) -> Option<Bound<'py, Described>> {
    let own = class.getattr("__dict__").ok()?.get_item(KNOWS).ok()?;
    own.cast_into::<Described>().ok()
}

/// The remote class that a stand-in class stands for, asked for through an instance if it has not come by itself.
///
/// # Errors
/// If the class is one of this side; if the class over there has never come, and no instance either.
pub(crate) fn far(class: &Bound<'_, PyType>) -> PyResult<Proxy> {
    let py = class.py();
    let knows = described(class).ok_or_else(|| PyTypeError::new_err("no class of a peer's"))?;
    if let Some(far) = knows.get().far.lock().clone() {
        return Ok(far);
    }
    let instance = knows.get().instance.lock().as_ref().map(|instance| instance.clone_ref(py));
    let instance = match instance.and_then(|instance| instance.bind(py).upgrade()) {
        Some(instance) => proxy_of(&instance)?,
        None => None,
    };
    let call = match (instance, derived_far(class)) {
        (Some(instance), _) => instance.request(Operation::Get).member("__class__"),
        (None, Some(derived)) => derived.request(Operation::Get).member("__mro__"),
        (None, None) => return Err(unknown(class)),
    };
    // The classes that come tie themselves to those here.
    calls::perform(py, call)?;
    let far = knows.get().far.lock().clone();
    far.ok_or_else(|| unknown(class))
}

/// A class over there, known or to be had, that derives from the one this class stands for.
fn derived_far(class: &Bound<'_, PyType>) -> Option<Proxy> {
    let derived = class.call_method0("__subclasses__").ok()?;
    let derived = derived.try_iter().ok()?.filter_map(|class| class.ok()?.cast_into::<PyType>().ok());
    derived.filter(is_fake).find_map(|class| far(&class).ok())
}

fn unknown(class: &Bound<'_, PyType>) -> PyErr {
    let name = class.qualname().map_or_else(|_| String::from("?"), |name| name.to_string());
    PyTypeError::new_err(format!(
        "the class {name} of a peer is known by its shape alone: get the class itself from the peer, or hold an \
         instance of it"
    ))
}

/// Whether a class stands for one of a peer's.
pub(crate) fn is_fake(class: &Bound<'_, PyType>) -> bool {
    described(class).is_some()
}

/// The class of a peer's that a stand-in class stands for, if that has come.
pub(crate) fn far_if_known(class: &Bound<'_, PyType>) -> Option<Proxy> {
    described(class)?.get().far.lock().clone()
}

/// The shape of the type that a stand-in class stands for.
pub(crate) fn shape_of_fake(class: &Bound<'_, PyType>) -> Option<Arc<Shape>> {
    Some(described(class)?.get().shape.lock().clone())
}

/// The class that a reference to a class is here.
pub(crate) fn of_class<'py>(py: Python<'py>, proxy: Proxy, shape: &Arc<Shape>) -> PyResult<Bound<'py, PyType>> {
    let session = session_of(&proxy);
    let class = of_shape(py, shape, session)?;
    if let Some(knows) = described(&class) {
        if let Some(meta) = proxy.shape().bases().first() {
            // The class may have been made for an instance, of which its metaclass is not known.
            let meta = of_shape(py, meta, session)?;
            if !class.get_type().is(&meta) && meta.is_subclass(&support(py, "RemoteType")?)? {
                support(py, "class_setattr")?.call1((&class, "__class__", &meta))?;
            }
        }
        *knows.get().far.lock() = Some(proxy);
    }
    Ok(class)
}

/// The number of the session that a proxy belongs to.
pub(crate) fn session_of(proxy: &Proxy) -> u64 {
    match proxy.reference() {
        wherever::value::Ref::Remote(handle) => handle.session_number(),
        wherever::value::Ref::Own(_) => 0,
    }
}

/// Notes an instance for a class that has not come itself.
fn note_instance(class: &Bound<'_, PyType>, made: &Bound<'_, PyAny>) -> PyResult<()> {
    let Some(knows) = described(class).filter(|knows| knows.get().far.lock().is_none()) else { return Ok(()) };
    let py = class.py();
    let known = knows.get().instance.lock().as_ref().map(|instance| instance.clone_ref(py));
    if known.and_then(|known| known.bind(py).upgrade()).is_none() {
        let weak = PyWeakrefReference::new(made)?.unbind();
        let before = knows.get().instance.lock().replace(weak);
        drop(before);
    }
    Ok(())
}

/// The signature that a text tells of, with `self` in front where the method is not bound.
pub(crate) fn signature(py: Python<'_>, text: &str, takes_self: bool) -> PyResult<Py<PyAny>> {
    support(py, "signature")?.call1((text, takes_self)).map(Bound::unbind)
}

/// What the metaclass asks of a class: for the Python side.
#[pyfunction]
pub(crate) fn is_stand_in_class(class: &Bound<'_, PyAny>) -> bool {
    class.cast::<PyType>().is_ok_and(is_fake)
}

/// Makes an instance of a remote class, over there.
#[pyfunction]
#[pyo3(signature = (class, args, named))]
pub(crate) fn construct(
    class: &Bound<'_, PyType>,
    args: &Bound<'_, PyTuple>,
    named: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<PyAny>> {
    let far = far(class)?;
    let arguments = calls::arguments(args, named, Takes::References)?;
    calls::perform(class.py(), far.request(Operation::Call).args(arguments))
}

/// Reads an attribute of a remote class that is no member of its instances.
#[pyfunction]
pub(crate) fn class_get(class: &Bound<'_, PyType>, name: &str) -> PyResult<Py<PyAny>> {
    let refused = || {
        let kind = class.qualname().map_or_else(|_| String::from("?"), |name| name.to_string());
        pyo3::exceptions::PyAttributeError::new_err(format!("type object '{kind}' has no attribute '{name}'"))
    };
    if hooks::is_special(name) && !hooks::is_of_classes(name) {
        return Err(refused());
    }
    let line = class.mro();
    // What the class has, and found to be of instances alone, is not for the class over there to say.
    if line.iter().any(|base| base.getattr("__dict__").is_ok_and(|own| own.contains(name).unwrap_or(false))) {
        return Err(refused());
    }
    let first = line.iter().filter_map(|base| base.cast_into::<PyType>().ok()).find(is_fake).ok_or_else(refused)?;
    let Ok(far) = far(&first) else { return Err(refused()) };
    let found = calls::get(class.py(), &far, name)?;
    if name == "__match_args__" {
        // Asked for by each `match`, and never changed.
        support(class.py(), "class_setattr")?.call1((&first, name, &found))?;
    }
    Ok(found)
}

/// Writes, or deletes, an attribute of a remote class.
#[pyfunction]
#[pyo3(signature = (class, name, value=None))]
pub(crate) fn class_set(class: &Bound<'_, PyType>, name: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    let far = far(class)?;
    match value {
        Some(value) => calls::set(class.py(), &far, name, crate::values::outgoing(value)?),
        None => calls::delete(class.py(), &far, name),
    }
}

/// An instance of a stand-in class for a remote object, not made by running anything.
pub(crate) fn instance<'py>(class: &Bound<'py, PyType>, proxy: Proxy) -> PyResult<Bound<'py, PyAny>> {
    static NEW: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static NEW_BUFFER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = class.py();
    let new = match class.is_subclass_of::<RemoteBuffer>()? {
        false => NEW.get_or_try_init(py, || py.get_type::<Remote>().getattr("__new__").map(Bound::unbind))?,
        true => {
            NEW_BUFFER.get_or_try_init(py, || py.get_type::<RemoteBuffer>().getattr("__new__").map(Bound::unbind))?
        }
    };
    let made = new.bind(py).call1((class,))?;
    made.cast::<Remote>()?.get().hold(proxy);
    note_instance(class, &made)?;
    Ok(made)
}
