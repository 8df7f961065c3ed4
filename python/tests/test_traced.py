"""Errors and panics of a peer in Rust: the exported call, spans with their fields, and a backtrace that is
resolved when somebody looks, as frames of a traceback."""

from __future__ import annotations

import os
import re
import traceback

import pytest

import wherever
from pdb_session import spawn

# The Rust side, with the feature `tracing`, as the gate has built it.
TRACED = os.environ.get("WHEREVER_TRACED")
pytestmark = pytest.mark.skipif(TRACED is None, reason="WHEREVER_TRACED names the Rust side; cargo xtask sets it")
OPENED = f"""
peer = wherever.connect_command([{TRACED!r}], policy="open")
motor = peer.get("motor")
try:
    motor.burn(9)
except Exception as e:
    error = e
"""


@pytest.fixture
def start(monkeypatch):
    started = []

    def start(*words, backtraces=False):
        monkeypatch.setenv("RUST_BACKTRACE", "1" if backtraces else "0")
        started.append(wherever.connect_command([TRACED, *words], policy="open"))
        return started[-1], started[-1].get("motor")

    yield start
    for peer in started:
        peer.close()


def names(error):
    return [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]


def failure(act):
    with pytest.raises(Exception) as caught:
        act()
    return caught.value


@pytest.mark.parametrize("backtraces", [False, True])
def test_a_panic_in_a_span_opens_in_pdb(tmp_path, monkeypatch, backtraces):
    monkeypatch.setenv("RUST_BACKTRACE", str(int(backtraces)))
    session = spawn(tmp_path, OPENED + "pdb.post_mortem(error.__traceback__)\n")
    assert re.match(r"> /<peer \d+>/tests/traced/traced.rs\(\d+\)\?\(\)", session.prompt())
    lines = session.type("w").splitlines()[::2]
    assert "here.py" in lines[0] and lines[-1].startswith("> ")
    functions = [re.search(r"traced\.rs\(\d+\)(.*)\(\)$", line)[1] for line in lines[1:]]
    assert functions == ["Motor.burn", "work", "inner", "?"]
    assert session.trips() == 0
    assert session.type("p n") == "9"
    assert session.type("p n, what, speed, left, deep") == f"(9, 'turning', 1.5, True, {2**64 - 1})"
    assert session.trips() == 1
    resolved = "p __import__('__main__').motor.resolved()"
    assert session.type(resolved) == "0"
    if backtraces:
        assert re.search(r" inner\n +at .*/traced\.rs:\d+:5", session.type("p backtrace"))
        assert session.type(resolved) == "1"
    else:
        assert "NameError" in session.type("p backtrace")
    session.type("u")
    assert "NameError" in session.type("p n") and session.type("p deep") == str(2**64 - 1)
    assert "not changed" in session.type("!deep = 1")
    session.end()


def test_the_debugger_of_the_package_opens_the_backtrace_too(tmp_path, monkeypatch):
    monkeypatch.setenv("RUST_BACKTRACE", "1")
    session = spawn(tmp_path, OPENED + "print(motor.resolved())\nwherever.post_mortem(error)\n")
    assert session.prompt().startswith("0\n> ")
    shown = session.type("w")
    lines = [line for line in shown.splitlines() if "traced.rs" in line]
    functions = [re.search(r"traced\.rs\(\d+\)(.*)\(\)$", line)[1] for line in lines]
    assert functions == ["Motor.burn", "work", "inner", "traced::Motor::burn", "helper", "inner"]
    assert "-> helper(steps)" in shown and "-> panic!" in shown
    assert session.trips() == 0
    assert session.type("p n") == "9" and session.trips() == 1
    assert "let _inner = inner.enter();" in session.type("l") and session.trips() == 1
    assert "helper()" in session.type("u")
    session.end()


def test_it_is_opened_twice_with_each_frame_once(start):
    from wherever import _backtraces
    peer, motor = start(backtraces=True)
    error = failure(lambda: motor.burn(9))
    once = _backtraces.with_backtraces(error.__traceback__)
    assert motor.resolved() == 1
    twice = _backtraces.with_backtraces(once)
    functions = [[frame.f_code.co_name for frame, _ in traceback.walk_tb(made)] for made in (once, twice)]
    assert functions[0] == functions[1] and len(functions[0]) == len(names(error)) + 2


@pytest.mark.parametrize("backtraces", [False, True])
def test_raising_catching_and_printing_takes_two_messages(start, messages, backtraces):
    peer, motor = start(backtraces=backtraces)
    failure(lambda: motor.burn(9))

    def act():
        error = failure(lambda: motor.burn(9))
        return "".join(traceback.format_exception(type(error), error, error.__traceback__))

    printed, count = messages(peer, act)
    assert count == 2 and re.search(r"traced\.rs\", line \d+, in work\n", printed)
    assert printed.rstrip().endswith("the coil burns")
    assert motor.resolved() == 0


def test_errors_that_are_no_panics_and_tasks_are_in_their_spans(start):
    _, motor = start()
    failed = failure(lambda: motor.fails(7))
    assert names(failed)[-2:] == ["failing", "Motor.fails"] and type(failed).__name__ == "test:failed"
    waited = failure(lambda: motor.waits(lambda: None, 3))
    assert names(waited)[-2:] == ["task", "Motor.waits"]
    assert waited.__traceback__.tb_next is not None
    frames = [frame for frame, _ in traceback.walk_tb(waited.__traceback__)]
    assert dict(frames[-1].f_locals) == {"number": 3}
    plain = failure(motor.plain)
    assert names(plain)[-1] == "Motor.plain"


def test_rust_behind_python_behind_rust_tells_each_place_once(start):
    _, near = start()
    _, far = start()

    class Middle:
        def burn(self, steps):
            return far.burn(steps)

    def told(error):
        return [name for name in names(error) if not name.startswith("<") and name not in ("failure", "act")]

    direct = failure(lambda: near.calls(far, "burn"))
    assert told(direct)[-5:] == ["Motor.calls", "Motor.burn", "work", "inner", "?"]
    through = failure(lambda: near.calls(wherever.exposed(Middle)(), "burn"))
    found = told(through)
    assert found[-6:] == ["Motor.calls", "burn", "Motor.burn", "work", "inner", "?"], found
    frames = [frame for frame, _ in traceback.walk_tb(through.__traceback__)]
    assert frames[-1].f_locals["n"] == 9


def test_the_closed_policy_tells_no_fields(start, messages):
    peer, motor = start("closed", backtraces=True)
    error = failure(lambda: motor.burn(9))
    assert names(error)[-4:] == ["Motor.burn", "work", "inner", "?"]
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    assert messages(peer, lambda: dict(frames[-1].f_locals)) == ({}, 0)
    # What is exported is no secret.
    assert frames[-4].f_code.co_varnames == ("steps",)
    assert motor.resolved() == 0
