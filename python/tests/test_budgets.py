"""What use of a remote object costs, in messages."""

from __future__ import annotations

import operator
import traceback

import pytest

import wherever

PROGRAM = '''
class Motor:
    """Turns."""

    speed = 1

    def __init__(self):
        self.position = 0

    def move(self, steps):
        """Moves by this many steps."""
        self.position += steps
        return self.position

    def tell(self, whom):
        return whom(self.position)

    def fail(self):
        raise ValueError("failed")

    def next(self):
        return self

class Closed:
    __slots__ = ("n",)

motor = Motor()
motor.part = Motor()
motor.part.part = Motor()
motors = [Motor() for _ in range(100)]
dicts = [{"k": n} for n in range(100)]
closed = Closed()
numbers = list(range(10_000))
'''


@pytest.fixture
def peer(start):
    return start(PROGRAM)


def test_the_first_call_of_a_session_takes_four_messages(peer):
    peer.get("motor")
    stats = peer.stats()
    assert stats.messages_sent + stats.messages_received == 4
    assert (stats.frames_sent, stats.frames_received) == (1, 1)


def test_using_an_object_takes_two_messages(peer, messages):
    motor, numbers = peer.get("motor"), peer.get("numbers")
    assert messages(peer, lambda: motor.move(3)) == (3, 2)
    assert messages(peer, lambda: motor.position) == (3, 2)
    assert messages(peer, lambda: setattr(motor, "position", 9)) == (None, 2)
    assert messages(peer, lambda: numbers[7]) == (7, 2)
    assert messages(peer, lambda: len(numbers)) == (10_000, 2)
    assert messages(peer, lambda: peer.get("motor") is motor) == (True, 2)


def test_a_callback_takes_two_more(peer, messages):
    motor = peer.get("motor")
    assert messages(peer, lambda: motor.tell(lambda at: at + 1)) == (1, 4)


def test_what_is_known_takes_none(peer, messages):
    motor, Motor = peer.get("motor"), peer.get("Motor")
    assert messages(peer, lambda: type(motor) is Motor) == (True, 0)
    assert messages(peer, lambda: isinstance(motor, Motor)) == (True, 0)
    assert messages(peer, lambda: motor.move.__doc__) == ("Moves by this many steps.", 0)
    assert messages(peer, lambda: Motor.__doc__) == ("Turns.", 0)


def test_a_list_of_ten_thousand_is_read_in_one_round_trip(peer, messages):
    numbers = peer.get("numbers")
    done, count = messages(peer, lambda: [number for number in numbers])
    assert (done, count) == (list(range(10_000)), 2)


def frames(peer, act):
    before = peer.stats()
    act()
    after = peer.stats()
    return after.frames_sent - before.frames_sent, after.frames_received - before.frames_received


def test_a_chain_of_ten_calls_in_a_batch_takes_eleven_messages_and_a_frame_each_way(peer, messages):
    motor = peer.get("motor")

    def chain():
        with peer.batch():
            promise = wherever.send(motor.next)
            for _ in range(8):
                promise = promise.next()
            promise = promise.move(3)
        return promise.result()

    assert messages(peer, chain) == (3, 11)
    assert frames(peer, chain) == (1, 1)


def test_a_path_of_three_objects_is_one_message(peer, messages):
    motor = peer.get("motor")
    read = lambda: wherever.send(operator.attrgetter("part.part.position"), motor).result()  # noqa: E731
    assert messages(peer, read) == (0, 2)
    assert messages(peer, lambda: wherever.send(operator.methodcaller("move", 2), motor).result()) == (2, 2)
    assert messages(peer, lambda: wherever.send(operator.itemgetter(5), peer.get("numbers")).result()) == (5, 4)
    with pytest.raises(TypeError, match="one remote object"):
        wherever.send(operator.attrgetter("position"), 5)
    with pytest.raises(TypeError, match="one attribute"):
        wherever.send(operator.attrgetter("position", "part"), motor)


def test_an_attribute_of_a_hundred_objects_comes_along_with_them(peer, messages):
    motors = peer.get("motors")
    rows, count = messages(peer, lambda: wherever.prefetch(motors, "position", "speed"))
    assert count == 2 and [row[1:] for row in rows] == [(0, 1)] * 100
    assert rows[0][0] is motors[0]
    assert wherever.prefetch([1 + 2j], "real", "imag") == [(1 + 2j, 1.0, 2.0)]
    with pytest.raises(AttributeError):
        wherever.prefetch(motors, "nothing")
    # Without that each is read by itself, or they are asked for together.
    assert messages(peer, lambda: [motor.position for motor in motors])[1] == 202
    assert messages(peer, lambda: [each["k"] for each in wherever.copy(peer.get("dicts"))]) == (list(range(100)), 4)

    def together():
        held = list(motors)
        with peer.batch():
            promises = [wherever.send(operator.attrgetter("position"), motor) for motor in held]
        assert [promise.result() for promise in promises] == [0] * 100

    # Two frames leave. As many come back, or more: answers wait for each other no longer than a tick.
    assert frames(peer, together)[0] == 2


def test_dropping_costs_no_frame_of_its_own(peer):
    motor = peer.get("motor")
    held = [motor.next, motor.part, motor.part.part]
    quiet = frames(peer, lambda: motor.move(1))
    held.clear()
    assert frames(peer, lambda: motor.move(1)) == quiet == (1, 1)


def test_dir_and_what_is_missing_cost_as_the_shape_is(peer, messages):
    motor, closed = peer.get("motor"), peer.get("closed")
    assert messages(peer, lambda: "n" in dir(closed)) == (True, 0)
    assert messages(peer, lambda: hasattr(closed, "missing")) == (False, 0)
    assert messages(peer, lambda: "position" in dir(motor)) == (True, 2)
    assert messages(peer, lambda: hasattr(motor, "missing")) == (False, 2)


def test_raise_and_catch_take_two_with_the_text(peer, messages):
    motor = peer.get("motor")

    def text():
        try:
            motor.fail()
        except ValueError as error:
            return traceback.format_exc() and str(error)

    assert messages(peer, text) == ("failed", 2)
