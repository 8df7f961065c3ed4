"""The frames that an error came through, or those that a thread is in, as an object that peers look into."""

from __future__ import annotations

import ctypes
import inspect
import itertools
import linecache
import sys
import types
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any, NamedTuple, NoReturn, TypeVar

from wherever._exposed import exposed

# What a shown file name begins with: a place that cannot be on this machine, so that no source here is taken for it.
SHOWN = "/<peer"
# At most so many characters of how a value is shown, of a line and of a signature; and so many levels of a value.
SHOWN_MAX = 1_000
TEXT_MAX = 500
DEPTH_MAX = 6

Place = tuple[str, int, int, int, int, str, int, str, str]
Variable = tuple[str, str, str, int, Any]
T = TypeVar("T")


class At(NamedTuple):
    """A frame, and where in its code it was."""

    frame: types.FrameType
    line: int
    lasti: int = -1


class Stack:
    """Frames, the outermost first, by the members of `org.wherever.Stack/1`."""

    __wherever_interfaces__ = ("org.wherever.Stack/1",)

    def __init__(self, frames: Iterable[tuple[types.FrameType, int] | At], title: str = "", *,
                 runs: Callable[[], bool] | None = None) -> None:
        """`runs` says whether the thread that is in these frames may be running: then its variables are not changed
        where that could undo what the thread does meanwhile. Of an error, and of a thread that is stopped, none."""
        self._frames = [at if isinstance(at, At) else At(*at) for at in frames]
        self._title = title
        self._runs = runs
        self._gone = ""

    @classmethod
    def of_traceback(cls, traceback: types.TracebackType | None, title: str = "") -> Stack:
        frames = []
        while traceback is not None:
            frames.append(At(traceback.tb_frame, traceback.tb_lineno or 0, traceback.tb_lasti))
            traceback = traceback.tb_next
        return cls(frames, title)

    @classmethod
    def of_error(cls, error: BaseException) -> Stack:
        return cls.of_traceback(error.__traceback__, title_of(error))

    @classmethod
    def of_frame(cls, frame: types.FrameType | None, title: str = "", *,
                 runs: Callable[[], bool] | None = None) -> Stack:
        """The frame and those that called it."""
        frames = []
        while frame is not None:
            frames.append(At(frame, frame.f_lineno or 0, frame.f_lasti))
            frame = frame.f_back
        return cls(reversed(frames), title, runs=runs)

    @exposed
    def title(self) -> str:
        return self._title

    @exposed
    def places(self) -> tuple[Place, ...]:
        return tuple(place_of(at) for at in self._frames)

    @exposed
    def contents(self, frame: int) -> tuple[tuple[tuple[str, Any], ...], tuple[str, ...], tuple[str, ...]]:
        here = self._at(frame)
        bound = _bound(here)
        unbound = tuple(name for name in _names(here.f_code) if name not in bound)
        hiding = tuple(name for name in list(here.f_globals) if name in here.f_builtins)
        return tuple(bound.items()), unbound, hiding

    @exposed
    def global_value(self, frame: int, name: str) -> Any:
        here = self._at(frame)
        for known in (here.f_globals, here.f_builtins):
            if name in known:
                return known[name]
        raise NameError(f"name {name!r} is not defined", **_named(name))

    @exposed
    def assign(self, frame: int, name: str, value: Any) -> None:
        here = self._variable(frame, name)
        here.f_locals[name] = value
        _to_fast(here)

    @exposed
    def remove(self, frame: int, name: str) -> None:
        here = self._variable(frame, name)
        if name not in _bound(here):
            raise NameError(f"name {name!r} is not defined", **_named(name))
        del here.f_locals[name]
        _to_fast(here)

    @exposed
    def variables(self, frame: int, scope: str, start: int, count: int) -> tuple[Variable, ...]:
        here = self._at(frame)
        if scope not in ("locals", "globals"):
            raise ValueError(f"the scopes are locals and globals, not {scope!r}")
        known = _bound(here) if scope == "locals" else _named_by_text(here.f_globals)
        return tuple(variable(name, value) for name, value in _some(known.items(), start, count))

    @exposed
    def parts(self, value: Any, start: int, count: int) -> tuple[Variable, ...]:
        return tuple(variable(part.name(), part.value) for part in _some(_parts(value), start, count))

    @exposed
    def evaluate(self, frame: int, text: str) -> Variable | None:
        here = self._at(frame)
        text = text.strip()
        try:
            compile(text, "<debugger>", "eval")
        except SyntaxError:
            self._run(here, text)
            return None
        return variable("", value_of(here, text, self._check_still))

    @exposed
    def assign_text(self, frame: int, name: str, text: str) -> Variable:
        value = value_of(self._variable(frame, name), text, self._check_still)
        self.assign(frame, name, value)
        return variable(name, value)

    @exposed
    def assign_part(self, value: Any, frame: int, name: str, text: str) -> Variable:
        here = self._at(frame)
        found = [part for part in _parts(value) if part.name() == name]
        if len(found) != 1:
            told = "no part" if not found else "more than one part"
            raise LookupError(f"the {type(value).__name__} has {told} of the name {name}")
        made = value_of(here, text, self._check_still)
        found[0].assign(made)
        return variable(name, made)

    @exposed
    def source(self, file: str) -> str:
        if self._gone:
            raise LookupError(self._gone)
        for at in self._frames:
            if _file(at.frame.f_code) == file:
                return source_of(at.frame.f_code.co_filename, at.frame.f_globals)
        raise LookupError(f"no frame of these is in {file}")

    def close(self, why: str) -> None:
        """The frames are no longer what they were: whoever asks is told why."""
        self._frames, self._gone = [], why

    def __repr__(self) -> str:
        return f"<wherever stack of {len(self._frames)} frames: {self._title}>"

    def _at(self, frame: int) -> types.FrameType:
        if self._gone:
            raise LookupError(self._gone)
        if not 0 <= frame < len(self._frames):
            raise IndexError(f"frame {frame} of {len(self._frames)}")
        return self._frames[frame].frame

    def _variable(self, frame: int, name: str) -> types.FrameType:
        """The frame, if it may have a variable of this name and that may be changed."""
        here = self._at(frame)
        if here.f_code.co_flags & inspect.CO_OPTIMIZED and name not in _names(here.f_code):
            raise NameError(f"{here.f_code.co_name} has no local variable {name!r}", **_named(name))
        self._check_still(here)
        return here

    def _check_still(self, here: types.FrameType) -> None:
        # Before 3.13 all local variables are written back at once: what the thread has set meanwhile would be undone.
        if sys.version_info < (3, 13) and self._runs is not None and self._runs():
            raise RuntimeError(f"the thread that is in {here.f_code.co_name} runs: its variables can be changed when it"
                               " is stopped")

    def _run(self, here: types.FrameType, text: str) -> None:
        code = compile(text, "<debugger>", "exec")
        self._check_still(here)
        exec(code, here.f_globals, locals_of(here, self._check_still))


def summary(error: BaseException, most: int) -> list[tuple[Any, ...]]:
    """The places that an error came through, each with the stack that has its frame and its index there, the outermost
    first; of many, the first and the last half."""
    from wherever._frames import place_in
    stack = Stack.of_error(error)
    frames = list(enumerate(stack._frames))
    if len(frames) > most:
        frames = frames[:most // 2] + frames[-(most // 2):]
    return [place_in(at.frame) or (*place_of(at), stack, index, False) for index, at in frames]


def title_of(error: BaseException) -> str:
    """Type and message."""
    try:
        message = str(error)
    except Exception as failed:
        message = f"<its text failed: {type(failed).__name__}>"
    name = type(error).__qualname__
    return (f"{name}: {message}" if message else name)[:SHOWN_MAX]


def place_of(at: At) -> Place:
    """File, line, column, end line, end column, function, first line, text, signature.

    Columns count characters from 1; the end column is that of the first character behind.
    """
    code = at.frame.f_code
    line = max(at.line, 0)
    text = linecache.getline(code.co_filename, line, at.frame.f_globals)
    column, end_line, end_column = _columns(at, text)
    return (_file(code), line, column, end_line, end_column, code.co_name, code.co_firstlineno,
            text.rstrip()[:TEXT_MAX], signature(code))


def _file(code: types.CodeType) -> str:
    """The file as its own side names it: that of a peer's without the mark that says so."""
    file = code.co_filename
    return file.partition(">")[2] if file.startswith(SHOWN) else file


def _columns(at: At, text: str) -> tuple[int, int, int]:
    if at.lasti < 0 or not hasattr(at.frame.f_code, "co_positions"):
        return 0, 0, 0
    for place, (line, end_line, start, end) in enumerate(at.frame.f_code.co_positions()):
        if place == at.lasti // 2:
            if line != at.line or start is None or end is None or end_line is None:
                break
            end_text = text
            if end_line != line:
                end_text = linecache.getline(at.frame.f_code.co_filename, end_line, at.frame.f_globals)
            return _characters(text, start) + 1, end_line, _characters(end_text, end) + 1
    return 0, 0, 0


def _characters(text: str, offset: int) -> int:
    """How many characters so many bytes are: the interpreter counts those."""
    return offset if text.isascii() else len(text.encode(errors="replace")[:offset].decode(errors="replace"))


def signature(code: types.CodeType) -> str:
    """The names of a function's parameters; nothing of a module, and of what has parameters without names."""
    if not code.co_flags & inspect.CO_NEWLOCALS or not code.co_flags & inspect.CO_OPTIMIZED:
        return ""
    names = iter(code.co_varnames)
    plain = [next(names) for _ in range(code.co_argcount)]
    named = [next(names) for _ in range(code.co_kwonlyargcount)]
    if code.co_posonlyargcount:
        plain.insert(code.co_posonlyargcount, "/")
    if code.co_flags & inspect.CO_VARARGS:
        plain.append("*" + next(names))
    elif named:
        plain.append("*")
    if code.co_flags & inspect.CO_VARKEYWORDS:
        named.append("**" + next(names))
    all_ = plain + named
    told = f"({', '.join(all_)})"
    is_plain = all(name == "/" or name == "*" or name.lstrip("*").isidentifier() for name in all_)
    return told if is_plain and len(told) <= TEXT_MAX else ""


def source_of(file: str, globals_: dict[str, Any] | None = None) -> str:
    """The text of a file of the program."""
    lines = linecache.getlines(file, globals_)
    if not lines:
        raise OSError(f"the source of {file} is not to be had")
    return "".join(lines)


def value_of(frame: types.FrameType, text: str, check: Callable[[types.FrameType], None] | None = None) -> Any:
    """The value of an expression in a frame. `check` is asked before the frame is changed."""
    code = compile(text.strip(), "<debugger>", "eval")
    if any(isinstance(const, types.CodeType) for const in code.co_consts):
        # A scope within the expression looks past the locals.
        return eval(code, {**frame.f_globals, **frame.f_locals})
    return eval(code, frame.f_globals, locals_of(frame, check))


def _names(code: types.CodeType) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code.co_varnames + code.co_cellvars + code.co_freevars))


def _bound(frame: types.FrameType) -> dict[str, Any]:
    known = frame.f_locals
    if frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        # Before 3.13 others may have noted there what is no variable of the code.
        return {name: known[name] for name in _names(frame.f_code) if name in known}
    return _named_by_text(known)


def _named_by_text(known: Any) -> dict[str, Any]:
    return {name: value for name, value in list(known.items()) if type(name) is str}


if sys.version_info < (3, 13):
    _locals_to_fast = ctypes.pythonapi.PyFrame_LocalsToFast
    _locals_to_fast.argtypes = (ctypes.py_object, ctypes.c_int)
    _locals_to_fast.restype = None

    def _to_fast(frame: types.FrameType) -> None:
        """Lets the code of the frame see what was written into its `f_locals`, and what is gone from there."""
        # Reading `f_locals` once more would undo it.
        if frame.f_code.co_flags & inspect.CO_OPTIMIZED:
            _locals_to_fast(frame, 1)
    class Locals(MutableMapping[str, Any]):
        """The local variables of a frame as they now are, as `f_locals` has them from 3.13 on. Before, that is a copy:
        to write all of it back would undo what was set meanwhile, by a function within this one or another thread."""

        def __init__(self, frame: types.FrameType, check: Callable[[types.FrameType], None] | None) -> None:
            self._frame = frame
            self._check = check

        def __getitem__(self, name: str) -> Any:
            return self._frame.f_locals[name]

        def __setitem__(self, name: str, value: Any) -> None:
            self._changes().__setitem__(name, value)
            _to_fast(self._frame)

        def __delitem__(self, name: str) -> None:
            self._changes().__delitem__(name)
            _to_fast(self._frame)

        def _changes(self) -> dict[str, Any]:
            if self._check is not None:
                self._check(self._frame)
            return self._frame.f_locals

        def __iter__(self) -> Iterator[str]:
            return iter(list(self._frame.f_locals))

        def __len__(self) -> int:
            return len(self._frame.f_locals)

        def __repr__(self) -> str:
            return repr(self._frame.f_locals)

    def locals_of(frame: types.FrameType, check: Callable[[types.FrameType], None] | None) -> Any:
        return Locals(frame, check) if frame.f_code.co_flags & inspect.CO_OPTIMIZED else frame.f_locals

    def refresh(frame: types.FrameType) -> None:
        """What a trace function leaves in `f_locals` is written into its frame: that is to be what is there now."""
        frame.f_locals
else:
    def _to_fast(frame: types.FrameType) -> None:
        """What is written into `f_locals` is written into the frame."""

    def locals_of(frame: types.FrameType, _check: Callable[[types.FrameType], None] | None) -> Any:
        return frame.f_locals

    def refresh(frame: types.FrameType) -> None:
        """The frame has no copy of its variables."""


def _named(name: str) -> dict[str, Any]:
    return {"name": name}


def _some(items: Iterable[T], start: int, count: int) -> Iterator[T]:
    return itertools.islice(items, max(start, 0), max(start, 0) + max(count, 0))


def variable(name: str, value: Any) -> Variable:
    """How a variable is told of."""
    kind = _container_kind(value)
    items = kind.__len__(value) if kind else 0
    return name, shown(value), _type_name(value), items + len(list(_attributes(value))), value


def _type_name(value: Any) -> str:
    return type(value).__qualname__[:TEXT_MAX]


def shown(value: Any, room: int = SHOWN_MAX) -> str:
    """How a value is shown: as `repr` has it, of what is long only the beginning."""
    text = _shown(value, room, DEPTH_MAX)
    return text if len(text) <= room else text[:room - 3] + "..."


BRACKETS = {list: ("[", "]"), tuple: ("(", ")"), set: ("{", "}"), frozenset: ("frozenset({", "})"), dict: ("{", "}")}


def _shown(value: Any, room: int, depth: int) -> str:
    kind = type(value)
    if kind in BRACKETS and len(value):
        return _container(value, kind, room, depth)
    if kind in (str, bytes, bytearray) and len(value) > room:
        return repr(value[:room])
    try:
        return repr(value)
    except Exception as failed:
        return f"<{_type_name(value)} whose text failed: {type(failed).__name__}>"


def _container(value: Any, kind: type, room: int, depth: int) -> str:
    begin, end = BRACKETS[kind]
    if depth == 0:
        return f"{begin}...{end}"
    pieces, used = [], 0
    for item in list(value.items() if kind is dict else value):
        if used > room:
            pieces.append("...")
            break
        if kind is dict:
            piece = f"{_shown(item[0], room, depth - 1)}: {_shown(item[1], room, depth - 1)}"
        else:
            piece = _shown(item, room - used, depth - 1)
        pieces.append(piece)
        used += len(piece) + 2
    comma = "," if kind is tuple and len(pieces) == 1 else ""
    return f"{begin}{', '.join(pieces)}{comma}{end}"


class Part(NamedTuple):
    """A variable within a value, and what assigns to it."""

    key: Any
    value: Any
    assign: Callable[[Any], None]
    is_attribute: bool = False

    def name(self) -> str:
        return str(self.key) if self.is_attribute else shown(self.key, TEXT_MAX)


def _parts(value: Any) -> Iterator[Part]:
    """Items and attributes. Nothing of the value's own code is run for that, and no peer is asked."""
    yield from _items(value)
    for name, found in _attributes(value):
        yield Part(name, found, lambda made, name=name: setattr(value, name, made), True)


def _container_kind(value: Any) -> Any:
    """The builtin container that the value is, subclasses included, and stand-ins for remote ones not."""
    return next((kind for kind in BRACKETS if kind in type(value).__mro__), None)


def _items(value: Any) -> Iterator[Part]:
    kind = _container_kind(value)
    if kind is None:
        return
    if kind is dict:
        for key, item in list(dict.items(value)):
            yield Part(key, item, lambda made, key=key: value.__setitem__(key, made))
        return

    def refuse(_made: Any) -> NoReturn:
        raise TypeError(f"the items of a {type(value).__name__} cannot be changed")

    for place, item in enumerate(list(kind.__iter__(value))):
        yield Part(place, item, (lambda made, place=place: value.__setitem__(place, made)) if kind is list else refuse)


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, type):
        known: Any = type.__getattribute__(value, "__dict__")
    else:
        try:
            known = object.__getattribute__(value, "__dict__")
        except AttributeError:
            known = {}
    if isinstance(known, (dict, types.MappingProxyType)):
        yield from [(name, found) for name, found in list(known.items()) if type(name) is str]
    if isinstance(value, type):
        return
    for base in type(value).__mro__:
        for name, member in list(type.__getattribute__(base, "__dict__").items()):
            if type(member) is types.MemberDescriptorType and base.__flags__ & 1 << 9:
                try:
                    yield name, member.__get__(value)
                except AttributeError:
                    continue
