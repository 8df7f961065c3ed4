"""Tracebacks of what happened elsewhere: real ones, of real frames whose variables and source are asked for over there.

The way is due to experiments with what debuggers want: a frame's code object here says only where it is, and its local
variables are a mapping.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Iterable
from typing import Any

from wherever import _signature, _sources, _stack, _wherever
from wherever._variables import PLACE, Names, Place, Variables

LINE_MAX = 1 << 30
# Lines of a function at most; of one that is said to be longer the beginning is not known.
FUNCTION_MAX = 1_000_000
# Where a frame has run, what it was called with is written into its variables each time that somebody looks at them: a
# mark that is known again, but not the tuples and dicts that many arguments make.
RUN = _wherever.IS_ABI3 or sys.version_info < (3, 11)


def traceback(places: Iterable[tuple[Any, ...]], session: int,
              made: types.TracebackType | None = None) -> types.TracebackType | None:
    """A traceback that shows these places, the outermost first, in front of another one."""
    for told in reversed(list(places)):
        place = Place(*told)
        frame = new_frame(place, session)
        if frame is not None:
            made = types.TracebackType(made, frame, 0, min(place.line, LINE_MAX))
    return made


def of_stack(stack: Any, places: Iterable[tuple[Any, ...]] | None = None) -> types.TracebackType | None:
    """The frames of a remote stack as a traceback. Its places are asked for if they are not given."""
    told = stack.places() if places is None else places
    owner = _wherever.FrameOwner(stack)
    return traceback([(*place, owner, index) for index, place in enumerate(told)], _wherever.session_of(stack))


def new_frame(place: Place, session: int) -> types.FrameType | None:
    """A frame for a place. None while the interpreter ends."""
    shown = _sources.shown_name(place.file, session)
    _sources.note(shown, place.line, place.text, place.owner, place.file)
    variables = Variables(place)
    names: dict[str, Any] = {
        "__name__": "wherever.remote", "__builtins__": Names(place, variables),
        "__loader__": _sources.Loader(shown, place.file, place.owner),
    }
    try:
        code = _code(shown, _sources.plain(place.name) or "?", place.first_line, _extent(place), place.signature)
        frame = _made(code, names, variables)
    except ValueError:
        # What its side says of it makes no code.
        code = _code(shown, _sources.plain(place.name) or "?", 0, (min(place.line, LINE_MAX), 0, 0), "")
        frame = _made(code, names, variables)
    return frame


def _made(code: types.CodeType, names: dict[str, Any], variables: Variables) -> types.FrameType | None:
    plain = code.co_varnames[:code.co_argcount]
    named = code.co_varnames[code.co_argcount:code.co_argcount + code.co_kwonlyargcount]
    pairs = tuple(item for name in named for item in (name, PLACE))
    return _wherever.new_frame(code, names, variables, (PLACE,) * len(plain), pairs)


def place_in(frame: types.FrameType) -> Place | None:
    """The place that a frame stands for; none if it is a frame of this side's."""
    names = frame.f_globals.get("__builtins__")
    return names.place if type(names) is Names else None


def again(made: types.TracebackType | None) -> types.TracebackType | None:
    """The traceback with new frames for what is elsewhere: those of before may have been cleared."""
    entries = []
    while made is not None:
        entries.append(made)
        made = made.tb_next
    for entry in reversed(entries):
        frame, place = entry.tb_frame, place_in(entry.tb_frame)
        if place is not None:
            names = {**frame.f_globals, "__builtins__": Names(place, Variables(place))}
            frame = _made(frame.f_code, names, names["__builtins__"].variables) or frame
        made = types.TracebackType(made, frame, entry.tb_lasti, entry.tb_lineno or 0)
    return made


def _extent(place: Place) -> tuple[int, int, int]:
    """The line, and the bytes in it from and to which it failed; from 0 to 0 where that is not known."""
    line, text = min(place.line, LINE_MAX), place.text
    if not text or not 1 <= place.column <= len(text) or place.end_line < line:
        return line, 0, 0
    # Of the lines behind it nothing is known here.
    end = place.end_column - 1 if place.end_line == line else len(text)
    if not place.column <= end <= len(text):
        return line, 0, 0
    start, end = (len(text[:at].encode(errors="replace")) for at in (place.column - 1, end))
    return line, start, end


@functools.lru_cache(maxsize=1024)
def _code(file: str, name: str, first: int, extent: tuple[int, int, int], signature: str) -> types.CodeType:
    """Code that is at one place, and has these parameters."""
    code = compile("0/0", file, "exec")
    line, start, end = extent
    # Before 3.11 the table of lines is as long as they are far apart.
    first = first if 1 <= first <= line < first + FUNCTION_MAX else max(line, 1)
    plain, positional, named, flags = _parameters(signature)
    words: dict[str, Any] = {
        "co_name": name, "co_firstlineno": first, "co_varnames": (*plain, *named),
        "co_nlocals": len(plain) + len(named), "co_argcount": len(plain), "co_posonlyargcount": positional,
        "co_flags": code.co_flags | flags,
        "co_kwonlyargcount": len(named) - bool(flags & inspect.CO_VARARGS) - bool(flags & inspect.CO_VARKEYWORDS),
    }
    if sys.version_info >= (3, 11):
        words["co_qualname"] = name
        words["co_linetable"] = _positions(len(code.co_code) // 2, max(line, 1) - first, start, end)
    else:
        words["co_linetable"] = _lines(len(code.co_code), max(line, 1) - first)
    return code.replace(**words)


def _parameters(signature: str) -> tuple[list[str], int, list[str], int]:
    """Names that can be given by place and how many of them only so; the others; flags of those that take many."""
    parsed = _signature.signature(signature)
    plain: list[str] = []
    named: list[str] = []
    many: dict[int, str] = {}
    positional = 0
    for name, parameter in parsed.parameters.items() if parsed else ():
        if RUN and parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            named.append(name)
        elif parameter.kind is parameter.VAR_POSITIONAL:
            many[inspect.CO_VARARGS] = name
        elif parameter.kind is parameter.VAR_KEYWORD:
            many[inspect.CO_VARKEYWORDS] = name
        elif parameter.kind is parameter.KEYWORD_ONLY:
            named.append(name)
        else:
            plain.append(name)
            positional += parameter.kind is parameter.POSITIONAL_ONLY
    return plain, positional, named + [many[flag] for flag in sorted(many)], sum(many)


def _positions(units: int, delta: int, start: int, end: int) -> bytes:
    """The table of positions from 3.11 on: each instruction at the same place of one line."""
    table = bytearray()
    while units > 0:
        length = min(units, 8)
        # A line with columns, or a line alone; the first entry leads to the line.
        table.append(0x80 | (14 if end else 13) << 3 | length - 1)
        _varint(table, delta << 1 if delta >= 0 else (-delta << 1) | 1)
        if end:
            for number in (0, start + 1, end + 1):
                _varint(table, number)
        units, delta = units - length, 0
    return bytes(table)


def _varint(table: bytearray, number: int) -> None:
    while number >= 64:
        table.append(0x40 | number & 0x3f)
        number >>= 6
    table.append(number)


def _lines(length: int, delta: int) -> bytes:
    """The table of lines of 3.10: a step of at most 127 lines for each pair, the last of them over all instructions."""
    table = bytearray()
    while delta > 127:
        table += bytes((0, 127))
        delta -= 127
    return bytes(table + bytes((length, delta)))


def homeward(error: BaseException, places: list[tuple[Any, ...]]) -> None:
    """Puts the places that an exception of this side came through elsewhere in front of its own traceback.

    It was told with the places here, so they come back with those there in front of them.
    """
    def met(told: tuple[Any, ...]) -> tuple[str, int, str]:
        # As far as it stays the same on every side: names are cut, and made to begin at a root.
        return "/" + _sources.plain(told[0]).lstrip("/")[:200], told[1], _sources.plain(told[5])[:200]

    own = [met(place) for place in _stack.summary(error, sys.maxsize)]
    while places and own:
        # Of many places some were left out on the way.
        while own and own[-1] != met(places[-1]):
            own.pop()
        if own:
            own.pop()
            places.pop()
    BaseException.__setattr__(error, "__traceback__", traceback(places, 0, error.__traceback__))
