"""The end of a prompt, and of what a peer says of its frames."""

from __future__ import annotations

import threading
from typing import Any

from wherever import _frames, _live


def test_a_prompt_that_was_given_up_waits_for_no_more_lines() -> None:
    live: Any = _live.Live.__new__(_live.Live)
    live._over, live._is_wanted = threading.Event(), threading.Event()
    live._over.set()
    read: list[str] = []
    thread = threading.Thread(target=lambda: read.append(live.read("(Pdb) ")), daemon=True)
    thread.start()
    thread.join(10)
    assert read == [""]


def test_a_function_that_is_said_to_be_endless_takes_no_memory() -> None:
    code = _frames._code("/<peer>/x.py", "f", 1, (1 << 30, 0, 0), "")
    assert code.co_firstlineno == 1 << 30
    assert _frames._code("/<peer>/x.py", "f", 1, (9, 0, 0), "").co_firstlineno == 1
