"""Threads that end while they are stepped: nothing of that is left, and no other thread has to do with it."""

from __future__ import annotations

import sys
import threading
from typing import Any

from live_session import ASKED
from test_debugger import start, where  # noqa: F401
from wherever import _breakpoints, _tracing

ENDS = """
def short():
    a = 1
def go():
    thread = threading.Thread(target=short, daemon=True)
    thread.start()
    thread.join()
def waited():
    until = time.monotonic() + 15
    while traced() and time.monotonic() < until:
        time.sleep(0.01)
    return traced()
""" + ASKED


def test_a_thread_that_ends_while_it_is_stepped_leaves_nothing_traced(start: Any) -> None:  # noqa: F811
    attached = start(ENDS)
    attached.debugger.set_breakpoint("", 0, "short", "", 0, True)
    attached.process.ask("go()")
    stop = attached.stop()
    while where(stop)[:2] != ("return", "_bootstrap"):
        stop = attached.next(stop, "step")
    attached.go(stop, "step")
    assert attached.process.told() == ["done", None]
    assert attached.process.asked("waited()") == []


def test_a_thread_that_has_got_the_number_of_another_is_not_stepped() -> None:
    stops: list[Any] = []
    tracer = _tracing.Tracer(_breakpoints.Breakpoints(), lambda frame, *_: stops.append(frame.f_code.co_name))
    before = sys.gettrace(), threading.gettrace()

    class Thread(threading.Thread):
        def run(self) -> None:
            called()

    def called() -> None:
        return None

    class All(dict[int, Any]):
        """As if each thread had the number of one that was stepped when it ended."""

        def get(self, _thread: int, _default: Any = None) -> Any:
            return mode

    mode = _tracing.Mode()
    mode.stop()
    tracer._is_on, tracer._modes = True, All()
    threading.settrace(tracer._begin)
    try:
        thread = Thread()
        thread.start()
        thread.join()
        assert stops == [] and not mode.active
    finally:
        threading.settrace(before[1])
        sys.settrace(before[0])
