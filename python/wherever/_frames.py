"""Tracebacks: the places an error came through as plain data, and such data as a traceback that prints naturally."""

from __future__ import annotations

import functools
import linecache
import sys
import types
from typing import Any

from wherever import _wherever

# What a shown file name begins with: a place that cannot be on this machine, so that no source here is taken for it.
SHOWN = "/<peer"


def summary(error: BaseException, most: int) -> list[tuple[str, int, int, str, str]]:
    """File, line, column, name and text of each place, the outermost first; of many, the first and the last half."""
    places = []
    traceback = error.__traceback__
    while traceback is not None:
        places.append((traceback.tb_frame.f_code, traceback.tb_lineno, traceback.tb_lasti))
        traceback = traceback.tb_next
    if len(places) > most:
        places = places[:most // 2] + places[-(most // 2):]
    return [_place(code, line or 0, lasti) for code, line, lasti in places]


def _place(code: types.CodeType, line: int, lasti: int) -> tuple[str, int, int, str, str]:
    file, shown = code.co_filename, code.co_filename
    if file.startswith(SHOWN):
        file = file.partition(">")[2]
    column = 0
    if lasti >= 0 and hasattr(code, "co_positions"):
        for place, (_, _, start, _) in enumerate(code.co_positions()):
            if place == lasti // 2:
                column = (start or 0) + 1
                break
    text = linecache.getline(shown, line).strip()[:500]
    return file, max(line, 0), column, code.co_name, text


class Lines:
    """Lines of a file of which only some are known."""

    __slots__ = ("known", "last")

    def __init__(self) -> None:
        self.known: dict[int, str] = {}
        self.last = 0

    def __len__(self) -> int:
        return self.last

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            start, stop, step = place.indices(self.last)
            return [self.known.get(at, "\n") for at in range(start, min(stop, start + 10_000), step)]
        if not -self.last <= place < self.last:
            raise IndexError(place)
        return self.known.get(place % self.last, "\n")


# Files and lines that are kept for printing: a peer cannot make them more.
FILES_MAX = 256
LINES_MAX = 10_000
_shown: dict[str, Lines] = {}


def _note(file: str, line: int, text: str) -> None:
    if not text or line < 1:
        return
    lines = _shown.get(file)
    if lines is None:
        while len(_shown) >= FILES_MAX:
            gone = next(iter(_shown))
            del _shown[gone]
            linecache.cache.pop(gone, None)
        lines = _shown[file] = Lines()
    if len(lines.known) >= LINES_MAX:
        lines.known.clear()
    lines.known[line - 1] = text + "\n"
    lines.last = max(lines.last, line)
    linecache.cache[file] = (0, None, lines, file)  # type: ignore[assignment]


@functools.lru_cache(maxsize=1024)
def _frame(file: str, name: str, line: int) -> types.FrameType | None:
    code = compile("0/0", file, "exec")
    words: dict[str, Any] = {"co_name": name, "co_firstlineno": max(line, 1)}
    if sys.version_info >= (3, 11):
        words["co_qualname"] = name
    code = code.replace(**words)
    globals_ = {"__name__": "wherever.remote", "__builtins__": __builtins__}
    try:
        return _wherever.new_frame(code, globals_)
    except NotImplementedError:
        try:
            exec(code, globals_)
        except ZeroDivisionError as error:
            traceback = error.__traceback__
            return traceback.tb_next.tb_frame if traceback and traceback.tb_next else None
    return None


def traceback(places: list[tuple[str, int, int, str, str]], session: int) -> types.TracebackType | None:
    """A traceback that shows these places, the outermost first."""
    made = None
    for file, line, _column, name, text in reversed(places):
        shown = f"{SHOWN} {session}>{file if file.startswith('/') else '/' + file}".replace("\0", "?")
        _note(shown, line, text)
        frame = _frame(shown, name, min(line, 1 << 30))
        if frame is not None:
            made = types.TracebackType(made, frame, -1, min(line, 1 << 30))
    return made
