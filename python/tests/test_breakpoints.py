"""Where breakpoints are, told to threads that run while others set some."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from wherever import _breakpoints


def subject() -> int:
    return 1


def test_what_a_thread_finds_out_while_a_breakpoint_is_set_does_not_hide_it(monkeypatch: pytest.MonkeyPatch) -> None:
    known = _breakpoints.Breakpoints()
    canonical = _breakpoints.canonical

    def set_meanwhile(name: str) -> str:
        monkeypatch.undo()
        # Another thread's turn, while this one looks into the file for the first time.
        known.add(__file__, subject.__code__.co_firstlineno + 1, "", "", 0, False)
        return canonical(name)

    monkeypatch.setattr(_breakpoints, "canonical", set_meanwhile)
    known.wants(subject.__code__)
    assert known.wants(subject.__code__)


def test_what_is_found_out_of_a_function_meanwhile_does_not_hide_it() -> None:
    known = _breakpoints.Breakpoints()
    line = subject.__code__.co_firstlineno + 1
    known.add(__file__, test_what_is_found_out_of_a_function_meanwhile_does_not_hide_it.__code__.co_firstlineno + 1,
              "", "", 0, False)
    done: list[Any] = []

    def trace(frame: Any, event: str, arg: Any) -> Any:
        if frame.f_code.co_name == "<genexpr>" and event == "return" and not done:
            done.append(known.add(__file__, line, "", "", 0, False))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        known.wants(subject.__code__)
    finally:
        sys.settrace(before)
    assert done and known.wants(subject.__code__)
