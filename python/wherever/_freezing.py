"""A traceback as plain data that can be kept: frames, bounded copies of their variables without secrets, source."""

from __future__ import annotations

import base64
import builtins
import inspect
import json
import linecache
import math
import os
import re
import sys
import types
from collections.abc import Callable
from typing import Any

from wherever import _frames, _stack, _wherever
from wherever._variables import Rest

FORMAT = "wherever traceback"
VERSION = 1
# Errors of one chain, frames of one error, lines of source before and behind a frame's line.
ERRORS_MAX = 16
FRAMES_MAX = 128
LINES = 25
FUNCTION_LINES_MAX = 400
# Levels of a value, items of a container, characters of a text, characters of all values.
DEPTH_MAX = 4
ITEMS_MAX = 50
TEXT_MAX = 1_000
ALL_MAX = 2_000_000
# A text that is shorter was not cut.
CUT_MIN = 400

SECRET = re.compile(r"(?i)passw(or)?d|passphrase|(?<![a-z])pwd(?![a-z])|secret|token|api_?key|access_?key|private_?key"
                    r"|credential|cookie|authorization|bearer|session_?id")
# A secret that is given its value in a text: in source, in how an object shows itself, where the text may be cut.
GIVEN = re.compile(r"""(?ixs) (\b\w*(?:passw(?:or)?d|passphrase|(?<![a-z])pwd(?![a-z])|secret|token|api_?key|access_?key
                              |private_?key|credential|cookie|authorization|session_?id)\w*['"]?\s*[=:]\s*
                              (?:b?['"]?(?:bearer|basic|digest|token)\s+)?)
                              ([^\s,;)}\]'"]*(?:'(?:\\.|[^'\\])*'?|"(?:\\.|[^"\\])*"?)|[^\s,;)}\]'"]+)""")
REDACTED = "<redacted>"


def is_secret(name: str) -> bool:
    """Whether a variable of this name is left out: what is called a password, a token, a key, a cookie, ..."""
    # In an environment, this one is the working folder.
    return name != "PWD" and bool(SECRET.search(name))


def freeze(error: BaseException, path: str | os.PathLike[str], redact: Callable[[str], bool] | None) -> None:
    """As `wherever.freeze` says."""
    kept = json.dumps(Freezer(redact).errors(error), ensure_ascii=False, separators=(",", ":"))
    path = os.fspath(path)
    partial = f"{path}.{os.getpid()}.partial"
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8",
              errors="surrogatepass") as file:
        try:
            file.write(kept)
            file.flush()
            os.replace(partial, path)
        except BaseException:
            os.unlink(partial)
            raise


class Freezer:
    """Makes plain data of one chain of errors."""

    def __init__(self, redact: Callable[[str], bool] | None) -> None:
        self._redact = redact
        self._known: list[BaseException] = []
        self._sources: dict[str, dict[str, str]] = {}
        self._secrets: set[str] = set()
        self._left = ALL_MAX

    def errors(self, error: BaseException) -> dict[str, Any]:
        made: list[Any] = []
        self._place(error)
        for known in self._known:
            made.append(self._error(known))
        told = {"format": FORMAT, "version": VERSION, "python": list(sys.version_info[:3]), "errors": made,
                "sources": self._sources}
        return self._without_secrets(told) if self._redact else told

    def _place(self, error: BaseException | None) -> int | None:
        if error is None:
            return None
        for at, known in enumerate(self._known):
            if known is error:
                return at
        if len(self._known) == ERRORS_MAX:
            return None
        self._known.append(error)
        return len(self._known) - 1

    def _error(self, error: BaseException) -> dict[str, Any]:
        kind = type(error)
        members = error.exceptions if _is_group(error) else ()
        return {
            "module": kind.__module__, "type": kind.__qualname__,
            "base": next(base.__name__ for base in kind.__mro__ if vars(builtins).get(base.__name__) is base),
            "message": self._text(_stack.title_of(error).removeprefix(kind.__qualname__).removeprefix(": ")),
            "notes": [self._text(note) for note in getattr(error, "__notes__", ()) if isinstance(note, str)],
            "cause": self._place(error.__cause__), "context": self._place(error.__context__),
            "suppresses": error.__suppress_context__,
            "members": [at for at in map(self._place, members) if at is not None],
            "frames": self._frames(error.__traceback__),
        }

    def _frames(self, traceback: types.TracebackType | None) -> list[Any]:
        entries = []
        while traceback is not None:
            entries.append(_stack.At(traceback.tb_frame, traceback.tb_lineno or 0, traceback.tb_lasti))
            traceback = traceback.tb_next
        if len(entries) > FRAMES_MAX:
            entries = entries[:FRAMES_MAX // 2] + entries[-FRAMES_MAX // 2:]
        # If there is not room for all, the innermost are kept.
        return [self._frame(at) for at in reversed(entries)][::-1]

    def _frame(self, at: _stack.At) -> dict[str, Any]:
        told = _frames.place_in(at.frame)
        place = _stack.place_of(at) if told is None else told[:9]
        self._source(at, place[0])
        unbound: tuple[str, ...] = ()
        if told is None:
            bound, unbound, _ = _stack.Stack([at]).contents(0)
            is_module = at.frame.f_locals is at.frame.f_globals
            variables, shown = _data(dict(bound)) if is_module else dict(bound), {}
        else:
            variables, shown = dict(at.frame.f_locals.items()), self._shown(told)
        named = [[name, self._named(name, value, DEPTH_MAX, shown.get(name))] for name, value in variables.items()]
        return {
            "place": [self._text(part) if isinstance(part, str) else part for part in place],
            "locals": named,
            "unbound": list(unbound),
            "globals": [] if told is not None else self._globals(at.frame),
        }

    def _shown(self, place: Any) -> dict[str, Any]:
        """How the variables of a frame that is elsewhere are shown there, all at once."""
        try:
            return {told[0]: told for told in place.owner.call("variables", place.index, "locals", 0, 1000)}
        except Exception:
            return {}

    def _globals(self, frame: types.FrameType) -> list[Any]:
        """Those that the frame's code names."""
        found = {name: frame.f_globals[name] for name in frame.f_code.co_names if name in frame.f_globals}
        return [[name, self._named(name, value, DEPTH_MAX)] for name, value in _data(found).items()]

    def _source(self, at: _stack.At, file: str) -> None:
        """The lines around the frame's line, and its function's if that is no long one."""
        try:
            lines = linecache.getlines(at.frame.f_code.co_filename, at.frame.f_globals)
        except Exception:
            return
        first = at.frame.f_code.co_firstlineno
        begin = first if 0 <= at.line - first <= FUNCTION_LINES_MAX else at.line
        known = self._sources.setdefault(file, {})
        for number, line in enumerate(lines[max(min(begin, at.line - LINES) - 1, 0):at.line + LINES],
                                      max(min(begin, at.line - LINES), 1)):
            known[str(number)] = self._text(line.rstrip("\n"))

    def _named(self, name: Any, value: Any, depth: int, shown: Any = None) -> Any:
        name = name.decode(errors="replace") if type(name) is bytes else name
        if self._redact is not None and isinstance(name, str) and self._redact(name):
            self._note_secret(value, DEPTH_MAX)
            return {"redacted": True}
        return self._value(value, depth, shown)

    def _note_secret(self, value: Any, depth: int) -> None:
        kind = type(value)
        if kind in (list, tuple, set, frozenset, dict) and depth:
            for item in list(value.values() if kind is dict else value)[:ITEMS_MAX]:
                self._note_secret(item, depth - 1)
            return
        text = value.decode(errors="surrogateescape") if isinstance(value, (bytes, bytearray)) else value
        # What is shorter would take much else with it.
        if type(text) is str and len(text) >= 4:
            # As it is, and as it stands in what shows it.
            self._secrets |= {text, repr(text)[1:-1], json.dumps(text)[1:-1]}

    def _value(self, value: Any, depth: int, shown: Any = None) -> Any:
        self._left -= 40
        if self._left < 0:
            return {"cut": "the rest is left out: the file would be too long"}
        kind = type(value)
        if value is None or kind is bool or (kind is int and abs(value) < 1 << 53) \
                or (kind is float and math.isfinite(value)):
            return value
        if kind is str:
            return self._text(value)
        if kind is int or kind is float or kind is complex:
            return {kind.__name__: _digits(value)}
        if kind is bytes:
            self._left -= min(len(value), TEXT_MAX)
            return {"bytes": self._bytes(value[:TEXT_MAX], self._without_given), "more": max(len(value) - TEXT_MAX, 0)}
        if kind in (list, tuple, set, frozenset, dict):
            return self._container(value, kind.__name__, depth)
        return self._object(value, depth, shown)

    def _container(self, value: Any, kind: str, depth: int) -> Any:
        if depth == 0:
            return {"cut": f"{kind} of {len(value)}"}
        items = list(value.items() if kind == "dict" else value)[:ITEMS_MAX]
        if kind == "dict":
            made = [[self._value(key, depth - 1), self._named(key, item, depth - 1)] for key, item in items]
        elif kind == "tuple" and len(items) == 2 and type(items[0]) in (str, bytes):
            # It may be a pair of a name and a value.
            made = [self._value(items[0], depth - 1), self._named(items[0], items[1], depth - 1)]
        else:
            made = [self._value(item, depth - 1) for item in items]
        return {kind: made, "more": len(value) - len(items)}

    def _object(self, value: Any, depth: int, shown: Any) -> Any:
        kind = type(value)
        if shown is not None:
            _, text, name, _, _ = shown
            return {"object": [None, self._text(name), self._text(text), []]}
        if isinstance(value, Rest) or _wherever.is_remote(value):
            return {"object": [None, kind.__qualname__, self._text(_stack.shown(value)), []]}
        attributes = list(_stack._attributes(value))[:ITEMS_MAX] if depth and not _is_code(value) else []
        kept = [[name, self._named(name, found, depth - 1)] for name, found in attributes]
        return {"object": [kind.__module__, kind.__qualname__, self._text(_stack.shown(value)), kept]}

    def _text(self, text: str) -> str:
        if len(text) > TEXT_MAX:
            text = text[:TEXT_MAX - 3] + "..."
        self._left -= len(text)
        return self._without_given(text)

    def _without_given(self, text: str) -> str:
        return GIVEN.sub(rf"\1{REDACTED}", text) if self._redact is not None else text

    @staticmethod
    def _bytes(value: bytes, without: Callable[[str], str]) -> str:
        text = without(value.decode(errors="surrogateescape"))
        return base64.b64encode(text.encode(errors="surrogateescape")).decode()

    def _without_secrets(self, told: Any) -> Any:
        """The data without the texts that were left out by name, wherever they stand."""
        if not self._secrets:
            return told
        longest_first = sorted(self._secrets, key=len, reverse=True)
        secrets = re.compile("|".join(map(re.escape, longest_first)))

        def of_text(text: str) -> str:
            text = secrets.sub(REDACTED, text)
            if len(text) >= CUT_MIN:
                # It may end within one.
                body = text.removesuffix("...")
                at = min(_beginning_at(body, secret) for secret in longest_first)
                text = text if at == len(body) else body[:at] + REDACTED
            return text

        def without(part: Any) -> Any:
            if isinstance(part, str):
                return of_text(part)
            if isinstance(part, list):
                return [without(item) for item in part]
            if isinstance(part, dict) and "bytes" in part:
                return {**part, "bytes": self._bytes(base64.b64decode(part["bytes"]), of_text)}
            if isinstance(part, dict):
                return {key: without(item) for key, item in part.items()}
            return part

        return {key: without(part) if key in ("errors", "sources") else part for key, part in told.items()}


def _beginning_at(text: str, secret: str) -> int:
    """Where the beginning of a secret is that the text ends with: of four characters at least, else its end."""
    at = text.find(secret[:4], max(len(text) - len(secret), 0))
    while at != -1 and not secret.startswith(text[at:]):
        at = text.find(secret[:4], at + 1)
    return len(text) if at == -1 else at


def _is_code(value: Any) -> bool:
    return isinstance(value, (types.ModuleType, type)) or inspect.isroutine(value)


def _data(variables: dict[str, Any]) -> dict[str, Any]:
    """What a module has of its own, without its code and what it imports."""
    return {name: value for name, value in variables.items() if not name.startswith("__") and not _is_code(value)}


def _digits(value: Any) -> str:
    if type(value) is not int:
        return repr(value)
    # Decimal digits of a large number take long, and the interpreter refuses them.
    return hex(value) if value.bit_length() < 4 * TEXT_MAX else f"an integer of {value.bit_length()} bits"


def _is_group(error: BaseException) -> bool:
    return any(base.__name__ == "BaseExceptionGroup" for base in type(error).__mro__)
