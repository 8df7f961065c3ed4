"""What stand-in classes are made of: their metaclass, and their roots."""

from __future__ import annotations

import collections.abc
import copyreg
import numbers
import types
from typing import Any

from wherever import _sources, _wherever
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
                _refuse_metaclass(base)
        made = type.__new__(meta, name, bases, namespace)
        if "__wherever__" not in namespace:
            left = {named for base in bases for named in _abstract(base) if _is_abstract(getattr(made, named, None))}
            left |= {named for named, value in namespace.items() if getattr(value, "__isabstractmethod__", False)}
            if left:
                # The interpreter makes no instance of a class that has this.
                type.__setattr__(made, "__abstractmethods__", frozenset(left))
        return made

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **named: Any) -> None:
        type.__init__(cls, name, bases, namespace)

    def __call__(cls, *args: Any, **named: Any) -> Any:
        # A metaclass is called by a class statement of this side, whose class is one of this side.
        if _is_fake(cls) and not issubclass(cls, RemoteType):
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


def _abstract(base: type) -> frozenset[str]:
    """The abstract methods of a base: of a remote one that has an abstract class's metaclass, what it says."""
    if not _is_fake(base):
        return base.__dict__.get("__abstractmethods__", frozenset())
    if not any(_is_fake(meta) for meta in type(base).__mro__):
        return frozenset()
    try:
        told = _wherever.class_get(base, "__abstractmethods__")
    except AttributeError:
        return frozenset()
    return told if type(told) is frozenset else frozenset()


def _is_abstract(found: Any) -> bool:
    """Whether what a class has under the name of an abstract method of a base is still that of the base."""
    return isinstance(found, (_wherever.method_descriptor, _wherever.attribute_descriptor)) or \
        getattr(found, "__isabstractmethod__", False)


def _refuse_metaclass(base: type) -> None:
    """Refuses to derive from a class whose metaclass does more than to say what is abstract: it runs over there, and
    makes no classes here."""
    for meta in type(base).__mro__:
        if _is_fake(meta) and (meta.__module__, meta.__name__) != ("abc", "ABCMeta"):
            raise TypeError(f"{base.__name__} cannot be extended here: its metaclass {meta.__name__} makes classes of "
                            "the peer alone")


def _bound(unbound: Any) -> Any:
    """A signature without its first parameter."""
    return unbound and unbound.replace(parameters=list(unbound.parameters.values())[1:])


def _unpicklable_class(cls: type) -> Any:
    import pickle
    # Found by its name, it would be looked for in a module here that the peer chose.
    raise pickle.PicklingError(f"the class {cls.__qualname__} of a peer cannot be pickled: it stays where it is")


copyreg.pickle(RemoteType, _unpicklable_class)  # type: ignore[arg-type]


def make_class(name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
    """Makes a stand-in class. A metaclass that bases here have, such as that of abstract classes, is left out."""
    meta: type = RemoteType
    for base in bases:
        if not issubclass(meta, type(base)) and issubclass(type(base), RemoteType):
            meta = type(base)
    foreign = [type(base) for base in bases if not issubclass(meta, type(base))]
    if foreign:
        meta = type("RemoteType", (meta, *dict.fromkeys(foreign)), PLAIN)
        copyreg.pickle(meta, _unpicklable_class)  # type: ignore[arg-type]
    own = [base for base in bases if not issubclass(base, (Remote, BaseException))]
    if own:
        namespace = {**MASKED, **namespace}
        if any("__getattr__" in vars(base) for cls in own for base in cls.__mro__):
            namespace["__getattr__"] = _missing
    if "__doc__" not in namespace:
        # Each has its own: without this, the class would say that there is none.
        namespace["__doc__"] = next((vars(base)["__doc__"] for base in bases), None)
    module = namespace["__module__"]
    spoofed = SPOOFED.get(f"{module}.{name}")
    if spoofed is not None:
        namespace["__class__"] = property(lambda self: spoofed)
        if spoofed is types.FunctionType:
            namespace["__get__"] = _bound_to
        if spoofed is types.CodeType:
            namespace["co_filename"] = property(_sources.file_of_code)
    if any(issubclass(base, RemoteFunction) for base in bases):
        # A function's documentation is its own, not its type's.
        namespace.setdefault("__doc__", RemoteFunction.__dict__["__doc__"])
    # Not as a stand-in for a metaclass would be called, which makes its classes over there.
    made = type.__call__(meta, name, bases, namespace)
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


def _bound_to(function: Any, instance: Any, owner: type | None = None) -> Any:
    """A function that is read off an instance of a class which has it is a method."""
    return function if instance is None else types.MethodType(function, instance)


def _nothing(self: Any) -> None:
    """What a class of this side would do at the end of its own instances is not for a stand-in."""


def _unpicklable(self: Any, *_: Any) -> Any:
    raise TypeError("a remote object cannot be pickled: it stays where it is")


def _missing(self: Any, name: str) -> Any:
    raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)


def _absent(self: Any) -> Any:
    raise AttributeError("what a class of this side tells libraries is not for a stand-in")


# A metaclass of this side tells nothing of the classes of a peer.
PLAIN = {"__instancecheck__": type.__instancecheck__, "__subclasscheck__": type.__subclasscheck__}


# What the interpreter calls by itself, in front of a class of this side that a stand-in derives from.
MASKED = {
    "__del__": _nothing, "__reduce__": _unpicklable, "__reduce_ex__": _unpicklable, "__getstate__": _unpicklable,
    "__setstate__": _unpicklable, "__copy__": Remote.__copy__, "__deepcopy__": Remote.__deepcopy__,
    **dict.fromkeys((
        "__array__", "__array_interface__", "__array_struct__", "__array_function__", "__array_ufunc__",
        "__array_priority__", "__array_wrap__", "__array_finalize__", "__dlpack__", "__dlpack_device__", "__buffer__",
        "__getnewargs__", "__getnewargs_ex__", "__getinitargs__", "__replace__", "__conform__",
    ), property(_absent)),
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

    def __init_subclass__(cls, **named: Any) -> None:
        # A class of this side that a stand-in derives from is not told of that.
        if "__wherever__" not in cls.__dict__:
            super().__init_subclass__(**named)


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

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        # As the type over there has it: functions become methods, what is bound or builtin does not.
        return types.MethodType(self, instance) if instance is not None and type(self).__name__ == "function" else self

    def __copy__(self) -> RemoteFunction:
        return self

    def __deepcopy__(self, _memo: Any) -> RemoteFunction:
        return self

    def __repr__(self) -> str:
        return f"<remote function at {id(self):#x}>"


# For the classes that derive from it.
function_doc = RemoteFunction.__dict__["__doc__"]


class RemoteCoroutineFunction(RemoteFunction):
    """A function that lives elsewhere and whose calls are awaited."""

    __slots__ = ()

    def __call__(self, *args: Any, **named: Any) -> Any:
        return _wherever.send(self, *args, **named)


class RemoteAsyncGenerator(RemoteObject):
    """An asynchronous generator that lives elsewhere."""

    __slots__ = ()
    __class__ = property(lambda self: types.AsyncGeneratorType)  # type: ignore[assignment]


class RemoteIterator(RemoteObject):
    """An iterator that lives elsewhere: stepped one item at a time, when that is wanted."""

    __slots__ = ()

    def __iter__(self) -> RemoteIterator:
        return self

    __next__ = _wherever.make_method("__next__")


def await_remote(self: Any) -> Any:
    """`await` of a remote object: what awaiting it gives over there."""
    return _wherever.send(_wherever.bound(self, "__await__")).__await__()


# Made of what stands above.
from wherever._containers import (  # noqa: E402
    RemoteByteArray as RemoteByteArray, RemoteContainer, RemoteDict as RemoteDict, RemoteList as RemoteList,
    RemoteSet as RemoteSet,
)

_final = (RemoteContainer, RemoteFunction, RemoteAsyncGenerator, RemoteIterator)

# From 3.13 on, a class says at which line of its file it begins and what it sets: these would for those of peers.
_classes: list[type] = [RemoteType, Remote]
for _class in _classes:
    for _name in ("__firstlineno__", "__static_attributes__"):
        if _name in vars(_class):
            class_delattr(_class, _name)
    if _class is not RemoteType:
        _classes.extend(_class.__subclasses__())
