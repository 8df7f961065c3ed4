"""Views of remote dicts: each reading of one moves the dict, in one round trip."""

from __future__ import annotations

import operator
import types
import weakref
from typing import TYPE_CHECKING, Any, Callable

from wherever._moment import Entries, Place, Snapshot, place_now, seen
from wherever._wherever import whole

if TYPE_CHECKING:
    from wherever._containers import RemoteDict


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
        items = seen.take_items()
        if items is not None and items.of is self and items.place == place_now() is not None:
            return list.__len__(items)
        return self._dict._length()

    def __iter__(self) -> Any:
        asked_for = self._place is not None and self._place == place_now()
        entries = whole(self._dict)
        place = place_now()
        if asked_for and place is not None and entries:
            seen.entries = Entries(self._dict, place, entries)
        items = Snapshot(type(self)._of(entries))
        items.of, items.place = self, place  # type: ignore[assignment]
        seen.items = weakref.ref(items)
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
