"""What is shared within one value stays shared, and nothing else does."""

from __future__ import annotations

import datetime

PROGRAM = '''
def echo(value):
    return value


def same(pair):
    return pair[0] is pair[1]
'''


def test_values_that_stand_side_by_side_are_not_mixed_up(start):
    """Each is taken apart into values that live for a moment only, and whose places in memory are used again."""
    peer = start(PROGRAM)
    days = tuple(datetime.datetime(2000 + year, 1, 1) for year in range(50))
    assert peer.get("echo")(days) == days
    fractions = tuple(datetime.timedelta(seconds=second) for second in range(50))
    assert peer.get("echo")((days, fractions)) == (days, fractions)


def test_a_tuple_that_stands_twice_is_one(start):
    peer = start(PROGRAM)
    inner = (1, "a")
    assert peer.get("same")((inner, inner))
    assert not peer.get("same")((inner, (1, "b")))
