"""Source of files that exist only at a peer: the lines that came with errors, and the rest when somebody looks."""

from __future__ import annotations

import linecache
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from wherever import _wherever
from wherever._stack import SHOWN

# Files, lines and characters that are kept for printing: a peer cannot make them more, nor make what looks at a file
# go through more lines.
FILES_MAX = 256
LINE_MAX = 1_000_000
CHARS_MAX = 16_000_000
TEXT_MAX = 500
# What a line takes beside its text, in characters.
LINE_CHARS = 200
_shown: dict[str, Lines] = {}
_lock = threading.Lock()
_chars = 0


class Lines:
    """Lines of a file. Those that are known cost nothing; who wants another one asks for the whole file, once."""

    __slots__ = ("shown", "known", "whole", "last", "size", "why", "_file", "_owner")

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self.known: dict[int, str] = {}
        self.whole: list[str] | None = None
        self.last = 0
        # In characters.
        self.size = 0
        # Why the whole is not to be had.
        self.why = ""
        self._file = ""
        self._owner: Callable[[], Any] = type(None)

    def ask_of(self, owner: Any, file: str) -> None:
        """From now on this owner is asked: one of frames while it is there, for nobody's frames are kept for it."""
        if owner is not None:
            self._owner = (lambda: owner) if isinstance(owner, OfCode) else weakref.ref(owner)
            self._file, self.why = file, ""

    def learn(self, line: int, text: str) -> None:
        text = text[:TEXT_MAX] + "\n"
        before = self.known.get(line - 1)
        self.size += len(text) - len(before) if before else len(text) + LINE_CHARS
        self.known[line - 1] = text

    def text(self) -> str:
        """The whole; of what is not to be had what is known."""
        return "".join(self)

    def _look(self) -> None:
        if self.whole is not None or self.why:
            return
        owner = self._owner()
        if owner is None:
            self.why = "the source is not told"
            return
        try:
            text = owner.call("source", self._file)
            if not isinstance(text, str) or len(text) + LINE_CHARS * text.count("\n") > CHARS_MAX:
                raise ValueError("it is no text, or too long")
        except Exception as error:
            self.why = f"the source is not to be had: {type(error).__name__}: {error}"
            return
        with _lock:
            global _chars
            before, known = self.size, _shown.pop(self.shown, None)
            self.whole = text.splitlines(keepends=True)[:LINE_MAX]
            if self.whole and not self.whole[-1].endswith("\n"):
                self.whole[-1] += "\n"
            self.known = {}
            self.size = len(text) + LINE_CHARS * len(self.whole)
            if known is self:
                _chars += self.size - before
            if known is not None:
                _shown[self.shown] = known
            _make_room()

    def _line(self, at: int) -> str:
        if self.whole is not None:
            return self.whole[at]
        return self.known.get(at) or f"# <{self.why}>\n"

    def __len__(self) -> int:
        if self.whole is not None:
            return len(self.whole)
        # Who asks for a line past the known ones is to ask on.
        return self.last if self.why else LINE_MAX

    def __iter__(self) -> Iterator[str]:
        return iter(self[:])

    def __getitem__(self, place: Any) -> Any:
        if not isinstance(place, slice):
            if place not in self.known:
                self._look()
            known = len(self)
            if known <= place < LINE_MAX:
                return ""
            if not -known <= place < known:
                raise IndexError(place)
            return self._line(place % known)
        if any(at not in self.known for at in range(*place.indices(len(self)))[:len(self.known) + 1]):
            self._look()
        start, stop, step = place.indices(len(self))
        return [self._line(at) for at in range(start, stop, step)[:LINE_MAX if self.whole is not None else 10_000]]


def note(shown: str, line: int, text: str | None, owner: Any, file: str) -> None:
    """A line that came with an error, if one came; the rest of the file is this owner's to tell."""
    global _chars
    if not 1 <= line <= LINE_MAX:
        return
    with _lock:
        # A line without a text, of a frame that nobody has, is not asked for by who prints it.
        if not text and owner is None and shown not in _shown:
            return
        lines = _shown.pop(shown, None)
        if lines is None:
            lines = Lines(shown)
        else:
            _chars -= lines.size
        if lines.whole is not None and text and _differs(lines.whole, line, text):
            # The file was changed over there.
            lines = Lines(shown)
        lines.ask_of(owner, file)
        if lines.whole is None:
            if text or (text is not None and line - 1 not in lines.known):
                lines.learn(line, text)
            lines.last = max(lines.last, line)
        _chars += lines.size
        _shown[shown] = lines
        linecache.cache[shown] = (0, None, lines, shown)  # type: ignore[assignment]
        _make_room()


def _differs(whole: list[str], line: int, text: str) -> bool:
    # What was told may have been cut.
    return line > len(whole) or not whole[line - 1].strip().startswith(text.strip().removesuffix("...")[:200])


def _make_room() -> None:
    global _chars
    while len(_shown) > FILES_MAX or _chars > CHARS_MAX:
        gone = next(iter(_shown))
        _chars -= _shown.pop(gone).size
        linecache.cache.pop(gone, None)


class OfCode:
    """A remote code object as what is asked for the source of its file."""

    __slots__ = ("_code",)

    def __init__(self, code: Any) -> None:
        self._code = code

    def call(self, _member: str, _file: str) -> Any:
        return _wherever.get(self._code, "__wherever_source__")


def shown_name(file: str, session: int) -> str:
    """The name under which a file of a session's peer is shown, and its source is found."""
    file = plain(file)
    mark = f"{SHOWN} {session}>" if session else f"{SHOWN}>"
    return f"{mark}{file if file.startswith('/') else '/' + file}"


def session_of(shown: str) -> int:
    """The session of a file that is shown under this name."""
    number = shown.partition(">")[0].removeprefix(SHOWN).strip()
    return int(number) if number.isdigit() else 0


def plain(text: str) -> str:
    """A name as it is shown: no line of its own, nothing that a terminal obeys."""
    text = text[:TEXT_MAX]
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def harmless(text: str) -> str:
    """A text as it is shown, in lines: nothing in it that a terminal obeys."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else "?" for char in text)


def file_of_code(code: Any) -> str:
    """The file of a remote code object as it is shown, so that its source is found."""
    file = _wherever.get(code, "co_filename")
    shown = shown_name(file, _wherever.session_of(code))
    note(shown, 1, None, OfCode(code), file)
    return shown


class Loader:
    """Where `linecache` finds the source of a frame's file when it has let go of it."""

    __slots__ = ("_shown", "_file", "_owner")

    def __init__(self, shown: str, file: str, owner: Any) -> None:
        self._shown = shown
        self._file = file
        self._owner = owner

    def get_source(self, _name: str) -> str:
        note(self._shown, 1, None, self._owner, self._file)
        lines = _shown.get(self._shown)
        if lines is None:
            raise OSError("the source is not told")
        return lines.text()


def forget() -> None:
    """The process was forked: another thread of the parent's may have held the lock."""
    global _lock
    _lock = threading.Lock()
