"""Builtin containers of a peer's. Each operation gives what a builtin one gives, or refuses; none reads an empty storage."""

from __future__ import annotations

import collections.abc
import operator
import sys
import threading
import types
import weakref
from opcode import opmap, opname
from typing import Any, Callable

from wherever import _wherever
from wherever._classes import RemoteObject
from wherever._wherever import items as _items, whole

_operation, _method = _wherever.operation, _wherever.make_method


# What is known for the moment: an instruction, and how often this thread has asked a peer for something

Place = tuple[int, types.CodeType, int, int]


def _caller(depth: int) -> types.FrameType | None:
    """The frame that called the function this many calls above; none if that was called by no Python code."""
    try:
        return sys._getframe(depth + 1)
    except ValueError:
        return None


def _place() -> Place | None:
    """The moment at which the caller was called, by which instruction."""
    frame = _caller(2)
    return None if frame is None else (id(frame), frame.f_code, frame.f_lasti, _wherever.waits())


class Snapshot(list):  # type: ignore[type-arg]
    """The items that an iterator runs over, which keeps them alive until it has come to their end."""

    __slots__ = ("__weakref__", "of", "place")
    of: RemoteContainer
    place: Place | None


class Seen(threading.local):
    """What this thread read last, for what CPython asks next by itself: by the very same instruction, so that no Python
    code was run in between. What is asked for otherwise takes it away."""

    items: weakref.ref[Snapshot] | None = None
    entries: Entries | None = None

    def take_items(self) -> Snapshot | None:
        items, self.items = self.items, None
        return items and items()


class Entries:
    """The entries of a dict whose keys were just read, to be read one by one in their order."""

    __slots__ = ("of", "place", "keys", "values")

    def __init__(self, of: RemoteDict, place: Place | None, entries: dict[Any, Any]) -> None:
        self.of = of
        self.place = place
        self.keys = list(reversed(entries))
        self.values = list(reversed(entries.values()))


_seen = Seen()


# Operators

# Builtin types whose instances are copied, or sent as their contents are: the owner can work with them at once.
_COPIED = frozenset((
    type(None), bool, int, float, complex, str, bytes, tuple, frozenset, range, slice, list, dict, set, bytearray))


def _is_given(value: Any) -> bool:
    """Whether the owner can work with the value at once: it is copied, or remote itself."""
    return type(value) in _COPIED or isinstance(value, _wherever.Remote)


def _compares(kind: type, alike: tuple[type, ...], name: str) -> Callable[[Any, Any], Any]:
    """A comparison. With what a builtin container of this kind does not know it leaves to the other operand."""
    far, here = _operation(name), getattr(operator, name)

    def compare(self: Any, other: Any) -> Any:
        if type(other) in alike or isinstance(other, RemoteContainer):
            return far(self, other) if isinstance(other, alike) else NotImplemented
        # A class derived from a builtin one, or a view, may have an own mind: it is asked here, with a copy of this one.
        return here(whole(self), other) if isinstance(other, alike) else NotImplemented

    return _named(compare, kind, name)


def _named(function: Any, kind: type, name: str) -> Any:
    function.__name__ = name
    function.__qualname__ = f"{kind.__name__}.{name}"
    function.__doc__ = getattr(getattr(kind, name, None), "__doc__", None)
    return function


_IN_PLACE = {code for code, name in enumerate(opname) if name.startswith("INPLACE_")}
_BINARY_OP = opmap.get("BINARY_OP")
_FIRST_IN_PLACE = 13  # The first of its arguments that is an operator in place.


def _is_in_place() -> bool:
    """Whether the caller's caller is at an operator in place, such as `+=`."""
    frame = _caller(2)
    if frame is None:
        return False
    code, at = frame.f_code.co_code, frame.f_lasti
    if at < 0 or at + 1 >= len(code):
        return False
    return code[at] in _IN_PLACE or (code[at] == _BINARY_OP and code[at + 1] >= _FIRST_IN_PLACE)


def _reflected(kind: type, alike: tuple[type, ...], name: str) -> Callable[[Any, Any], Any]:
    """An operator behind an operand of this side: done here, so that the result is where the left operand is."""
    plain, in_place = getattr(operator, f"__{name}__"), getattr(operator, f"__i{name}__")

    def reflected(self: Any, other: Any) -> Any:
        if not isinstance(other, alike) or isinstance(other, RemoteContainer):
            return NotImplemented
        # An operator in place would have changed the operand of this side, had it known what this is.
        return in_place(other, whole(self)) if _is_in_place() else plain(other, whole(self))

    return _named(reflected, kind, f"__r{name}__")


def _combines(kind: type, alike: tuple[type, ...], name: str) -> Callable[[Any, Any], Any]:
    """An operator in front of another container of these kinds."""
    far, here = _operation(f"__{name}__"), getattr(operator, f"__{name}__")

    def combine(self: Any, other: Any) -> Any:
        if not isinstance(other, alike):
            return NotImplemented
        if type(other) in alike or isinstance(other, RemoteContainer):
            return far(self, other)
        return here(whole(self), other)

    return _named(combine, kind, f"__{name}__")


def _joins(kind: type, name: str) -> Callable[[Any, Any], Any]:
    """`+` and `*` of sequences: what the other operand can do comes first, as it does for builtin ones."""
    far, here = _operation(f"__{name}__"), getattr(operator, f"__{name}__")
    reflected, refuse = f"__r{name}__", getattr(kind, f"__{name}__")

    def join(self: Any, other: Any) -> Any:
        if _is_given(other):
            return far(self, other)
        if not isinstance(other, kind):
            own = getattr(type(other), reflected, None)
            made = NotImplemented if own is None else own(other, self)
            if made is not NotImplemented:
                return made
            refuse(kind(), other)  # Fails, if it is nothing that this can be joined with.
        return here(whole(self), other)

    return _named(join, kind, f"__{name}__")


def _asks(kind: type, name: str, takes: str = "contents") -> Callable[..., Any]:
    """A method that changes nothing. What the owner cannot work with at once is worked with here, and a copy of this."""
    far, here = _method(name, takes), getattr(kind, name)

    def ask(self: Any, /, *args: Any, **named: Any) -> Any:
        if all(map(_is_given, args)) and all(map(_is_given, named.values())):
            return far(self, *args, **named)
        return here(whole(self), *args, **named)

    return _named(ask, kind, name)


class RemoteContainer(RemoteObject):
    """A builtin container that lives elsewhere. What needs the whole of it moves it in one round trip."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    __repr__ = _operation("__repr__")
    _length = _operation("__len__")
    _contains = _operation("__contains__", "operands")

    def __init__(self, *args: Any, **named: Any) -> None:
        raise TypeError("what a remote container holds is not set by its __init__: change its items")

    def __len__(self) -> int:
        items = _seen.take_items()
        if items is not None and items.of is self and items.place == _place() is not None:
            return list.__len__(items)  # `list` and its like ask for the length just after they began to iterate.
        return self._length()

    def __iter__(self) -> Any:
        items = Snapshot(_items(self))
        items.of, items.place = self, _place()
        _seen.items = weakref.ref(items)
        return iter(items)

    def __contains__(self, value: Any) -> bool:
        return self._contains(value) if _is_given(value) else value in whole(self)

    def copy(self) -> Any:
        return whole(self)

    def __dir__(self) -> list[str]:
        # What the owner does not tell of: special methods, and what a class does by itself.
        kind = self.__class__
        untold = [name for name in dir(kind) if name.startswith("__") or getattr(type(self), name, None) == getattr(kind, name)]
        return sorted({*super().__dir__(), *untold})

    def __format__(self, spec: str) -> str:
        if spec:
            raise TypeError(f"unsupported format string passed to {type(self).__name__}.__format__")
        return repr(self)


class RemoteList(RemoteContainer):
    __slots__ = ()
    __class__ = property(lambda self: list)  # type: ignore[assignment]
    for _name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"):
        locals()[_name] = _compares(list, (list,), _name)
    for _name in ("append", "insert", "pop", "clear", "reverse", "sort"):
        locals()[_name] = _method(_name)
    for _name in ("index", "count"):
        locals()[_name] = _asks(list, _name, "operands")
    __add__, __mul__ = _joins(list, "add"), _joins(list, "mul")
    __radd__, __rmul__ = _reflected(list, (list,), "add"), _operation("__rmul__")
    __imul__ = _operation("__imul__")
    __getitem__, __delitem__ = _operation("__getitem__"), _operation("__delitem__")
    _set, _set_slice = _operation("__setitem__"), _operation("__setitem__", "contents")
    _append_all, _extend, _remove = _operation("__iadd__"), _method("extend", "contents"), _method("remove", "operands")

    def __new__(cls, *args: Any) -> Any:
        return list(*args)

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(key) is not slice:
            self._set(key, value)
        elif _is_given(value):
            self._set_slice(key, value)
        else:
            key.indices(0)  # What is wrong with the slice is said first.
            made: list[Any] = []
            made[:] = value
            self._set_slice(key, made)

    def extend(self, values: Any, /) -> None:
        if isinstance(values, RemoteContainer):
            self._extend(values)
            return
        items: list[Any] = []
        try:
            items.extend(values)
        finally:
            # What came before an iterator failed is added, as it is to a builtin list.
            if items:
                self._extend(items)

    def __iadd__(self, values: Any) -> Any:
        if type(values) is list:
            return self._append_all(values)
        self.extend(values)
        return self

    def remove(self, value: Any, /) -> None:
        if not _is_given(value):
            # Compared here; what it is equal to is what the owner looks for.
            items = whole(self)
            value = items[items.index(value)] if value in items else items.remove(value)
        self._remove(value)

    def __reversed__(self) -> Any:
        return reversed(_items(self))


_BYTES = (bytearray, bytes)


def _is_bytes(value: Any) -> bool:
    return type(value) in (bytes, bytearray)


class RemoteByteArray(RemoteContainer, _wherever.RemoteBuffer):
    __slots__ = ()
    __class__ = property(lambda self: bytearray)  # type: ignore[assignment]
    for _name in ("append", "insert", "pop", "clear", "reverse", "remove"):
        locals()[_name] = _method(_name)
    for _name in dir(bytearray):
        if not _name.startswith("_") and _name not in locals() and _name not in ("copy", "fromhex", "maketrans"):
            locals()[_name] = _asks(bytearray, _name, "operands")
    del _name
    __rmul__, __imul__ = _operation("__rmul__"), _operation("__imul__")
    __mul__ = _joins(bytearray, "mul")
    __getitem__, __delitem__ = _operation("__getitem__"), _operation("__delitem__")
    _set, _add, _append_all = _operation("__setitem__"), _operation("__add__"), _operation("__iadd__")
    _extend = _method("extend")
    fromhex, maketrans = bytearray.fromhex, bytearray.maketrans

    def __new__(cls, *args: Any, **named: Any) -> Any:
        return bytearray(*args, **named)

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(key) is slice and not isinstance(value, RemoteContainer):
            key.indices(0)
            made = bytearray()
            made[:] = value
            value = bytes(made)
        self._set(key, value)

    def extend(self, values: Any, /) -> None:
        made = bytearray()
        made.extend(values)
        self._extend(bytes(made))

    def __add__(self, other: Any) -> Any:
        if _is_bytes(other) or isinstance(other, RemoteByteArray):
            return self._add(other)
        return whole(self) + other

    def __iadd__(self, other: Any) -> Any:
        if isinstance(other, RemoteByteArray):
            return self._append_all(other)
        made = bytearray()
        made += other
        return self._append_all(bytes(made))

    def __mod__(self, values: Any) -> Any:
        return whole(self) % values

    def __bytes__(self) -> bytes:
        return bytes(whole(self))

    def __reversed__(self) -> Any:
        return reversed(_items(self))

    def __str__(self) -> str:
        return repr(self)


def _compares_bytes(name: str) -> Callable[[Any, Any], Any]:
    far, here = _operation(name), getattr(bytearray, name)

    def compare(self: Any, other: Any) -> Any:
        if _is_bytes(other) or isinstance(other, RemoteByteArray):
            return far(self, other)
        return here(whole(self) if _wherever.is_buffer_class(type(other)) else bytearray(), other)

    return _named(compare, bytearray, name)


for _name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"):
    type.__setattr__(RemoteByteArray, _name, _compares_bytes(_name))

_SETS = (set, frozenset)


def _value(other: Any) -> Any:
    """What the owner is given in the place of a container: itself if it is remote, else its items."""
    return other if isinstance(other, RemoteContainer) or type(other) in _COPIED else list(other)


class RemoteSet(RemoteContainer):
    __slots__ = ()
    __class__ = property(lambda self: set)  # type: ignore[assignment]
    for _name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"):
        locals()[_name] = _compares(set, (set, frozenset, collections.abc.Set), _name)
    for _name in ("and", "or", "sub", "xor"):
        locals()[f"__{_name}__"] = _combines(set, _SETS, _name)
        locals()[f"__r{_name}__"] = _reflected(set, _SETS, _name)
        locals()[f"_i{_name}"] = _operation(f"__i{_name}__")
    for _name in ("pop", "clear"):
        locals()[_name] = _method(_name)
    for _name in ("add", "discard", "remove"):
        locals()[_name] = _method(_name, "operands")
    for _name in ("union", "intersection", "difference", "symmetric_difference", "issubset", "issuperset",
                  "isdisjoint"):
        locals()[_name] = _asks(set, _name)
    del _name
    _update, _difference_update = _method("update", "contents"), _method("difference_update", "contents")
    _intersection_update = _method("intersection_update", "contents")
    _symmetric_update = _method("symmetric_difference_update", "contents")

    def __new__(cls, *args: Any) -> Any:
        return set(*args)

    def update(self, *others: Any) -> None:
        _one_by_one(self._update, others)

    def difference_update(self, *others: Any) -> None:
        _one_by_one(self._difference_update, others)

    def intersection_update(self, *others: Any) -> None:
        self._intersection_update(*map(_value, others))

    def symmetric_difference_update(self, other: Any, /) -> None:
        self._symmetric_update(_value(other))


def _one_by_one(change: Callable[..., None], others: tuple[Any, ...]) -> None:
    """What a builtin set does value by value, so that those before a failure count."""
    if all(isinstance(other, RemoteContainer) for other in others):
        change(*others)
        return
    items: list[Any] = []
    try:
        for other in others:
            items.extend(other)
    finally:
        if items:
            change(items)


def _changes(name: str) -> Callable[[Any, Any], Any]:
    """An operator of sets in place."""
    far = f"_i{name}"

    def change(self: Any, other: Any) -> Any:
        if not isinstance(other, _SETS):
            return NotImplemented
        given = isinstance(other, RemoteContainer) or type(other) in _SETS
        return getattr(self, far)(other if given else set(other))

    return _named(change, set, f"__i{name}__")


for _name in ("and", "or", "sub", "xor"):
    type.__setattr__(RemoteSet, f"__i{_name}__", _changes(_name))


class RemoteDict(RemoteContainer):
    __slots__ = ()
    __class__ = property(lambda self: dict)  # type: ignore[assignment]
    for _name in ("__eq__", "__ne__"):
        locals()[_name] = _compares(dict, (dict,), _name)
    for _name in ("get", "pop", "popitem", "setdefault", "clear"):
        locals()[_name] = _method(_name)
    del _name
    __or__, __ror__ = _combines(dict, (dict,), "or"), _reflected(dict, (dict,), "or")
    __setitem__, __delitem__ = _operation("__setitem__"), _operation("__delitem__")
    _item, _merge, _update = _operation("__getitem__"), _operation("__ior__"), _method("update", "contents")
    fromkeys = dict.fromkeys

    def __new__(cls, *args: Any, **named: Any) -> Any:
        return dict(*args, **named)

    def __getitem__(self, key: Any) -> Any:
        entries = _seen.entries
        if entries is not None:
            # `dict(x)`, `{**x}` and `f(**x)` ask for the keys, and then for the item of each.
            if entries.of is self and entries.keys[-1] is key and entries.place == _place():
                entries.keys.pop()
                if not entries.keys:
                    _seen.entries = None
                return entries.values.pop()
            _seen.entries = None
        return self._item(key)

    def update(self, *args: Any, **named: Any) -> None:
        if len(args) == 1 and isinstance(args[0], RemoteDict):
            self._update(*args, **named)
            return
        entries: dict[Any, Any] = {}
        try:
            entries.update(*args, **named)
        finally:
            # What came before a failure is put in, as it is in a builtin dict.
            if entries:
                self._update(entries)

    def __ior__(self, other: Any) -> Any:
        if type(other) is dict or isinstance(other, RemoteDict):
            return self._merge(other)
        self.update(other)
        return self

    def __reversed__(self) -> Any:
        return reversed(_items(self))

    def keys(self) -> Any:
        return RemoteKeys(self, _place())

    def values(self) -> Any:
        return RemoteValues(self)

    def items(self) -> Any:
        return RemoteItems(self)


class RemoteView:
    """A view of a remote dict. Reading it moves the dict, in one round trip."""

    __slots__ = ("_dict", "_place")
    _of: Callable[[dict[Any, Any]], Any]

    def __init__(self, remote: RemoteDict, place: Place | None = None) -> None:
        self._dict = remote
        self._place = place

    def _here(self) -> Any:
        return type(self)._of(whole(self._dict))

    def __len__(self) -> int:
        items = _seen.take_items()
        if items is not None and items.of is self and items.place == _place() is not None:
            return list.__len__(items)
        return self._dict._length()

    def __iter__(self) -> Any:
        asked_for = self._place is not None and self._place == _place()
        entries = whole(self._dict)
        place = _place()
        if asked_for and entries:
            _seen.entries = Entries(self._dict, place, entries)
        items = Snapshot(type(self)._of(entries))
        items.of, items.place = self, place  # type: ignore[assignment]
        _seen.items = weakref.ref(items)
        return iter(items)

    def __reversed__(self) -> Any:
        return reversed(self._here())

    def __repr__(self) -> str:
        return repr(self._here())

    @property
    def mapping(self) -> Any:
        return types.MappingProxyType(whole(self._dict))


def _with_sets(name: str, reflected: bool) -> Any:
    work = getattr(operator, f"__{name}__")

    def combine(self: Any, other: Any) -> Any:
        other = other._here() if isinstance(other, RemoteView) else other
        return work(other, self._here()) if reflected else work(self._here(), other)

    return combine


class RemoteSetView(RemoteView):
    """A view that is a set."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    for _name in ("and", "or", "sub", "xor"):
        locals()[f"__{_name}__"] = _with_sets(_name, False)
        locals()[f"__r{_name}__"] = _with_sets(_name, True)
    for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
        locals()[f"__{_name}__"] = _with_sets(_name, False)
    del _name

    def isdisjoint(self, other: Any, /) -> bool:
        return self._here().isdisjoint(other)


class RemoteKeys(RemoteSetView):
    __slots__ = ()
    __class__ = property(lambda self: type({}.keys()))  # type: ignore[assignment]
    _of = dict.keys

    def __contains__(self, key: Any) -> bool:
        return key in self._dict


class RemoteItems(RemoteSetView):
    __slots__ = ()
    __class__ = property(lambda self: type({}.items()))  # type: ignore[assignment]
    _of = dict.items

    def __contains__(self, item: Any) -> bool:
        return item in self._here()


class RemoteValues(RemoteView):
    __slots__ = ()
    __class__ = property(lambda self: type({}.values()))  # type: ignore[assignment]
    _of = dict.values

    def __contains__(self, value: Any) -> bool:
        return value in self._here()


collections.abc.MutableSequence.register(RemoteList)
collections.abc.MutableSet.register(RemoteSet)
collections.abc.MutableMapping.register(RemoteDict)
# A byte array is none for a match statement, which the registration would say; the class it gives as its own is one.

# Texts of errors name the type by what its class is called.
for _class, _kind in ((RemoteList, list), (RemoteDict, dict), (RemoteSet, set), (RemoteByteArray, bytearray),
                      (RemoteKeys, type({}.keys())), (RemoteValues, type({}.values())), (RemoteItems, type({}.items()))):
    type.__setattr__(_class, "__name__", _kind.__name__)
    type.__setattr__(_class, "__qualname__", _kind.__qualname__)
    type.__setattr__(_class, "__module__", "wherever")
    type.__setattr__(_class, "__doc__", _kind.__doc__)
