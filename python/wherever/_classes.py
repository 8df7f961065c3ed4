"""What stand-in classes are made of: their metaclass, their roots, and the builtin containers as remote ones."""

from __future__ import annotations

import collections.abc
import copyreg
import numbers
import types
from typing import Any

from wherever import _wherever
from wherever._signature import signature as signature  # what the other module asks for by this name
from wherever._wherever import Remote

_is_fake = _wherever.is_stand_in_class
# Roots that no class of this side may derive from; none while they are being made.
_final: tuple[type, ...] = ()
class_setattr = type.__setattr__
class_delattr = type.__delattr__


class RemoteType(type):
    """The class of classes that stand for a peer's."""

    def __new__(meta, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **named: Any) -> type:
        if "__wherever__" not in namespace:
            for base in bases:
                if issubclass(base, _final):
                    raise TypeError(f"{base.__name__} cannot be extended here: it stands for a builtin type of a peer")
        return type.__new__(meta, name, bases, namespace)

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **named: Any) -> None:
        type.__init__(cls, name, bases, namespace)

    def __call__(cls, *args: Any, **named: Any) -> Any:
        if _is_fake(cls):
            return _wherever.construct(cls, args, named)
        return type.__call__(cls, *args, **named)

    def __getattr__(cls, name: str) -> Any:
        return _wherever.class_get(cls, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        if _is_fake(cls):
            _wherever.class_set(cls, name, value)
        else:
            type.__setattr__(cls, name, value)

    def __delattr__(cls, name: str) -> None:
        if _is_fake(cls):
            _wherever.class_set(cls, name)
        else:
            type.__delattr__(cls, name)

    def __dir__(cls) -> list[str]:
        return [name for name in type.__dir__(cls) if name != "__wherever__"]

    @property
    def __signature__(cls) -> Any:
        for base in cls.__mro__:
            made = base.__dict__.get("__init__")
            if isinstance(made, _wherever.method_descriptor):
                return _bound(made.__signature__)
        return None


def _bound(unbound: Any) -> Any:
    """A signature without its first parameter."""
    return unbound and unbound.replace(parameters=list(unbound.parameters.values())[1:])


def _unpicklable_class(cls: type) -> Any:
    # Found by its name, it would be looked for in a module here that the peer chose.
    raise TypeError(f"the class {cls.__qualname__} of a peer cannot be pickled: it stays where it is")


copyreg.pickle(RemoteType, _unpicklable_class)  # type: ignore[arg-type]


def make_class(name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
    """Makes a stand-in class. A metaclass that bases here have, such as that of abstract classes, is left out."""
    meta: type = RemoteType
    for base in bases:
        if not issubclass(meta, type(base)) and issubclass(type(base), RemoteType):
            meta = type(base)
    foreign = [type(base) for base in bases if not issubclass(meta, type(base))]
    if foreign:
        meta = type("RemoteType", (meta, *dict.fromkeys(foreign)), {})
        copyreg.pickle(meta, _unpicklable_class)  # type: ignore[arg-type]
    if any(not issubclass(base, (Remote, BaseException)) for base in bases):
        namespace = {**MASKED, **namespace}
    module = namespace["__module__"]
    spoofed = SPOOFED.get(f"{module}.{name}")
    if spoofed is not None:
        namespace["__class__"] = property(lambda self: spoofed)
    made = meta(name, bases, namespace)
    kind = ABSTRACT.get(f"{module}.{name}")
    if kind is not None:
        kind.register(made)
    return made


# Abstract classes of the standard library, which every side has: a stand-in for one counts as it.
ABSTRACT = {f"collections.abc.{name}": getattr(collections.abc, name) for name in collections.abc.__all__
            if name not in ("Buffer",)}
ABSTRACT.update({f"numbers.{name}": getattr(numbers, name) for name in numbers.__all__})


# Types of the interpreter's own that nothing can derive from: a stand-in says that it is one.
SPOOFED = {f"builtins.{kind.__name__}": kind for kind in (
    types.ModuleType, types.FunctionType, types.MethodType, types.BuiltinFunctionType, types.GeneratorType,
    types.CoroutineType, types.AsyncGeneratorType, types.FrameType, types.TracebackType, types.CodeType,
    types.MappingProxyType, type({}.keys()), type({}.values()), type({}.items()), memoryview,
)}


def _nothing(self: Any) -> None:
    """What a class of this side would do at the end of its own instances is not for a stand-in."""


def _unpicklable(self: Any, *_: Any) -> Any:
    raise TypeError("a remote object cannot be pickled: it stays where it is")


# What the interpreter calls by itself, in front of a class of this side that a stand-in derives from.
MASKED = {
    "__del__": _nothing, "__reduce__": _unpicklable, "__reduce_ex__": _unpicklable, "__getstate__": _unpicklable,
    "__setstate__": _unpicklable, "__copy__": Remote.__copy__, "__deepcopy__": Remote.__deepcopy__,
}


def _error_get(self: Any, name: str) -> Any:
    return _wherever.error_get(self, name)


def _error_set(self: Any, name: str, value: Any) -> None:
    _wherever.error_set(self, name, value)


def _error_delete(self: Any, name: str) -> None:
    _wherever.error_set(self, name)


def _error_dir(self: Any) -> list[str]:
    return _wherever.error_dir(self)


def error_str(self: Any) -> str:
    """The text of a remote exception whose class makes one."""
    return _wherever.error_text(self)


def _uncopied(self: Any, *_: Any) -> Any:
    raise TypeError("a remote exception cannot be copied: it stays where it is")


# What a class of remote exceptions has beside what the peer says: exceptions have to be of a builtin layout.
ERROR_MEMBERS = {
    "__getattr__": _error_get, "__setattr__": _error_set, "__delattr__": _error_delete, "__dir__": _error_dir,
    "__reduce__": _unpicklable, "__reduce_ex__": _unpicklable, "__copy__": _uncopied, "__deepcopy__": _uncopied,
}


class RemoteObject(Remote, metaclass=RemoteType):
    """An object that lives elsewhere."""

    __slots__ = ()


class RemoteFunction(RemoteObject):
    """A function that lives elsewhere."""

    __slots__ = ()
    __call__ = _wherever.operation("__call__")
    __class__ = property(lambda self: types.FunctionType)  # type: ignore[assignment]

    @property
    def __signature__(self) -> Any:
        return signature(_wherever.signature_text(self))

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        return _wherever.get(self, "__doc__")

    def __repr__(self) -> str:
        return f"<remote function at {id(self):#x}>"


class RemoteIterator(RemoteObject):
    """An iterator that lives elsewhere: stepped one item at a time, when that is wanted."""

    __slots__ = ()

    def __iter__(self) -> RemoteIterator:
        return self

    __next__ = _wherever.make_method("__next__")


class RemoteContainer(RemoteObject):
    """A builtin container that lives elsewhere. What needs the whole of it moves it in one round trip."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    __len__ = _wherever.operation("__len__")
    __contains__ = _wherever.operation("__contains__")
    __eq__ = _wherever.operation("__eq__")
    __ne__ = _wherever.operation("__ne__")
    __repr__ = _wherever.operation("__repr__")

    def __iter__(self) -> Any:
        return iter(_wherever.whole(self))

    def __format__(self, spec: str) -> str:
        if spec:
            raise TypeError(f"unsupported format string passed to {self.__class__.__name__}.__format__")
        return repr(self)


class RemoteList(RemoteContainer):
    __slots__ = ()
    __class__ = property(lambda self: list)  # type: ignore[assignment]
    for _name in ("lt", "le", "gt", "ge", "getitem", "setitem", "delitem", "add", "radd", "iadd", "mul", "rmul",
                  "imul"):
        locals()[f"__{_name}__"] = _wherever.operation(f"__{_name}__")
    for _name in ("append", "extend", "insert", "pop", "remove", "clear", "index", "count", "reverse", "sort"):
        locals()[_name] = _wherever.make_method(_name)
    del _name

    def __reversed__(self) -> Any:
        return reversed(_wherever.whole(self))

    def copy(self) -> list[Any]:
        return _wherever.whole(self)


class RemoteByteArray(RemoteContainer):
    __slots__ = ()
    __class__ = property(lambda self: bytearray)  # type: ignore[assignment]
    for _name in ("lt", "le", "gt", "ge", "getitem", "setitem", "delitem", "add", "iadd", "mul", "rmul", "imul", "mod"):
        locals()[f"__{_name}__"] = _wherever.operation(f"__{_name}__")
    for _name in dir(bytearray):
        if not _name.startswith("_") and _name not in ("copy", "fromhex", "maketrans"):
            locals()[_name] = _wherever.make_method(_name)
    del _name

    def __bytes__(self) -> bytes:
        return bytes(_wherever.whole(self))

    def __reversed__(self) -> Any:
        return reversed(_wherever.whole(self))

    def copy(self) -> bytearray:
        return _wherever.whole(self)


class RemoteSet(RemoteContainer):
    __slots__ = ()
    __class__ = property(lambda self: set)  # type: ignore[assignment]
    for _name in ("lt", "le", "gt", "ge", "and", "or", "sub", "xor", "rand", "ror", "rsub", "rxor", "iand", "ior",
                  "isub", "ixor"):
        locals()[f"__{_name}__"] = _wherever.operation(f"__{_name}__")
    for _name in dir(set):
        if not _name.startswith("_") and _name != "copy":
            locals()[_name] = _wherever.make_method(_name)
    del _name

    def copy(self) -> set[Any]:
        return _wherever.whole(self)


class RemoteDict(RemoteContainer):
    __slots__ = ()
    __class__ = property(lambda self: dict)  # type: ignore[assignment]
    for _name in ("setitem", "delitem", "or", "ror", "ior"):
        locals()[f"__{_name}__"] = _wherever.operation(f"__{_name}__")
    for _name in ("get", "pop", "popitem", "setdefault", "update", "clear"):
        locals()[_name] = _wherever.make_method(_name)
    del _name
    __getitem__ = _wherever.operation("__getitem__")

    def __reversed__(self) -> Any:
        return reversed(_wherever.whole(self))

    def keys(self) -> Any:
        return RemoteKeys(self)

    def values(self) -> Any:
        return RemoteValues(self)

    def items(self) -> Any:
        return RemoteItems(self)

    def copy(self) -> dict[Any, Any]:
        return _wherever.whole(self)


class RemoteView:
    """A view of a remote dict. Reading it moves the dict, in one round trip."""

    __slots__ = ("_dict",)

    def __init__(self, remote: RemoteDict) -> None:
        self._dict = remote

    def __len__(self) -> int:
        return len(self._dict)

    @property
    def mapping(self) -> Any:
        return types.MappingProxyType(_wherever.whole(self._dict))


class RemoteKeys(RemoteView, collections.abc.Set):
    __slots__ = ()
    __class__ = property(lambda self: type({}.keys()))  # type: ignore[assignment]

    @classmethod
    def _from_iterable(cls, items: Any) -> set[Any]:
        return set(items)

    def __contains__(self, key: Any) -> bool:
        return key in self._dict

    def __iter__(self) -> Any:
        return iter(_wherever.whole(self._dict))

    def __reversed__(self) -> Any:
        return reversed(_wherever.whole(self._dict))

    def __repr__(self) -> str:
        return repr(_wherever.whole(self._dict).keys())


class RemoteItems(RemoteView, collections.abc.Set):
    __slots__ = ()
    __class__ = property(lambda self: type({}.items()))  # type: ignore[assignment]

    @classmethod
    def _from_iterable(cls, items: Any) -> set[Any]:
        return set(items)

    def __contains__(self, item: Any) -> bool:
        return item in _wherever.whole(self._dict).items()

    def __iter__(self) -> Any:
        return iter(_wherever.whole(self._dict).items())

    def __reversed__(self) -> Any:
        return reversed(_wherever.whole(self._dict).items())

    def __repr__(self) -> str:
        return repr(_wherever.whole(self._dict).items())


class RemoteValues(RemoteView):
    __slots__ = ()
    __class__ = property(lambda self: type({}.values()))  # type: ignore[assignment]

    def __contains__(self, value: Any) -> bool:
        return value in _wherever.whole(self._dict).values()

    def __iter__(self) -> Any:
        return iter(_wherever.whole(self._dict).values())

    def __reversed__(self) -> Any:
        return reversed(_wherever.whole(self._dict).values())

    def __repr__(self) -> str:
        return repr(_wherever.whole(self._dict).values())


collections.abc.MutableSequence.register(RemoteList)
collections.abc.MutableSequence.register(RemoteByteArray)
collections.abc.MutableSet.register(RemoteSet)
collections.abc.MutableMapping.register(RemoteDict)


def await_remote(self: Any) -> Any:
    """`await` of a remote object: what awaiting it gives over there."""
    return _wherever.send(_wherever.bound(self, "__await__")).__await__()


_final = (RemoteContainer, RemoteFunction, RemoteIterator)
