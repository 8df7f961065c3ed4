"""What use of a remote object costs, in messages."""

from __future__ import annotations

import pytest

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

motor = Motor()
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
