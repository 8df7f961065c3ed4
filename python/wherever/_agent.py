"""What a process exports to be debugged: the members of `org.wherever.Debugger/1` over the threads that it has."""

from __future__ import annotations

import bdb
import collections
import linecache
import os
import platform
import sys
import threading
import time
import types
from typing import Any

from wherever import _wherever
from wherever._breakpoints import Breakpoints, Told, canonical, file_of, globals_of
from wherever._stack import At, Place, Stack, place_of, refresh, shown, source_of, title_of
from wherever._tracing import Mode, Tracer, chain, is_own

# Errors that are kept, each with its frames and what they hold.
KEPT_MAX = 16
# How often is looked whether the session is over, and whether threads are that were stepped, in seconds.
LOOK_EVERY = 0.1

GONE = "the thread has gone on since: its frames are no longer what they were"


class Stopped:
    """A thread that waits for a command."""

    __slots__ = ("frame", "promise")

    def __init__(self, frame: types.FrameType, promise: Any) -> None:
        self.frame = frame
        self.promise = promise


class Agent:
    """The debugged side of this process: there is one, whatever it is served by."""

    def __init__(self) -> None:
        self.breakpoints = Breakpoints()
        self.tracer = Tracer(self.breakpoints, self._stop)
        self.stopped: dict[int, Stopped] = {}
        self.kept: collections.deque[tuple[str, Stack]] = collections.deque(maxlen=KEPT_MAX)
        self._lock = threading.RLock()
        self.listener: Any = None
        self._left = threading.Event()

    def attach(self, listener: Any) -> None:
        if not _wherever.is_remote(listener):
            raise TypeError("an object of the debugging side's is wanted, with a member `stopped`")
        peer = _wherever.peer_of(listener)
        with self._lock:
            if self.listener is not None:
                held_by = _wherever.peer_of(self.listener)
                if held_by is not None and not held_by.closed:
                    raise RuntimeError(f"process {os.getpid()} is being debugged by {held_by!r}: one can at a time")
                self.detach()
            self.listener = listener
            self._left = left = threading.Event()
        watched = peer, listener, left
        threading.Thread(target=self._look_after, args=watched, name="wherever-debug", daemon=True).start()

    def _look_after(self, peer: Any, listener: Any, left: threading.Event) -> None:
        while not left.wait(LOOK_EVERY):
            if peer.closed:
                self._leave(listener)
                return
            if self.tracer.forget_ended():
                self.update()

    def _leave(self, listener: Any) -> None:
        with self._lock:
            if self.listener is listener:
                self.detach()

    def detach(self) -> None:
        with self._lock:
            self.listener = None
            self._left.set()
            self.breakpoints.clear()
            self.tracer.off()
            waiting = list(self.stopped.values())
        for stopped in waiting:
            stopped.promise.cancel()

    def check_attached(self) -> None:
        if self.listener is None:
            raise RuntimeError("nobody has attached: breakpoints and pauses are for a listener that is told of stops")

    def update(self) -> None:
        """Has as much watched as there is to be stopped at."""
        with self._lock:
            # What a thread that waits will need is not known yet.
            if self.stopped or self.tracer.needed():
                self.tracer.on()
            else:
                self.tracer.off()

    def forget(self) -> None:
        """The process was forked: it is the other one that is debugged."""
        self._lock = threading.RLock()
        self.listener = None
        self._left = threading.Event()
        self.stopped.clear()
        self.breakpoints.forget_lock()
        self.breakpoints.clear()
        self.tracer.off()

    def _stop(self, frame: types.FrameType, mode: Mode, reason: str, detail: Any, ids: tuple[int, ...]) -> None:
        """Tells of a stop, and has the thread go on as it is told to."""
        if reason == "return":
            detail = shown(detail)
        elif reason == "exception":
            detail = title_of(detail[1])
        # Who asks for a pause from now on, asks for the next.
        mode.go_on()
        while True:
            command = self._ask(frame, reason, detail, ids)
            if command[0] != "jump":
                break
            reason, detail, ids = "step", "", ()
            try:
                frame.f_lineno = command[1]
            except (ValueError, TypeError) as refused:
                detail = f"{type(refused).__name__}: {refused}"
        try:
            self._go(frame, mode, command)
        finally:
            refresh(frame)

    def _ask(self, frame: types.FrameType, reason: str, detail: str, ids: tuple[int, ...]) -> tuple[Any, ...]:
        listener = self.listener
        if listener is None:
            return ("continue",)
        ident, thread = threading.get_ident(), name_of(threading.get_ident())
        stack = Stack.of_frame(frame, thread)
        places = stack.places()
        try:
            # In a batch it leaves only when this thread waits: what the listener asks is then served by this thread.
            with _wherever.peer_of(listener).batch():
                promise = _wherever.send(listener.stopped, (reason, ident, thread, places, stack, detail, ids))
                self.stopped[ident] = Stopped(frame, promise)
                if self.listener is not listener:
                    # Detached meanwhile, by somebody who knew nothing of this stop.
                    return ("continue",)
                return checked(promise.result(), len(places))
        except Exception as failed:
            if self.listener is listener:
                print(f"wherever: detached from what debugged this process: {title_of(failed)}", file=sys.stderr)
                self._leave(listener)
            return ("continue",)
        except BaseException:
            # It was for the program: Ctrl-C at its own terminal, for one.
            self._leave(listener)
            raise
        finally:
            self.stopped.pop(ident, None)
            stack.close(GONE)

    def _go(self, frame: types.FrameType, mode: Mode, command: tuple[Any, ...]) -> None:
        word, *more = command
        if self.listener is None:
            return
        if word == "detach":
            self.detach()
            return
        line = more.pop(0) if word in LINED else 0
        chosen = list(chain(frame))[-1 - more[0]] if more else frame
        if mode.active:
            # It was paused meanwhile, which is sooner than all else.
            pass
        elif word == "step":
            mode.stop()
        elif word == "next":
            mode.stop(chosen)
        elif word == "return":
            mode.stop(chosen, chosen, -1)
        elif word == "until":
            mode.stop(chosen, chosen, line)
        self.update()
        self.tracer.watch_chain(frame, mode)
        if word == "quit":
            # What is raised in a trace function ends the tracing of its thread, when it is out of that.
            if threading.current_thread() is threading.main_thread():
                _wherever.in_main_thread(self._trace_main_again)
            else:
                threading.Thread(target=self._trace_again, args=(threading.get_ident(),), name="wherever-debug",
                                 daemon=True).start()
            raise bdb.BdbQuit

    def _trace_main_again(self) -> None:
        if _is_quitting(sys._getframe()):
            _wherever.in_main_thread(self._trace_main_again)
        else:
            self.update()

    def _trace_again(self, thread: int) -> None:
        while _is_quitting(sys._current_frames().get(thread)):
            time.sleep(0.001)
        self.update()


def _is_quitting(frame: types.FrameType | None) -> bool:
    return any(each.f_code is Agent._stop.__code__ for each in chain(frame))


COMMANDS = ("continue", "step", "next", "return", "until", "jump", "detach", "quit")
# Those with a line behind the word, and those with the index of a frame behind all else, if it is not the innermost.
LINED = ("until", "jump")
FRAMED = ("next", "return", "until")


def checked(command: Any, frames: int) -> tuple[Any, ...]:
    if isinstance(command, tuple) and command and command[0] in COMMANDS:
        more = list(command[1:])
        is_right = all(type(number) is int for number in more)
        if command[0] in LINED:
            is_right = is_right and bool(more) and more.pop(0) >= 1
        if command[0] in FRAMED and more:
            is_right = is_right and 0 <= more.pop(0) < frames
        if is_right and not more:
            return command
    raise ValueError(f"the listener gave no command by which the thread goes on, but {command!r}")


def name_of(ident: int) -> str:
    thread = threading._active.get(ident)  # type: ignore[attr-defined]
    return f"thread {ident}" if thread is None else str(thread.name)


def frames_of_program() -> dict[int, types.FrameType]:
    """The threads that run the program's code, each with the innermost frame of that."""
    found = {}
    for ident, frame in sys._current_frames().items():
        theirs = next((each for each in chain(frame) if not is_own(each)), None)
        outermost = list(chain(frame))[-1]
        if theirs is not None and not is_own(outermost) and name_of(ident) != "wherever-debug":
            found[ident] = theirs
    return found


AGENT = Agent()


class Debugger:
    """The process as it is debugged."""

    __wherever_interfaces__ = ("org.wherever.Debugger/1",)

    def about(self) -> tuple[str, str, int, str]:
        program = getattr(sys.modules.get("__main__"), "__file__", None) or (sys.argv or [""])[0]
        return platform.python_implementation(), platform.python_version(), os.getpid(), str(program)

    def failures(self) -> tuple[tuple[str, Stack], ...]:
        return tuple(reversed(list(AGENT.kept)))

    def threads(self) -> tuple[tuple[int, str, bool, Place | None], ...]:
        frames = frames_of_program()
        main = threading.main_thread().ident or 0
        order = sorted({*frames, main}, key=lambda ident: (ident != main, ident))
        told = []
        for ident in order:
            stopped = AGENT.stopped.get(ident)
            frame = stopped.frame if stopped else frames.get(ident)
            place = None if frame is None else place_of(At(frame, frame.f_lineno or 0, frame.f_lasti))
            told.append((ident, name_of(ident), stopped is not None, place))
        return tuple(told)

    def stack(self, thread: int) -> Stack:
        stopped = AGENT.stopped.get(thread)
        frame = stopped.frame if stopped else frames_of_program().get(thread)
        if frame is None:
            raise LookupError(f"there is no thread {thread} that runs code of the program's")
        return Stack.of_frame(frame, name_of(thread), runs=lambda: thread not in AGENT.stopped)

    def attach(self, listener: Any) -> None:
        AGENT.attach(listener)

    def detach(self) -> None:
        AGENT.detach()

    def pause(self, thread: int) -> None:
        AGENT.check_attached()
        if thread not in AGENT.stopped and thread not in frames_of_program():
            raise LookupError(f"there is no thread {thread} that runs code of the program's")
        AGENT.tracer.check_reached(thread, name_of(thread))
        mode = AGENT.tracer.mode(thread)
        mode.stop(reason="pause")
        try:
            AGENT.update()
        except RuntimeError:
            mode.go_on()
            raise

    def set_breakpoint(self, file: str, line: int, function: str, condition: str = "", ignore: int = 0,
                       temporary: bool = False) -> tuple[int, str, int]:
        AGENT.check_attached()
        made = AGENT.breakpoints.add(file, line, function, condition, ignore, temporary)
        try:
            AGENT.update()
        except RuntimeError:
            AGENT.breakpoints.remove(made.id)
            raise
        return made.id, made.file, made.line

    def clear_breakpoint(self, id: int) -> None:
        AGENT.breakpoints.remove(id)
        AGENT.update()

    def breakpoints(self) -> tuple[Told, ...]:
        return AGENT.breakpoints.told()

    def source(self, file: str) -> str:
        if linecache.getlines(file):
            return source_of(file)
        found = canonical(file_of(file))
        return source_of(found, globals_of(found))
