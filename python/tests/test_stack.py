"""The object by which peers look into frames: of errors, and of threads that are somewhere."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from wherever._stack import Stack, shown

FAR = """
import sys
from wherever._stack import Stack

LIMIT = 10

def input(prompt):
    return "far " + prompt

class Box:
    kind = "box"

    def __init__(self, v):
        self.v = v

    def __repr__(self):
        return f"Box({self.v})"

class Slotted:
    __slots__ = ("a", "unset")

    def __init__(self):
        self.a = 1

class Broken:
    def __repr__(self):
        raise ValueError("no text")

def inner(box, items, flag=False, *rest, **opts):
    total = 0
    for i in items:
        total += i
    late = lambda: total
    if total > 100:
        never = 1
    x = (1, [2, {'k': box}])
    raise ValueError("zu groß", "überall" + nosuch)

def outer(n):
    msg = "hello"
    return inner(Box(n), list(range(n)), True, "r1", deep=1)

def failed():
    try:
        outer(9)
    except NameError as error:
        return Stack.of_error(error)

def waiting():
    value = 1
    def peek():
        return Stack.of_frame(sys._getframe(1), "here")
    stack = peek()
    return stack, lambda: value

slotted, broken = Slotted(), Broken()
"""


def test_places_name_the_code_and_columns_count_characters(start: Any) -> None:
    peer = start(FAR)
    stack = peer.get("failed")()
    assert stack.title() == "NameError: name 'nosuch' is not defined"
    told = stack.places()
    assert [(place[5], place[8]) for place in told] == [
        ("failed", "()"), ("outer", "(n)"), ("inner", "(box, items, flag, *rest, **opts)")]
    file, line, column, end_line, end_column, _, first, text, _ = told[-1]
    assert file.endswith("program.py")
    assert text == '    raise ValueError("zu groß", "überall" + nosuch)'
    source = stack.source(file).splitlines()
    assert source[line - 1] == text and source[first - 1].startswith("def inner(")
    if sys.version_info >= (3, 11):
        assert end_line == line and source[line - 1][column - 1:end_column - 1] == "nosuch"
    else:
        assert (column, end_line, end_column) == (0, 0, 0)


def test_contents_are_the_variables_and_come_in_one_message(start: Any, messages: Any) -> None:
    peer = start(FAR)
    stack = peer.get("failed")()
    (bound, unbound, hiding), count = messages(peer, lambda: stack.contents(2))
    assert count == 2
    known = dict(bound)
    assert list(known)[:5] == ["box", "items", "flag", "rest", "opts"]
    assert known["flag"] is True and known["rest"] == ("r1",) and known["total"] == 36
    assert unbound == ("never",)
    assert "input" in hiding and "__name__" in hiding and "LIMIT" not in hiding
    assert stack.global_value(2, "LIMIT") == 10
    assert stack.global_value(2, "input")("?") == "far ?"
    with pytest.raises(NameError, match="nosuch"):
        stack.global_value(2, "nosuch")


def test_variables_are_changed_where_they_live(start: Any) -> None:
    peer = start(FAR)
    stack = peer.get("failed")()
    stack.assign(2, "total", 1000)
    known = dict(stack.contents(2)[0])
    assert known["total"] == 1000
    # The code over there sees it, by the cell that it shares with the function in it.
    assert known["late"]() == 1000
    assert stack.assign_text(2, "total", "total + LIMIT")[:3] == ("total", "1010", "int")
    assert stack.evaluate(2, "late()")[1] == "1010"
    with pytest.raises(NameError, match="inner has no local variable 'other'"):
        stack.assign(2, "other", 1)
    with pytest.raises(IndexError, match="frame 3 of 3"):
        stack.contents(3)
    with pytest.raises(IndexError):
        stack.contents(-1)


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="3.13 has no way to unbind a variable of a function")
def test_a_variable_is_unbound(start: Any) -> None:
    stack = start(FAR).get("failed")()
    stack.remove(2, "x")
    bound, unbound, _ = stack.contents(2)
    assert "x" not in dict(bound) and "x" in unbound
    with pytest.raises(NameError):
        stack.remove(2, "x")


def test_expressions_and_statements(start: Any) -> None:
    peer = start(FAR)
    stack = peer.get("failed")()
    assert stack.evaluate(2, " total * 2 ")[1:4] == ("72", "int", 0)
    assert stack.evaluate(2, "[total + q + LIMIT for q in (1,)]")[1] == "[47]"
    assert stack.evaluate(2, "(lambda: flag)()")[1] == "True"
    assert stack.evaluate(2, "total = 5") is None
    assert stack.evaluate(2, "late()")[4] == 5
    with pytest.raises(NameError, match="nosuch"):
        stack.evaluate(2, "nosuch")
    with pytest.raises(SyntaxError):
        stack.evaluate(2, "1 +")


def test_what_is_within_a_value(start: Any) -> None:
    peer = start(FAR)
    stack = peer.get("failed")()
    told = {name: (text, kind, parts) for name, text, kind, parts, _ in stack.variables(2, "locals", 0, 100)}
    assert told["x"] == ("(1, [2, {'k': Box(9)}])", "tuple", 2)
    assert told["box"] == ("Box(9)", "Box", 1)
    assert len(stack.variables(2, "locals", 1, 2)) == 2
    assert "LIMIT" in {name for name, *_ in stack.variables(2, "globals", 0, 1000)}
    with pytest.raises(ValueError, match="scopes"):
        stack.variables(2, "other", 0, 1)
    x = dict(stack.contents(2)[0])["x"]
    (_, first, *_), (name, second, kind, parts, inside) = stack.parts(x, 0, 10)
    assert (first, name, second, kind, parts) == ("1", "1", "[2, {'k': Box(9)}]", "list", 2)
    assert stack.parts(inside, 1, 1)[0][:4] == ("1", "{'k': Box(9)}", "dict", 1)
    inner = stack.parts(inside, 1, 1)[0][4]
    key, _, _, _, box = stack.parts(inner, 0, 1)[0]
    assert key == "'k'"
    assert stack.parts(box, 0, 10)[0][:4] == ("v", "9", "int", 0)
    assert stack.assign_part(box, 2, "v", "total")[:2] == ("v", "36")
    assert stack.assign_part(inner, 2, "'k'", "LIMIT")[1] == "10"
    assert stack.assign_part(inside, 2, "0", "'two'")[1] == "'two'"
    assert stack.evaluate(2, "x, box")[1] == "((1, ['two', {'k': 10}]), Box(36))"
    with pytest.raises(TypeError, match="tuple"):
        stack.assign_part(x, 2, "0", "3")
    with pytest.raises(LookupError, match="no part of the name w"):
        stack.assign_part(box, 2, "w", "3")
    slotted = stack.parts(peer.get("slotted"), 0, 10)
    assert [part[:2] for part in slotted] == [("a", "1")]
    assert stack.evaluate(2, "broken")[1] == "<Broken whose text failed: ValueError>"


def test_only_files_of_its_frames_are_told(start: Any) -> None:
    stack = start(FAR).get("failed")()
    with pytest.raises(LookupError, match="/etc/hostname"):
        stack.source("/etc/hostname")


def test_the_frames_of_a_thread_from_the_outside_in(start: Any) -> None:
    stack, value = start(FAR).get("waiting")()
    assert stack.places()[-1][5] == "waiting"
    stack.assign(len(stack.places()) - 1, "value", 7)
    assert value() == 7


def test_the_variables_of_a_thread_that_runs_are_left_alone_where_that_could_undo_its_work() -> None:
    entered, end = threading.Event(), threading.Event()
    seen = []

    def slow() -> None:
        value = 1
        entered.set()
        end.wait(60)
        seen.append(value)

    thread = threading.Thread(target=slow)
    thread.start()
    try:
        assert entered.wait(60)
        frame = sys._current_frames()[thread.ident or 0]
        runs = [True]
        stack = Stack.of_frame(frame, runs=lambda: runs[0])
        place = [place[5] for place in stack.places()].index("slow")
        if sys.version_info < (3, 13):
            with pytest.raises(RuntimeError, match="the thread that is in slow runs"):
                stack.assign(place, "value", 2)
            runs[0] = False
        stack.assign(place, "value", 2)
    finally:
        end.set()
        thread.join()
    assert seen == [2]


def test_what_is_long_is_shown_by_its_beginning() -> None:
    for value in ("é" * 5000, [list(range(100))] * 100_000, {n: "x" * n for n in range(5000)}, b"a" * 5000, (1,), [[]],
                  frozenset([1]), {}, set(), "short", {1: (2, {3})}):
        text, whole = shown(value), repr(value)
        assert len(text) <= 1000
        assert text == whole if len(whole) <= 1000 else text.endswith("...") and whole.startswith(text[:-3])
    nested: list[Any] = []
    for _ in range(100):
        nested = [nested]
    assert shown(nested) == "[[[[[[[...]]]]]]]"
    itself: list[Any] = []
    itself.append(itself)
    assert shown(itself) == "[[[[[[[...]]]]]]]"
