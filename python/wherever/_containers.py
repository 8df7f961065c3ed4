"""Builtin containers of a peer: each operation gives what a builtin one gives, or refuses; none reads empty storage."""

from __future__ import annotations

import collections.abc
from typing import Any, Callable

from wherever import _wherever
from wherever._moment import COPIED, RemoteContainer as RemoteContainer, caller, is_given, items_of, place_now, seen
from wherever._operators import asks, combines, compares, joins, named_as, reflects
from wherever._views import RemoteItems, RemoteKeys, RemoteValues
from wherever._wherever import make_method as method, operation, waits, whole


class RemoteList(RemoteContainer):
    __slots__ = ()
    __class__ = property(lambda self: list)  # type: ignore[assignment]
    for _name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"):
        locals()[_name] = compares(list, (list,), _name)
    for _name in ("append", "insert", "pop", "clear", "reverse", "sort"):
        locals()[_name] = method(_name)
    for _name in ("index", "count"):
        locals()[_name] = asks(list, _name, "operands")
    __add__, __mul__ = joins(list, "add"), joins(list, "mul")
    __radd__, __rmul__ = reflects(list, (list,), "add"), operation("__rmul__")
    __imul__ = operation("__imul__")
    __getitem__, __delitem__ = operation("__getitem__"), operation("__delitem__")
    _set, _set_slice = operation("__setitem__"), operation("__setitem__", "contents")
    _append_all, _extend, _remove = operation("__iadd__"), method("extend", "contents"), method("remove", "operands")

    def __new__(cls, *args: Any) -> Any:
        return list(*args)

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(key) is not slice:
            self._set(key, value)
        elif is_given(value):
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
        if not is_given(value):
            # Compared here; what it is equal to is what the owner looks for.
            items = whole(self)
            value = items[items.index(value)] if value in items else items.remove(value)
        self._remove(value)

    def __reversed__(self) -> Any:
        return reversed(items_of(self))


def _is_bytes(value: Any) -> bool:
    return type(value) in (bytes, bytearray)


class RemoteByteArray(RemoteContainer, _wherever.RemoteBuffer):
    __slots__ = ()
    __class__ = property(lambda self: bytearray)  # type: ignore[assignment]
    for _name in ("append", "insert", "pop", "clear", "reverse", "remove"):
        locals()[_name] = method(_name)
    for _name in dir(bytearray):
        if not _name.startswith("_") and _name not in locals() and _name not in ("copy", "fromhex", "maketrans"):
            locals()[_name] = asks(bytearray, _name, "operands")
    del _name
    __rmul__, __imul__ = operation("__rmul__"), operation("__imul__")
    __mul__ = joins(bytearray, "mul")
    __getitem__, __delitem__ = operation("__getitem__"), operation("__delitem__")
    _set, _add, _append_all = operation("__setitem__"), operation("__add__"), operation("__iadd__")
    _extend = method("extend")
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
        return reversed(items_of(self))

    def __str__(self) -> str:
        return repr(self)


def _compares_bytes(name: str) -> Callable[[Any, Any], Any]:
    far, here = operation(name), getattr(bytearray, name)

    def compare(self: Any, other: Any) -> Any:
        if _is_bytes(other) or isinstance(other, RemoteByteArray):
            return far(self, other)
        return here(whole(self) if _wherever.is_buffer_class(type(other)) else bytearray(), other)

    return named_as(compare, bytearray, name)


for _name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"):
    type.__setattr__(RemoteByteArray, _name, _compares_bytes(_name))

_SETS = (set, frozenset)


def _value(other: Any) -> Any:
    """What the owner is given in the place of a container: itself if it is remote, else its items."""
    return other if isinstance(other, RemoteContainer) or type(other) in COPIED else list(other)


class RemoteSet(RemoteContainer):
    __slots__ = ()
    __class__ = property(lambda self: set)  # type: ignore[assignment]
    for _name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"):
        locals()[_name] = compares(set, (set, frozenset, collections.abc.Set), _name)
    for _name in ("and", "or", "sub", "xor"):
        locals()[f"__{_name}__"] = combines(set, _SETS, _name)
        locals()[f"__r{_name}__"] = reflects(set, _SETS, _name)
        locals()[f"_i{_name}"] = operation(f"__i{_name}__")
    for _name in ("pop", "clear"):
        locals()[_name] = method(_name)
    for _name in ("add", "discard", "remove"):
        locals()[_name] = method(_name, "operands")
    for _name in ("union", "intersection", "difference", "symmetric_difference", "issubset", "issuperset",
                  "isdisjoint"):
        locals()[_name] = asks(set, _name)
    del _name
    _update, _difference_update = method("update", "contents"), method("difference_update", "contents")
    _intersection_update = method("intersection_update", "contents")
    _symmetric_update = method("symmetric_difference_update", "contents")

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

    return named_as(change, set, f"__i{name}__")


for _name in ("and", "or", "sub", "xor"):
    type.__setattr__(RemoteSet, f"__i{_name}__", _changes(_name))


class RemoteDict(RemoteContainer):
    __slots__ = ()
    __class__ = property(lambda self: dict)  # type: ignore[assignment]
    for _name in ("__eq__", "__ne__"):
        locals()[_name] = compares(dict, (dict,), _name)
    for _name in ("get", "pop", "popitem", "setdefault", "clear"):
        locals()[_name] = method(_name)
    del _name
    __or__, __ror__ = combines(dict, (dict,), "or"), reflects(dict, (dict,), "or")
    __setitem__, __delitem__ = operation("__setitem__"), operation("__delitem__")
    _item, _merge, _update = operation("__getitem__"), operation("__ior__"), method("update", "contents")
    fromkeys = dict.fromkeys

    def __new__(cls, *args: Any, **named: Any) -> Any:
        return dict(*args, **named)

    def __getitem__(self, key: Any) -> Any:
        entries = seen.entries
        if entries is not None:
            # `dict(x)`, `{**x}` and `f(**x)` ask for the keys, and then for the item of each.
            # (Written out, since it is done for each item.)
            frame_id, code, at, asked = entries.place
            frame = caller(1)
            if frame is not None and frame.f_lasti == at and frame.f_code is code and id(frame) == frame_id \
                    and entries.keys[-1] is key and entries.of is self and waits() == asked:
                entries.keys.pop()
                if not entries.keys:
                    seen.entries = None
                return entries.values.pop()
            seen.entries = None
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
        return reversed(items_of(self))

    def keys(self) -> Any:
        return RemoteKeys(self, place_now())

    def values(self) -> Any:
        return RemoteValues(self)

    def items(self) -> Any:
        return RemoteItems(self)


collections.abc.MutableSequence.register(RemoteList)
collections.abc.MutableSet.register(RemoteSet)
collections.abc.MutableMapping.register(RemoteDict)
# A byte array is none for a match statement, which the registration would say; the class it gives as its own is one.

# Texts of errors name the type by what its class is called.
for _class, _kind in ((RemoteList, list), (RemoteDict, dict), (RemoteSet, set), (RemoteByteArray, bytearray),
                      (RemoteKeys, type({}.keys())), (RemoteValues, type({}.values())),
                      (RemoteItems, type({}.items()))):
    type.__setattr__(_class, "__name__", _kind.__name__)
    type.__setattr__(_class, "__qualname__", _kind.__qualname__)
    type.__setattr__(_class, "__module__", "wherever")
    type.__setattr__(_class, "__doc__", _kind.__doc__)
