"""What was read of a container a moment ago, for what CPython asks next by itself; and remote containers themselves."""

from __future__ import annotations

import sys
import threading
import types
import weakref
from typing import Any

from wherever import _wherever
from wherever._classes import RemoteObject
from wherever._wherever import items as items_of, operation, waits, whole

# An instruction, and how often this thread had asked a peer for something when it was looked at.
Place = tuple[int, types.CodeType, int, int]


def caller(depth: int) -> types.FrameType | None:
    """The frame that called the function this many calls above; none if that was called by no Python code."""
    try:
        return sys._getframe(depth + 1)
    except ValueError:
        return None


def place_now() -> Place | None:
    """The moment at which the caller was called, by which instruction."""
    frame = caller(2)
    return None if frame is None else (id(frame), frame.f_code, frame.f_lasti, waits())


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

    def __init__(self, of: RemoteDict, place: Place, entries: dict[Any, Any]) -> None:
        self.of = of
        self.place = place
        self.keys = list(reversed(entries))
        self.values = list(reversed(entries.values()))


seen = Seen()


# Builtin types whose instances are copied, or sent as their contents are: the owner can work with them at once.
COPIED = frozenset((
    type(None), bool, int, float, complex, str, bytes, tuple, frozenset, range, slice, list, dict, set, bytearray))


def is_given(value: Any) -> bool:
    """Whether the owner can work with the value at once: it is copied, or remote itself."""
    return type(value) in COPIED or isinstance(value, _wherever.Remote)


class RemoteContainer(RemoteObject):
    """A builtin container that lives elsewhere. What needs the whole of it moves it in one round trip."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    __repr__ = operation("__repr__")
    _length = operation("__len__")
    _contains = operation("__contains__", "operands")

    def __init__(self, *args: Any, **named: Any) -> None:
        raise TypeError("what a remote container holds is not set by its __init__: change its items")

    def __len__(self) -> int:
        items = seen.take_items()
        if items is not None and items.of is self and items.place == place_now() is not None:
            return list.__len__(items)  # `list` and its like ask for the length just after they began to iterate.
        return self._length()

    def __iter__(self) -> Any:
        items = Snapshot(items_of(self))
        items.of, items.place = self, place_now()
        seen.items = weakref.ref(items)
        return iter(items)

    def __contains__(self, value: Any) -> bool:
        return self._contains(value) if is_given(value) else value in whole(self)

    def copy(self) -> Any:
        return whole(self)

    def __dir__(self) -> list[str]:
        # What the owner does not tell of: special methods, and what a class does by itself.
        own, kind = type(self), self.__class__
        untold = [name for name in dir(kind)
                  if name.startswith("__") or getattr(own, name, None) == getattr(kind, name)]
        return sorted({*super().__dir__(), *untold})

    def __format__(self, spec: str) -> str:
        if spec:
            raise TypeError(f"unsupported format string passed to {type(self).__name__}.__format__")
        return repr(self)
