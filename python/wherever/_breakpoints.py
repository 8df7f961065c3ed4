"""Breakpoints: where they are, and whether one that was met is to be stopped at."""

from __future__ import annotations

import itertools
import linecache
import os
import sys
import threading
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wherever._stack import value_of

Told = tuple[int, str, int, str, str, int, bool, int]

# Code objects of which is known whether they have a breakpoint in them.
KNOWN_MAX = 10_000


@dataclass
class Breakpoint:
    id: int
    file: str
    line: int
    function: str
    condition: str
    ignore: int
    temporary: bool
    hits: int = 0

    def told(self) -> Told:
        return self.id, self.file, self.line, self.function, self.condition, self.ignore, self.temporary, self.hits


class Found:
    """Where they are, and what was found out about that: kept together, so that nothing found out before a change is
    taken for what holds after it."""

    def __init__(self, lines: dict[str, dict[int, list[Breakpoint]]]) -> None:
        self._lines = lines
        # By the file as a code object names it, and by code object.
        self._of_name: dict[str, dict[int, list[Breakpoint]]] = {}
        self._of_code: dict[int, tuple[types.CodeType, bool]] = {}

    def of_file(self, name: str) -> dict[int, list[Breakpoint]]:
        found = self._of_name.get(name)
        if found is None:
            found = self._of_name[name] = self._lines.get(canonical(name), {})
        return found

    def wants(self, code: types.CodeType) -> bool:
        lines = self.of_file(code.co_filename)
        if not lines:
            return False
        known = self._of_code.get(id(code))
        if known is None:
            if len(self._of_code) > KNOWN_MAX:
                self._of_code = {}
            # The code is kept, so that its address is not another's.
            known = code, any(line in lines for _, _, line in code.co_lines())
            self._of_code[id(code)] = known
        return known[1]


class Breakpoints:
    """Those of the process. What is read by threads that run is replaced as a whole, never changed."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._all: dict[int, Breakpoint] = {}
        self._found = Found({})
        # A trace function may interrupt whoever has it.
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._all)

    def add(self, file: str, line: int, function: str, condition: str, ignore: int, temporary: bool) -> Breakpoint:
        if condition:
            compile(condition.strip(), "<condition>", "eval")
        if function:
            file, line = first_line(function_of(function))
        elif file and line > 0:
            file = file_of(file)
            line = line_of(file, line)
        else:
            raise ValueError("a breakpoint is at a function, or at a file and a line from 1")
        made = Breakpoint(next(self._ids), file, line, function, condition, max(ignore, 0), temporary)
        with self._lock:
            self._all[made.id] = made
            self._sort()
        return made

    def remove(self, id: int) -> None:
        with self._lock:
            if self._all.pop(id, None) is None:
                raise LookupError(f"there is no breakpoint {id}")
            self._sort()

    def clear(self) -> None:
        with self._lock:
            self._all.clear()
            self._sort()

    def told(self) -> tuple[Told, ...]:
        return tuple(known.told() for known in list(self._all.values()))

    def _sort(self) -> None:
        lines: dict[str, dict[int, list[Breakpoint]]] = {}
        for known in list(self._all.values()):
            lines.setdefault(known.file, {}).setdefault(known.line, []).append(known)
        self._found = Found(lines)

    def forget_lock(self) -> None:
        """The process was forked: another thread of the parent's may have held it."""
        self._lock = threading.RLock()

    def wants(self, code: types.CodeType) -> bool:
        """Whether one of them is in this code."""
        return self._found.wants(code)

    def met(self, frame: types.FrameType) -> tuple[tuple[int, ...], str]:
        """Those to be stopped at where the frame is, and what went wrong with their conditions."""
        here = self._found.of_file(frame.f_code.co_filename).get(frame.f_lineno)
        if not here:
            return (), ""
        ids, wrong = [], ""
        for known in here:
            if known.condition:
                try:
                    if not value_of(frame, known.condition):
                        continue
                except Exception as failed:
                    # As if it held: else one that never can would be silently none.
                    wrong = f"the condition of breakpoint {known.id} failed: {type(failed).__name__}: {failed}"
            known.hits += 1
            if known.ignore:
                known.ignore -= 1
                continue
            ids.append(known.id)
            if known.temporary:
                with self._lock:
                    self._all.pop(known.id, None)
                    self._sort()
        return tuple(ids), wrong


def canonical(name: str) -> str:
    return name if name.startswith("<") and name.endswith(">") else os.path.normcase(os.path.abspath(name))


def _module_files() -> Iterator[tuple[str, types.ModuleType]]:
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if type(file) is str and isinstance(module, types.ModuleType):
            yield canonical(file), module


def file_of(name: str) -> str:
    """The file of the program that a name means: a path, one relative to the working folder or the import path, or the
    end of the path of a module that is loaded."""
    loaded = dict(_module_files())
    for tried in (name, name + ".py"):
        if canonical(tried) in loaded or os.path.isfile(tried):
            return canonical(tried)
        if os.path.isabs(tried):
            continue
        for folder in sys.path:
            path = os.path.join(folder, tried)
            if os.path.isfile(path):
                return canonical(path)
        ends = [file for file in loaded if file.endswith(os.sep + os.path.normcase(tried))]
        if len(ends) == 1:
            return ends[0]
        if ends:
            raise LookupError(f"{name} may be any of {', '.join(sorted(ends))}")
    if linecache.getlines(name):
        return canonical(name)
    raise LookupError(f"there is no file {name} here")


def globals_of(file: str) -> dict[str, Any] | None:
    """The globals of the module that a file is of, if it is loaded: what its source may be had by."""
    module = dict(_module_files()).get(file)
    return None if module is None else module.__dict__


def line_of(file: str, line: int) -> int:
    """The first line from this one on that has code."""
    lines = linecache.getlines(file, globals_of(file))
    if not lines:
        raise LookupError(f"the source of {file} is not to be had")
    if line > len(lines):
        raise LookupError(f"{file} has {len(lines)} lines")
    known = code_lines(compile("".join(lines), file, "exec", dont_inherit=True))
    after = [known_line for known_line in known if known_line >= line]
    if not after:
        raise LookupError(f"there is no code at line {line} of {file}, nor below")
    return min(after)


def code_lines(code: types.CodeType) -> set[int]:
    lines = {line for _, _, line in code.co_lines() if line}
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            lines |= code_lines(const)
    return lines


def function_of(name: str) -> types.CodeType:
    """The code of the function that a name means: in the main program, with its module in front, or of the one loaded
    module that has such a function."""
    words = name.split(".")
    main = sys.modules.get("__main__")
    for end in range(len(words) - 1, -1, -1):
        module = sys.modules.get(".".join(words[:end])) if end else main
        code = None if module is None else _code_at(module, words[end:])
        if code is not None:
            return code
    found = {id(code): code for code in _anywhere(words)}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        places = ", ".join(sorted(f"{code.co_filename}:{code.co_firstlineno}" for code in found.values()))
        raise LookupError(f"{name} may be any of {places}: name its module too")
    raise LookupError(f"there is no function {name} here: name one of the main program, or one with its module")


def _anywhere(words: list[str]) -> Iterator[types.CodeType]:
    for file, module in _module_files():
        code = _code_at(module, words)
        # Of what was imported, only where it is at home.
        if code is not None and canonical(code.co_filename) == file:
            yield code


def _code_at(module: types.ModuleType, words: list[str]) -> types.CodeType | None:
    found: Any = module
    for word in words:
        try:
            found = vars(found)[word]
        except (TypeError, KeyError):
            return None
    for _ in range(20):
        if isinstance(found, property):
            found = found.fget
        inner = getattr(found, "__wrapped__", None) or getattr(found, "__func__", None)
        if inner is None:
            break
        found = inner
    code = getattr(found, "__code__", None)
    return code if isinstance(code, types.CodeType) else None


def first_line(code: types.CodeType) -> tuple[str, int]:
    """Where the first line of a function's body is."""
    lines = [line for _, _, line in code.co_lines() if line]
    body = [line for line in lines if line != code.co_firstlineno]
    return canonical(code.co_filename), (body or lines or [code.co_firstlineno])[0]
