"""Deep copies of containers, wherever what they hold is: by pieces of bounded size, so that the whole has no limit."""

from __future__ import annotations

from typing import Any, Iterable, Iterator

from wherever import _wherever
from wherever._wherever import Remote

# What a piece is of.
LIST, DICT, SET, BYTES, TUPLE = range(5)
KINDS: dict[type, int] = {list: LIST, dict: DICT, set: SET, bytearray: BYTES, tuple: TUPLE}
# Values in one piece, and bytes.
VALUES_MAX = 1000
BYTES_MAX = 64 << 10

# Number and kind of a container; values; of those that are containers themselves, place and number.
Piece = tuple[int, int, tuple[Any, ...], tuple[tuple[int, int], ...]]


def kind_of(value: Any) -> int | None:
    """What is to be taken apart: containers of this side, and tuples that hold some."""
    kind = KINDS.get(type(value))
    if kind is None:
        if isinstance(value, Remote):
            return None
        kind = next((kind for of, kind in KINDS.items() if of is not tuple and isinstance(value, of)), None)
    if kind == TUPLE and not holds_container(value):
        return None
    return kind


def holds_container(value: Any) -> bool:
    """Whether a tuple holds a container of this side, itself or in tuples."""
    todo = [value]
    while todo:
        for item in todo.pop():
            if type(item) is tuple:
                todo.append(item)
            elif isinstance(item, (list, dict, set, bytearray)) and not isinstance(item, Remote):
                return True
    return False


def flattened(value: Any) -> Iterator[Piece]:
    """The pieces of a container and of all containers in it; what is shared comes once."""
    numbers = {id(value): 0}
    found = [value]
    for number, container in enumerate(found):
        kind = kind_of(container)
        assert kind is not None
        for some in portions(container, kind):
            values, inner = list(some), []
            if PLAIN.issuperset(map(type, values)):
                yield number, kind, tuple(values), ()
                continue
            for place, item in enumerate(values):
                if type(item) in PLAIN or kind_of(item) is None:
                    continue
                if id(item) not in numbers:
                    numbers[id(item)] = len(found)
                    found.append(item)
                inner.append((place, numbers[id(item)]))
                values[place] = None
            yield number, kind, tuple(values), tuple(inner)


# What holds nothing: looked at first, since most of what there is is of these.
PLAIN = frozenset((int, str, float, bool, bytes, type(None)))


def portions(container: Any, kind: int) -> Iterator[Any]:
    """The values of a container, at least one portion; of a dict, keys and values in turn."""
    if kind == BYTES:
        content = bytes(container)
        for start in range(0, len(content) or 1, BYTES_MAX):
            yield (content[start:start + BYTES_MAX],)
        return
    if kind == DICT:
        values = [half for entry in dict.items(container) for half in entry]
    else:
        base = {LIST: list, SET: set, TUPLE: tuple}[kind]
        values = list(base.__iter__(container))
    for start in range(0, len(values) or 1, VALUES_MAX):
        yield values[start:start + VALUES_MAX]


def rebuilt(pieces: Iterable[Piece], of: Any) -> Any:
    """The container that was told by these pieces, as a copy of `of`: where that stands in a container of this side,
    the copy stands."""
    from wherever import ProtocolError
    try:
        parts = gathered(pieces)
        made = [[] if kind == LIST else {} if kind == DICT else set() if kind == SET else bytearray()
                if kind == BYTES else None for kind, _, _ in parts]
        met = {id(of): (made[0], of)}
        for number in range(len(parts)):
            made_tuple(number, parts, made, met)
        for (kind, values, inner), container in zip(parts, made):
            if kind != TUPLE:
                if not PLAIN.issuperset(map(type, values)):
                    values = [deepened(value, met) for value in values]
                fill(kind, container, values, inner, made)
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise ProtocolError(f"the peer sent what is no copy of a container: {error}") from error
    return made[0]


def gathered(pieces: Iterable[Piece]) -> list[tuple[int, list[Any], dict[int, int]]]:
    """What each container holds: its kind, its values, and by place the numbers of those that are containers."""
    parts: list[tuple[int, list[Any], dict[int, int]]] = []
    for number, kind, values, inner in pieces:
        if number == len(parts) and kind in range(5):
            parts.append((kind, [], {}))
        elif number != len(parts) - 1 or kind != parts[number][0]:
            raise ValueError("pieces out of order")
        _, all_values, places = parts[number]
        places.update((len(all_values) + place, of) for place, of in inner)
        all_values.extend(values)
    return parts


def made_tuple(number: int, parts: list[Any], made: list[Any], met: dict[int, Any]) -> Any:
    """What has this number. A tuple is made when what it holds is there: no way round leads by tuples alone."""
    if made[number] is None:
        _, values, inner = parts[number]
        made[number] = ()  # One that holds itself, which nobody can make, ends here.
        values = [deepened(value, met) for value in values]
        for place, of in inner.items():
            values[place] = made_tuple(of, parts, made, met)
        made[number] = tuple(values)
    return made[number]


def fill(kind: int, container: Any, values: list[Any], inner: dict[int, int], made: list[Any]) -> None:
    for place, of in inner.items():
        values[place] = made[of]
    if kind == LIST:
        container.extend(values)
    elif kind == DICT:
        container.update(zip(values[::2], values[1::2]))
    elif kind == SET:
        container.update(values)
    else:
        for piece in values:
            container.extend(piece)


def deepened(value: Any, met: dict[int, Any] | None = None) -> Any:
    """A copy of a container and of all containers in it, of this side and of others; anything else as it is."""
    kind = type(value)
    if kind in PLAIN:
        return value
    if met is None:
        met = {}
    if id(value) in met:
        return met[id(value)][0]
    if isinstance(value, Remote):
        return _deepened_remote(value, met)
    if kind is tuple:
        items = tuple([deepened(item, met) for item in value])
        return items if any(new is not old for new, old in zip(items, value)) else value
    if isinstance(value, (list, dict, set, bytearray)):
        return _filled(value, value, met)
    return value


def _deepened_remote(value: Any, met: dict[int, Any]) -> Any:
    from wherever._classes import RemoteContainer
    return _filled(value, _wherever.whole(value), met) if isinstance(value, RemoteContainer) else value


def _filled(original: Any, contents: Any, met: dict[int, Any]) -> Any:
    """A new container of what is in this one. The original is kept until all is done, so that its id stays its own."""
    made: Any
    if isinstance(contents, dict):
        made = {}
        met[id(original)] = made, original
        for key, item in dict.items(contents):
            made[key] = deepened(item, met)
    elif isinstance(contents, list):
        made = []
        met[id(original)] = made, original
        made.extend([deepened(item, met) for item in list.__iter__(contents)])
    else:
        made = bytearray(contents) if isinstance(contents, bytearray) else set(contents)
        met[id(original)] = made, original
    return made
