"""The trace functions of the process while it is debugged: put into its threads, and taken out again."""

from __future__ import annotations

import inspect
import os
import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any, Optional

from wherever import _wherever
from wherever._breakpoints import Breakpoints

# Since 3.12 the trace function of every thread can be set from any.
REACHES_ALL = sys.version_info >= (3, 12)

OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep
GENERATOR = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

Trace = Callable[[types.FrameType, str, Any], Optional[Callable[..., Any]]]


def is_own(frame: types.FrameType) -> bool:
    """Whether the frame is this package's, or of what the interpreter has built in: never stopped in."""
    file = frame.f_code.co_filename
    return file.startswith(OWN) or file.startswith("<frozen ")


def chain(frame: types.FrameType | None) -> Iterator[types.FrameType]:
    """The frame and those that called it."""
    while frame is not None:
        yield frame
        frame = frame.f_back


class Mode:
    """How a thread goes on: where it is to stop next."""

    __slots__ = ("active", "frame", "returning", "line", "reason")

    def __init__(self) -> None:
        self.go_on()

    def go_on(self) -> None:
        self.active = False
        self.frame: types.FrameType | None = None
        self.returning: types.FrameType | None = None
        self.line = 0
        self.reason = "step"

    def stop(self, frame: types.FrameType | None = None, returning: types.FrameType | None = None, line: int = 0,
             reason: str = "step") -> None:
        """Stops in `frame` from `line` on (-1: on no line), in any if there is none, or when `returning` returns."""
        self.active, self.frame, self.returning, self.line, self.reason = True, frame, returning, line, reason

    def stops(self, frame: types.FrameType) -> bool:
        if not self.active:
            return False
        return self.frame is None or (frame is self.frame and self.line != -1 and frame.f_lineno >= self.line)


class Tracer:
    """Watches the threads for what they are to stop at. `stop` is called then, by the thread itself."""

    def __init__(self, breakpoints: Breakpoints,
                 stop: Callable[[types.FrameType, Mode, str, Any, tuple[int, ...]], None]) -> None:
        self._breakpoints = breakpoints
        self._stop = stop
        self._modes: dict[int, Mode] = {}
        self._is_on = False
        # Threads that the trace functions have got into, where they do not get into all.
        self._reached: set[int] = set()

    @property
    def is_on(self) -> bool:
        return self._is_on

    def on(self) -> None:
        """Has every thread that can be reached watched."""
        if not self._is_on:
            _check_alone(self._watch)
        self._is_on = True
        if REACHES_ALL:
            threading.settrace_all_threads(self._enter)  # type: ignore[attr-defined,unused-ignore]
        threading.settrace(self._begin)
        if not REACHES_ALL:
            _in_main(self._on_here)
        if is_own(list(chain(sys._getframe()))[-1]):
            # It serves the debugger, and is none of the program's.
            sys.settrace(None)
        _wherever.tell_of_calls(self._told)
        self.watch_frames()

    def off(self) -> None:
        """Takes everything out again."""
        if not self._is_on:
            return
        self._is_on = False
        self._modes = {}
        _wherever.tell_of_calls(None)
        frames = sys._current_frames()
        if REACHES_ALL:
            threading.settrace_all_threads(None)  # type: ignore[attr-defined,unused-ignore]
            for frame in frames.values():
                self._clear(frame)
            return
        threading.settrace(None)  # type: ignore[arg-type]
        here = threading.get_ident()
        for ident, frame in frames.items():
            if ident == here or ident not in self._reached:
                self._clear(frame)
                continue
            # Its trace function can be taken out by itself only, which any of its frames has it do.
            for each in chain(frame):
                if not is_own(each):
                    each.f_trace = self._watch
        self._leave_here()
        _in_main(self._leave_here)

    def mode(self, thread: int) -> Mode:
        return self._modes.setdefault(thread, Mode())

    def forget_ended(self) -> bool:
        """Forgets how threads were to go on that have ended; whether that was to stop."""
        ended = [self._modes.pop(thread, None) for thread in self._modes.keys() - sys._current_frames().keys()]
        return any(mode is not None and mode.active for mode in ended)

    def check_reached(self, thread: int, name: str) -> None:
        if REACHES_ALL or thread in self._reached or thread == threading.main_thread().ident:
            return
        raise RuntimeError(f"{name} was started before the debugger attached: this interpreter, before 3.12, lets only"
                           " the main thread be stopped then, and those that are started later")

    def needed(self) -> bool:
        return len(self._breakpoints) > 0 or any(mode.active for mode in list(self._modes.values()))

    def watch_frames(self) -> None:
        """Has the frames watched that threads are in already."""
        for ident, frame in sys._current_frames().items():
            self.watch_chain(frame, self._modes.get(ident))

    def watch_chain(self, frame: types.FrameType, mode: Mode | None) -> None:
        is_active = mode is not None and mode.active
        for each in chain(frame):
            if is_own(each):
                continue
            if is_active or self._breakpoints.wants(each.f_code):
                each.f_trace = self._watch
            elif each.f_trace is not None:
                each.f_trace = None

    def _on_here(self) -> None:
        if self._is_on:
            self._reached.add(threading.get_ident())
            sys.settrace(self._enter)
            self.watch_frames()

    def _leave_here(self) -> None:
        # It may be on again by now.
        if not self._is_on:
            if sys.gettrace() == self._enter:
                sys.settrace(None)
            self._clear(sys._getframe())
            self._reached.discard(threading.get_ident())

    def _clear(self, frame: types.FrameType) -> None:
        for each in chain(frame):
            if each.f_trace == self._watch:
                each.f_trace = None

    def _told(self, begins: bool) -> bool:
        """A call of a peer's begins on this thread, or is over."""
        if not begins:
            sys.settrace(None)
            self._modes.pop(threading.get_ident(), None)
            self._reached.discard(threading.get_ident())
            return False
        if not self._is_on or sys.gettrace() is not None:
            return False
        self._reached.add(threading.get_ident())
        sys.settrace(self._enter)
        return True

    def _begin(self, frame: types.FrameType, event: str, arg: Any) -> Callable[..., Any] | None:
        """A thread is started."""
        if not self._is_on:
            sys.settrace(None)
            return None
        mode = self._modes.get(threading.get_ident())
        if mode is not None and mode.reason != "pause":
            # Of a thread that has ended, whose number this one has got.
            mode.go_on()
        sys.settrace(self._enter)
        return self._enter(frame, event, arg)

    def _enter(self, frame: types.FrameType, event: str, arg: Any) -> Callable[..., Any] | None:
        """A function is entered, or a generator resumed."""
        if not self._is_on:
            self._leave_here()
            return None
        if is_own(frame):
            if frame.f_back is None:
                # A peer calls the debugger itself: what that runs is not stopped in.
                sys.settrace(None)
            return None
        ident = threading.get_ident()
        if not REACHES_ALL:
            self._reached.add(ident)
        mode = self._modes.get(ident)
        if mode is not None and mode.active:
            if mode.frame is None:
                if mode.reason == "step":
                    self._stop(frame, mode, "call", "", ())
                    return self._watch if self._is_watched(frame, mode) else None
                return self._watch
            if frame is mode.frame or frame is mode.returning:
                return self._watch
        return self._watch if self._breakpoints.wants(frame.f_code) else None

    def _is_watched(self, frame: types.FrameType, mode: Mode) -> bool:
        return self._is_on and (mode.active or self._breakpoints.wants(frame.f_code))

    def _watch(self, frame: types.FrameType, event: str, arg: Any) -> Callable[..., Any] | None:
        """Something happens in a frame that is watched."""
        if not self._is_on:
            self._leave_here()
            return None
        mode = self._modes.get(threading.get_ident())
        if event == "line":
            ids, wrong = self._breakpoints.met(frame)
            if ids:
                self._stop(frame, mode or self.mode(threading.get_ident()), "breakpoint", wrong, ids)
            elif mode is not None and mode.stops(frame):
                self._stop(frame, mode, mode.reason, "", ())
        elif mode is not None and mode.active:
            if event == "return":
                self._returns(frame, mode, arg)
            elif event == "exception" and mode.stops(frame) and not _is_inner(frame, mode, arg):
                self._stop(frame, mode, "exception", arg, ())
        if event == "return" and frame.f_code.co_flags & GENERATOR:
            # It may only be suspended; when it is resumed, that is seen.
            frame.f_trace = None
        # Taken out, where the stop had that done.
        return frame.f_trace

    def _returns(self, frame: types.FrameType, mode: Mode, value: Any) -> None:
        if not mode.stops(frame) and frame is not mode.returning:
            return
        if mode.frame is not None and frame.f_code.co_flags & GENERATOR:
            return
        self._stop(frame, mode, "return", value, ())
        if mode.active and mode.frame is frame and mode.line != -1:
            # There are no more lines of it: on to its caller.
            mode.stop()


def _is_inner(frame: types.FrameType, mode: Mode, raised: Any) -> bool:
    """Whether the end of a generator is all that was raised."""
    kind, _, traceback = raised
    return bool(frame.f_code.co_flags & GENERATOR and kind is StopIteration and traceback is None)


def _check_alone(watch: Callable[..., Any]) -> None:
    """There is one trace function at a time: that of another is not to be lost."""
    frames = [each for frame in sys._current_frames().values() for each in chain(frame)]
    if threading.gettrace() is not None or any(each.f_trace not in (None, watch) for each in frames):
        raise RuntimeError("the program is traced by something else already, such as another debugger or coverage: it"
                           " cannot be debugged meanwhile")


def _in_main(act: Callable[[], None]) -> None:
    if threading.current_thread() is threading.main_thread():
        act()
    else:
        _wherever.in_main_thread(act)
