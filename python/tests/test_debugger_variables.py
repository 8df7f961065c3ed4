"""The variables of a thread that is stopped are its own: what others do to them meanwhile stays done."""

from __future__ import annotations

import sys
from typing import Any

from live_session import ASKED
from test_debugger import start, where  # noqa: F401

SHARED = """
def shared():
    n, bumps, more = 0, [], threading.Event()
    def bump():
        nonlocal n
        n += 1
        bumps.append(n)
        return n
    def count():
        while not more.wait(0.001):
            bump()
    thread = threading.Thread(target=count)
    thread.start()
    stopped = None
    more.set()
    thread.join()
    return n, len(bumps)
def called():
    n = 0
    def bump():
        nonlocal n
        n += 1
        return n
    told = None
    return n
""" + ASKED


def stop_at(attached: Any, line: str, expression: str) -> Any:
    at = attached.debugger.source("program.py").splitlines().index(f"    {line}") + 1
    attached.debugger.set_breakpoint("program.py", at, "", "", 0, True)
    attached.process.ask(expression)
    return attached.stop()


def test_what_another_thread_sets_while_one_is_stopped_is_not_undone(start: Any) -> None:  # noqa: F811
    attached = start(SHARED)
    stop = stop_at(attached, "stopped = None", "shared()")
    here = len(stop[3]) - 1

    def bumps() -> int:
        return int(stop[4].evaluate(here, "len(bumps)")[4])

    seen = attached.within(stop, bumps)
    while attached.within(stop, bumps) < seen + 10:
        pass
    attached.go(stop, "continue")
    _, (n, bumped) = attached.process.told()
    assert n == bumped


def test_what_is_called_in_an_expression_sets_what_it_sets(start: Any) -> None:  # noqa: F811
    attached = start(SHARED)
    stop = stop_at(attached, "told = None", "called()")
    here = len(stop[3]) - 1

    def evaluate(text: str) -> Any:
        told = attached.within(stop, lambda: stop[4].evaluate(here, text))
        return None if told is None else told[4]

    assert evaluate("bump(), n") == (1, 1)
    assert evaluate("bump(); told = n; other = 5") is None
    assert evaluate("n, told, other") == (2, 2, 5)
    assert evaluate("del told") is None if sys.version_info < (3, 13) else True
    assert where(attached.next(stop, "next"))[1] == "called"
    attached.go(stop, "continue")
    assert attached.process.told() == ["done", 2]
