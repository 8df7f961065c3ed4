//! Names that mean something to CPython by themselves: which of them a stand-in may have.

/// Special methods that a stand-in class may have if its shape tells of them: what calls them asks for them by an
/// operator, a statement or a builtin function, and expects them to run the object's own code.
const CALLED: &[&str] = &[
    "__abs__",
    "__add__",
    "__aenter__",
    "__aexit__",
    "__aiter__",
    "__and__",
    "__anext__",
    "__bool__",
    "__bytes__",
    "__call__",
    "__ceil__",
    "__class_getitem__",
    "__complex__",
    "__contains__",
    "__delitem__",
    "__divmod__",
    "__enter__",
    "__eq__",
    "__exit__",
    "__float__",
    "__floor__",
    "__floordiv__",
    "__format__",
    "__fspath__",
    "__ge__",
    "__getitem__",
    "__gt__",
    "__hash__",
    "__iadd__",
    "__iand__",
    "__ifloordiv__",
    "__ilshift__",
    "__imatmul__",
    "__imod__",
    "__imul__",
    "__index__",
    "__init__",
    "__int__",
    "__invert__",
    "__ior__",
    "__ipow__",
    "__irshift__",
    "__isub__",
    "__iter__",
    "__itruediv__",
    "__ixor__",
    "__le__",
    "__len__",
    "__length_hint__",
    "__lshift__",
    "__lt__",
    "__matmul__",
    "__missing__",
    "__mod__",
    "__mul__",
    "__ne__",
    "__neg__",
    "__next__",
    "__or__",
    "__pos__",
    "__pow__",
    "__radd__",
    "__rand__",
    "__rdivmod__",
    "__repr__",
    "__reversed__",
    "__rfloordiv__",
    "__rlshift__",
    "__rmatmul__",
    "__rmod__",
    "__rmul__",
    "__ror__",
    "__round__",
    "__rpow__",
    "__rrshift__",
    "__rshift__",
    "__rsub__",
    "__rtruediv__",
    "__rxor__",
    "__setitem__",
    "__str__",
    "__sub__",
    "__truediv__",
    "__trunc__",
    "__xor__",
    "__await__",
];

/// Special names that are read as data, and never called by the interpreter because they are there.
const READ: &[&str] = &[
    "__annotations__",
    "__cause__",
    "__closure__",
    "__code__",
    "__context__",
    "__defaults__",
    "__dict__",
    "__file__",
    "__func__",
    "__globals__",
    "__kwdefaults__",
    "__members__",
    "__module__",
    "__name__",
    "__notes__",
    "__package__",
    "__qualname__",
    "__self__",
    "__slots__",
    "__suppress_context__",
    "__traceback__",
    "__type_params__",
    "__version__",
    "__wrapped__",
    "__doc__",
    "__match_args__",
    "__mro__",
    "__bases__",
    "__base__",
    "__all__",
    "__path__",
    "__builtins__",
    "__abstractmethods__",
    "__dataclass_fields__",
    "__dataclass_params__",
    "__args__",
    "__origin__",
    "__parameters__",
];

/// Special names that a remote class may be asked for.
const OF_CLASSES: &[&str] = &[
    "__abstractmethods__",
    "__annotations__",
    "__args__",
    "__dataclass_fields__",
    "__match_args__",
    "__members__",
    "__origin__",
    "__parameters__",
    "__slots__",
];

/// Whether a remote class may be asked for this special name.
pub(crate) fn is_of_classes(name: &str) -> bool {
    OF_CLASSES.contains(&name)
}

/// Whether the interpreter, or a library, may call something of this name by itself.
pub(crate) fn is_special(name: &str) -> bool {
    name.len() > 4 && name.starts_with("__") && name.ends_with("__")
}

/// Whether the name means something here that a peer may not decide: neither asked for, nor part of a stand-in.
pub(crate) fn is_hook(name: &str) -> bool {
    is_special(name) && !READ.contains(&name) && !CALLED.contains(&name)
}

/// Whether a stand-in class may have a member of this name because its shape has it.
pub(crate) fn may_stand(name: &str) -> bool {
    !is_special(name) || CALLED.contains(&name)
}
