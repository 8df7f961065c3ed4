//! The members of a stand-in class: what a shape tells of, as descriptors.

use std::sync::Arc;

use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyType};
use wherever::Operation;
use wherever::shape::{Category, Member, MemberKind, Shape};

use super::{described, hooks};
use crate::calls;
use crate::members::{Action, AttributeMember, Known, MethodMember};
use crate::values::Takes;

/// The namespace of the class that stands for this type.
pub(super) fn of<'py>(py: Python<'py>, shape: &Shape, is_error: bool) -> PyResult<Bound<'py, PyDict>> {
    let namespace = PyDict::new(py);
    match is_error {
        true => {
            namespace.update(super::support(py, "ERROR_MEMBERS")?.cast::<PyMapping>()?)?;
        }
        false => namespace.set_item("__slots__", ())?,
    }
    // A function's documentation is its own, not its type's: a class that says nothing would say that there is none.
    match shape.category() {
        Category::Function => namespace.set_item("__doc__", super::support(py, "function_doc")?)?,
        _ => namespace.set_item("__doc__", Some(shape.doc()).filter(|doc| !doc.is_empty()))?,
    }
    for member in shape.members() {
        let compares =
            OPERATORS.iter().find(|(operation, name, _)| *operation == Operation::Compare && **name == *member.name);
        if let Some((operation, name, action)) = compares.filter(|_| shape.category().is_container()) {
            // Over there what the class does not compare is compared as the builtin container that it derives from.
            namespace.set_item(*name, operator(py, *operation, name, action, calls::takes(name))?)?;
        } else if let Some(made) = descriptor(py, member, is_error)? {
            namespace.set_item(&*member.name, made)?;
        }
    }
    // A runtime that has no special methods tells by its operations what its objects can do.
    if !shape.name().starts_with("python:") {
        for (operation, name, action) in OPERATORS {
            if shape.all_operations().contains(*operation) {
                namespace.set_item(*name, operator(py, *operation, name, action, calls::takes(name))?)?;
            }
        }
    }
    Ok(namespace)
}

/// Gives the class the members that a later description of its type has.
pub(super) fn describe_again(class: &Bound<'_, PyType>, shape: &Arc<Shape>) -> PyResult<()> {
    let py = class.py();
    let Some(knows) = described(class) else { return Ok(()) };
    let former = std::mem::replace(&mut *knows.get().shape.lock(), shape.clone());
    let fresh = of(py, shape, super::is_exception(class))?;
    let (set, delete) = (super::support(py, "class_setattr")?, super::support(py, "class_delattr")?);
    for member in former.members() {
        if !fresh.contains(&*member.name)? && hooks::may_stand(&member.name) {
            // Gone already if the name was no member here.
            let _ = delete.call1((class, &*member.name));
        }
    }
    for (name, made) in fresh {
        if !name.eq("__slots__")? {
            set.call1((class, &name, &made))?;
            // A member that comes later is told its class as those were that came with it.
            if made.is_instance_of::<MethodMember>() || made.is_instance_of::<AttributeMember>() {
                made.call_method1("__set_name__", (class, &name))?;
            }
        }
    }
    Ok(())
}

fn descriptor(py: Python<'_>, member: &Member, is_error: bool) -> PyResult<Option<Py<PyAny>>> {
    let name = &*member.name;
    if !hooks::may_stand(name) || (is_error && !may_stand_for_error(py, name)?) {
        return Ok(None);
    }
    if is_error && name == "__str__" {
        return Ok(Some(super::support(py, "error_str")?.unbind()));
    }
    if hooks::is_special(name) && member.kind == MemberKind::Attribute {
        // `__hash__ = None` and its like: the type says that it cannot do that.
        return Ok(Some(py.None()));
    }
    let known = Known {
        name: member.name.clone(),
        kind: member.kind,
        signature: member.signature.clone(),
        doc: member.doc.clone(),
        one_way: member.one_way,
        takes: calls::takes(name),
        action: Action::Call,
    };
    Ok(Some(match member.kind {
        MemberKind::Attribute => Py::new(py, AttributeMember::new(known))?.into_any(),
        _ if name == "__await__" => super::support(py, "await_remote")?.unbind(),
        _ => Py::new(py, MethodMember::new(known))?.into_any(),
    }))
}

/// Whether an exception's class may have the member: what every exception has, those who raise and print them rely on.
fn may_stand_for_error(py: Python<'_>, name: &str) -> PyResult<bool> {
    match name {
        "__str__" | "__repr__" => Ok(true),
        _ if hooks::is_special(name) => Ok(false),
        _ => Ok(!py.get_type::<PyBaseException>().hasattr(name)?),
    }
}

fn operator(py: Python<'_>, operation: Operation, name: &str, member: &str, takes: Takes) -> PyResult<Py<PyAny>> {
    let member = Some(member).filter(|member| !member.is_empty()).map(Arc::from);
    let action = Action::Operation(operation, member);
    let known = Known::named(name, takes, action);
    Ok(Py::new(py, MethodMember::new(known))?.into_any())
}

/// A special method for a class written here, by the operation that it is and the name of the operator. How it takes
/// containers of this side is said as for [`make_method`], or follows from its name.
#[pyfunction]
#[pyo3(signature = (name, takes=None))]
pub(crate) fn operation(py: Python<'_>, name: &str, takes: Option<&str>) -> PyResult<Py<PyAny>> {
    let found = OPERATORS.iter().find(|(_, special, _)| *special == name);
    let (operation, special, member) =
        found.ok_or_else(|| pyo3::exceptions::PyValueError::new_err(format!("no operation is called by {name}")))?;
    operator(py, *operation, special, member, takes.map_or_else(|| calls::takes(special), takes_of))
}

fn takes_of(word: &str) -> Takes {
    match word {
        "contents" => Takes::Contents,
        "operands" => Takes::Operands,
        _ => Takes::References,
    }
}

/// A method for a class written here. Of containers of this side it takes "references", their "contents", or them as
/// "operands".
#[pyfunction]
#[pyo3(signature = (name, takes="references"))]
pub(crate) fn make_method(py: Python<'_>, name: &str, takes: &str) -> PyResult<Py<PyAny>> {
    let known = Known::named(name, takes_of(takes), Action::Call);
    Ok(Py::new(py, MethodMember::new(known))?.into_any())
}

/// The operation that each special method is, and the name of its operator.
const OPERATORS: &[(Operation, &str, &str)] = &[
    (Operation::Index, "__getitem__", ""),
    (Operation::SetIndex, "__setitem__", ""),
    (Operation::DeleteIndex, "__delitem__", ""),
    (Operation::Contains, "__contains__", ""),
    (Operation::Length, "__len__", ""),
    (Operation::Iterate, "__iter__", ""),
    (Operation::Hash, "__hash__", ""),
    (Operation::Truth, "__bool__", ""),
    (Operation::Text, "__repr__", "repr"),
    (Operation::Text, "__str__", "str"),
    (Operation::Call, "__call__", ""),
    (Operation::Compare, "__eq__", "eq"),
    (Operation::Compare, "__ne__", "ne"),
    (Operation::Compare, "__lt__", "lt"),
    (Operation::Compare, "__le__", "le"),
    (Operation::Compare, "__gt__", "gt"),
    (Operation::Compare, "__ge__", "ge"),
    (Operation::Unary, "__neg__", "neg"),
    (Operation::Unary, "__pos__", "pos"),
    (Operation::Unary, "__abs__", "abs"),
    (Operation::Unary, "__invert__", "invert"),
    (Operation::Unary, "__int__", "int"),
    (Operation::Unary, "__float__", "float"),
    (Operation::Unary, "__complex__", "complex"),
    (Operation::Unary, "__index__", "index"),
    (Operation::Unary, "__round__", "round"),
    (Operation::Unary, "__trunc__", "trunc"),
    (Operation::Unary, "__floor__", "floor"),
    (Operation::Unary, "__ceil__", "ceil"),
    (Operation::Binary, "__add__", "add"),
    (Operation::Binary, "__sub__", "sub"),
    (Operation::Binary, "__mul__", "mul"),
    (Operation::Binary, "__matmul__", "matmul"),
    (Operation::Binary, "__truediv__", "truediv"),
    (Operation::Binary, "__floordiv__", "floordiv"),
    (Operation::Binary, "__mod__", "mod"),
    (Operation::Binary, "__divmod__", "divmod"),
    (Operation::Binary, "__pow__", "pow"),
    (Operation::Binary, "__lshift__", "lshift"),
    (Operation::Binary, "__rshift__", "rshift"),
    (Operation::Binary, "__and__", "and"),
    (Operation::Binary, "__or__", "or"),
    (Operation::Binary, "__xor__", "xor"),
    (Operation::Binary, "__radd__", "radd"),
    (Operation::Binary, "__rsub__", "rsub"),
    (Operation::Binary, "__rmul__", "rmul"),
    (Operation::Binary, "__rmatmul__", "rmatmul"),
    (Operation::Binary, "__rtruediv__", "rtruediv"),
    (Operation::Binary, "__rfloordiv__", "rfloordiv"),
    (Operation::Binary, "__rmod__", "rmod"),
    (Operation::Binary, "__rdivmod__", "rdivmod"),
    (Operation::Binary, "__rpow__", "rpow"),
    (Operation::Binary, "__rlshift__", "rlshift"),
    (Operation::Binary, "__rrshift__", "rrshift"),
    (Operation::Binary, "__rand__", "rand"),
    (Operation::Binary, "__ror__", "ror"),
    (Operation::Binary, "__rxor__", "rxor"),
    (Operation::Binary, "__iadd__", "iadd"),
    (Operation::Binary, "__isub__", "isub"),
    (Operation::Binary, "__imul__", "imul"),
    (Operation::Binary, "__iand__", "iand"),
    (Operation::Binary, "__ior__", "ior"),
    (Operation::Binary, "__ixor__", "ixor"),
];
