"""Tracebacks that were kept in a file, as exceptions whose frames can be looked into."""

from __future__ import annotations

import base64
import builtins
import functools
import json
from typing import Any

from wherever import _errors, _frames
from wherever._freezing import FORMAT, REDACTED, VERSION
from wherever._sources import harmless

# A file that is longer was not written by `freeze`.
FILE_MAX = 64 << 20


class Frozen:
    """An object that was kept by its text, and some of its attributes."""

    def __init__(self, text: str, attributes: dict[str, Any]) -> None:
        vars(self)["_shown"] = text
        vars(self).update(attributes)

    def __repr__(self) -> str:
        return str(vars(self)["_shown"])

    def __getattr__(self, name: str) -> Any:
        kept = f"{type(self).__qualname__!r} was kept in a file without the attribute {name!r}"
        raise AttributeError(kept, name=name, obj=self)


class FrozenStack:
    """What a stack is for frames that are asked for what there is to them."""

    def __init__(self, frames: list[Any], sources: dict[str, dict[str, str]]) -> None:
        self._told = frames
        self._sources = sources

    def call(self, member: str, *arguments: Any) -> Any:
        return getattr(self, member)(*arguments)

    def contents(self, frame: int) -> tuple[Any, ...]:
        told = self._told[frame]
        hiding = [name for name, _ in told["globals"] if name in vars(builtins)]
        return tuple((name, _value(value)) for name, value in told["locals"]), tuple(told["unbound"]), hiding

    def global_value(self, frame: int, name: str) -> Any:
        for known, value in self._told[frame]["globals"]:
            if known == name:
                return _value(value)
        raise NameError(name)

    def assign(self, frame: int, name: str, value: Any) -> None:
        """The frames here are changed, and not what was kept."""

    def remove(self, frame: int, name: str) -> None:
        """As above."""

    def source(self, file: str) -> str:
        known = {int(number): line for number, line in self._sources[file].items()}
        return "".join(f"{known.get(number, '# <not kept>')}\n" for number in range(1, max(known, default=0) + 1))


def load(path: str) -> BaseException:
    """The exception whose traceback was kept in a file.

    Raises OSError if the file cannot be read, and ValueError if it has no such traceback.
    """
    with open(path, encoding="utf-8", errors="surrogatepass") as file:
        text = file.read(FILE_MAX + 1)
    try:
        told = json.loads(text) if len(text) <= FILE_MAX else None
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise ValueError("no traceback that wherever.freeze has written")
        if told.get("version") != VERSION:
            raise ValueError(f"a traceback of format {told.get('version')}, and this program reads format {VERSION}")
        return _errors_of(told)
    except (KeyError, IndexError, TypeError, AttributeError, RecursionError) as wrong:
        raise ValueError(f"a damaged traceback: {type(wrong).__name__}: {wrong}") from wrong


def heading(error: BaseException) -> str:
    """Type and message."""
    return harmless(f"{type(error).__module__}.{type(error).__qualname__}: {error}".removeprefix("builtins."))


def _errors_of(told: dict[str, Any]) -> BaseException:
    parts = told["errors"]
    made: dict[int, BaseException] = {}
    # Members of groups come behind the groups, and are needed before.
    for at in reversed(range(len(parts))):
        made[at] = _error(parts[at], [made[member] for member in parts[at]["members"] if member in made])
    for at, part in enumerate(parts):
        error, stack = made[at], FrozenStack(part["frames"], told["sources"])
        error.__cause__ = _other(made, part["cause"], at)
        error.__context__ = _other(made, part["context"], at)
        error.__suppress_context__ = bool(part["suppresses"])
        if part["notes"]:
            error.__notes__ = [str(note) for note in part["notes"]]  # type: ignore[attr-defined]
        places = [(*frame["place"], stack, index) for index, frame in enumerate(part["frames"])]
        error.__traceback__ = _frames.traceback(places, 0)
    return made[0]


def _other(made: dict[int, BaseException], which: int | None, at: int) -> BaseException | None:
    return None if which is None or which == at else made[which]


def _error(part: dict[str, Any], members: list[BaseException]) -> BaseException:
    group = getattr(builtins, "BaseExceptionGroup", None)
    base = getattr(builtins, str(part["base"]), None)
    if not isinstance(base, type) or not issubclass(base, BaseException):
        base = Exception
    if group is not None and issubclass(base, group):
        if members:
            return group(str(part["message"]).partition(" (")[0], members)
        # What it was of was left out.
        base = Exception
    kind = _class(str(part["module"]), str(part["type"]), base)
    # Some, such as OSError, make their instances by themselves.
    error = kind.__new__(kind)
    error.args = (str(part["message"]),)
    return error


@functools.lru_cache(maxsize=256)
def _class(module: str, name: str, base: type) -> type[BaseException]:
    """A class of this name, whose instances show the text that was kept."""
    namespace = {"__module__": module, "__str__": lambda self: str(self.args[0]) if self.args else ""}
    return type(name.replace("\0", "?"), (base,), namespace)


def _value(told: Any) -> Any:
    if not isinstance(told, dict):
        return told
    (kind, part), *_ = told.items()
    more = [Frozen(f"... {told['more']} more", {})] if told.get("more") else []
    if kind == "dict":
        made = {_hashable(_value(key)): _value(item) for key, item in part}
        return {**made, **{left: left for left in more}}
    if kind in ("list", "tuple", "set", "frozenset"):
        items = [_value(item) for item in part] + more
        return getattr(builtins, kind)(items if kind in ("list", "tuple") else map(_hashable, items))
    if kind == "bytes":
        return base64.b64decode(part)
    if kind == "int":
        return int(part, 16) if part.lstrip("-").startswith("0x") else Frozen(part, {})
    if kind in ("float", "complex"):
        return getattr(builtins, kind)(part)
    if kind == "redacted":
        return Frozen(REDACTED, {})
    if kind == "object":
        module, name, text, attributes = part
        return _object(module, name)(text, {known: _value(value) for known, value in attributes})
    return Frozen(f"<{part}>", {})


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return Frozen(repr(value), {})
    return value


@functools.lru_cache(maxsize=1024)
def _object(module: str | None, name: str) -> type:
    return type(name.replace("\0", "?"), (Frozen,), {"__module__": module or "wherever.remote"})
