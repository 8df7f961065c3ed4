"""Rust and Python together: objects, callbacks and errors of each on the other side."""

from __future__ import annotations

import inspect
import os

import pytest

import wherever

# The Rust side, as the gate has built it.
RUST = os.environ.get("WHEREVER_BESIDE_PYTHON")
pytestmark = pytest.mark.skipif(RUST is None, reason="WHEREVER_BESIDE_PYTHON names the Rust side; cargo xtask sets it")


@pytest.fixture
def peer():
    with wherever.connect_command([RUST], policy="open") as peer:
        yield peer


@wherever.exposed
class Greeter:
    """Greets in Python."""

    def __init__(self):
        self.mood = "grim"

    def greet(self, name: str) -> str:
        return f"hello {name}"

    def counts(self) -> dict:
        return {"a": 1, "b": 2}

    def numbers(self) -> list:
        return [1, 2, 3]

    def __repr__(self):
        return "Greeter!"

    def __add__(self, other):
        return 37 + other

    def __iter__(self):
        return iter("xyz")

    def __getitem__(self, place):
        return f"item {place}"

    def __len__(self):
        return 3


def test_a_rust_object_has_documentation_signatures_and_a_class(peer, messages):
    motor = peer.get("motor")
    Motor = type(motor)
    assert (Motor.__name__, Motor.__doc__) == ("Motor", "A motor on a bench.")
    assert motor.advance.__doc__ == "Moves by this many steps, and tells where it is."
    assert str(inspect.signature(motor.advance)) == "(steps: int) -> int"
    assert {"advance", "position", "burn"} <= set(dir(motor))
    assert messages(peer, lambda: motor.advance(3)) == (3, 2)
    assert messages(peer, lambda: motor.position) == (3, 2)
    assert messages(peer, lambda: hasattr(motor, "nothing")) == (False, 0)
    with pytest.raises(AttributeError):
        motor.position = 5


def test_rust_errors_are_exceptions(peer):
    motor = peer.get("motor")
    with pytest.raises(wherever.RemoteError, match="no further than 1000") as caught:
        motor.advance(2000)
    assert type(caught.value).__name__ == "MotorError" and caught.value.details == (("TooFar", 1000),)
    with pytest.raises(Exception, match="the coil burns") as caught:
        motor.burn()
    frames = inspect.getinnerframes(caught.tb)
    assert frames[-1].filename.endswith("beside_python.rs")
    with pytest.raises(Exception, match="No such file"):
        motor.open("/nowhere/at/all")
    with pytest.raises(TypeError, match="steps"):
        motor.advance("far")
    with pytest.raises(TypeError):
        motor.advance()
    assert motor.advance(1) == 1


def test_rust_calls_back(peer, messages):
    motor = peer.get("motor")
    told = []

    def step(n):
        told.append(n)
        return n * 10

    assert messages(peer, lambda: motor.step_by_step(3, step)) == (30, 8)
    assert told == [0, 1, 2]
    assert peer.get("double")(21) == 42


def test_rust_containers_are_containers(peer, messages):
    numbers, dict_, set_, bytes_ = (peer.get(name) for name in ("list", "dict", "set", "bytes"))
    assert isinstance(numbers, list) and list(numbers) == [1, "two"]
    numbers.append(3.5)
    numbers += [None]
    assert messages(peer, lambda: numbers == [1, "two", 3.5, None]) == (True, 2)
    assert numbers + [1] == [1, "two", 3.5, None, 1]
    assert (numbers[-1], numbers[0:2], len(numbers), 3.5 in numbers) == (None, [1, "two"], 4, True)
    with pytest.raises(IndexError):
        numbers[99]
    dict_["b"] = 2
    assert dict(dict_) == {"a": 1, "b": 2} and {**dict_} == {"a": 1, "b": 2} and dict_["a"] == 1
    with pytest.raises(KeyError):
        dict_["c"]
    set_.add(1)
    assert set_ == {1} and set_ | {2} == {1, 2}
    assert bytes(bytes_) == b"abc" and wherever.copy(bytes_) == bytearray(b"abc")
    assert wherever.copy(numbers) == [1, "two", 3.5, None]


def test_rust_uses_a_python_object_by_a_trait(peer):
    assert peer.get("typed")(Greeter()) == "hello Rust, 1, [1, 2, 3]"
    with pytest.raises(TypeError, match="counts"):
        peer.get("typed")(peer.get("double"))


def test_rust_uses_a_python_object_as_it_comes(peer):
    greeter = Greeter()
    told = peer.get("dynamic")(greeter)
    assert told == (f"python:{__name__}.Greeter", "hello dynamic", "Greeter!", 42, "fine", ("x", "y", "z"), "item 0", 3)
    assert greeter.mood == "fine"


def test_an_error_of_python_comes_back_through_rust_as_itself(peer):
    raised = ValueError("from python")

    def fails():
        raise raised

    with pytest.raises(ValueError) as caught:
        peer.get("failing")(fails)
    assert caught.value is raised
