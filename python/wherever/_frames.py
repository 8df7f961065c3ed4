"""Tracebacks: the places an error came through as plain data, and such data as a traceback that prints naturally."""

from __future__ import annotations

import functools
import linecache
import sys
import threading
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
    text = linecache.getline(shown, line).strip()[:TEXT_MAX]
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


# Files, lines and characters that are kept for printing: a peer cannot make them more, nor make what looks at a file
# go through more lines.
FILES_MAX = 256
LINE_MAX = 1_000_000
CHARS_MAX = 4_000_000
TEXT_MAX = 500
# What a line takes beside its text, in characters.
LINE_CHARS = 200
_shown: dict[str, Lines] = {}
_lock = threading.Lock()
_chars = 0


def _note(file: str, line: int, text: str) -> None:
    global _chars
    if not text or not 1 <= line <= LINE_MAX:
        return
    with _lock:
        lines = _shown.get(file) or Lines()
        text = text[:TEXT_MAX] + "\n"
        before = lines.known.get(line - 1)
        _chars += len(text) - len(before) if before else len(text) + LINE_CHARS
        lines.known[line - 1] = text
        lines.last = max(lines.last, line)
        _shown[file] = lines
        linecache.cache[file] = (0, None, lines, file)  # type: ignore[assignment]
        while len(_shown) > FILES_MAX or _chars > CHARS_MAX:
            gone = next(iter(_shown))
            known = _shown.pop(gone).known
            _chars -= sum(map(len, known.values())) + LINE_CHARS * len(known)
            linecache.cache.pop(gone, None)


def forget() -> None:
    """The process was forked: another thread of the parent's may have held the lock."""
    global _lock
    _lock = threading.Lock()


@functools.lru_cache(maxsize=1024)
def _frame(file: str, name: str, line: int) -> types.FrameType | None:
    code = compile("0/0", file, "exec")
    words: dict[str, Any] = {"co_name": name, "co_firstlineno": max(line, 1)}
    if sys.version_info >= (3, 11):
        words["co_qualname"] = name
    code = code.replace(**words)
    globals_ = {"__name__": "wherever.remote", "__builtins__": __builtins__}
    return _wherever.new_frame(code, globals_)


def _plain(text: str) -> str:
    """A name as it is shown: no line of its own, nothing that a terminal obeys."""
    return "".join(char if char.isprintable() else "?" for char in text[:TEXT_MAX])


def traceback(places: list[tuple[str, int, int, str, str]], session: int,
              made: types.TracebackType | None = None) -> types.TracebackType | None:
    """A traceback that shows these places, the outermost first, in front of another one."""
    peer = f"{SHOWN} {session}>" if session else f"{SHOWN}>"
    for file, line, _column, name, text in reversed(places):
        file = _plain(file)
        shown = f"{peer}{file if file.startswith('/') else '/' + file}"
        line = min(line, 1 << 30)
        _note(shown, line, text)
        frame = _frame(shown, _plain(name), line)
        if frame is not None:
            made = types.TracebackType(made, frame, -1, line)
    return made


def homeward(error: BaseException, places: list[tuple[str, int, int, str, str]]) -> None:
    """Puts the places that an exception of this side came through elsewhere in front of its own traceback.

    It was told with the places here, so they come back with those there in front of them.
    """
    def met(place: tuple[str, int, int, str, str]) -> tuple[str, int, str]:
        # As far as it stays the same on every side: names are cut, and made to begin at a root.
        return "/" + _plain(place[0]).lstrip("/")[:200], place[1], _plain(place[3])[:200]

    own = [met(place) for place in summary(error, sys.maxsize)]
    while places and own:
        # Of many places some were left out on the way.
        while own and own[-1] != met(places[-1]):
            own.pop()
        if own:
            own.pop()
            places.pop()
    BaseException.__setattr__(error, "__traceback__", traceback(places, 0, error.__traceback__))
