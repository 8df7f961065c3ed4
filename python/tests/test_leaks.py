"""Nothing stays: objects that were made, used and dropped leave no entry in a table and no memory behind."""

from __future__ import annotations

import gc
import os
import time
import weakref

import pytest

import wherever

PROGRAM = '''
import gc as _gc, os as _os, weakref as _weakref
class Thing:
    alive = 0
    def __init__(self, n):
        self.n = n
        Thing.alive += 1
    def __del__(self): Thing.alive -= 1
    def take(self, other): return other.n
    def give(self): return [Thing(self.n), {"k": Thing(1)}]
    def fail(self): raise LookupError(self)
def alive():
    _gc.collect()
    return Thing.alive
def count(these): return len(list(these))
def make(n): return [Thing(i) for i in range(n)]
def memory():
    _gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * _os.sysconf("SC_PAGE_SIZE")
def keep(thing):
    global kept
    kept = thing
def drop():
    global kept
    kept = None
'''


class Mine:
    alive = 0

    def __init__(self, n):
        self.n = n
        Mine.alive += 1

    def __del__(self):
        Mine.alive -= 1


def memory():
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def tables(peer):
    gc.collect()
    # What was dropped leaves with the next frame.
    for _ in range(3):
        peer.names()
    stats = peer.stats()
    return stats.imports, stats.exports, stats.questions


def eventually(fact):
    """Whether it comes true within some seconds: what happens on other threads has no moment of its own."""
    until = time.monotonic() + 10
    while not fact() and time.monotonic() < until:
        gc.collect()
        time.sleep(0.001)
    return fact()


def use(peer, Thing, rounds):
    """Two hundred objects a round, half of them on either side, used and dropped."""
    make, count = peer.get("make"), peer.get("count")
    for at in range(rounds):
        things = list(make(95))
        assert things[94].n == 94 and len(set(things)) == 95
        assert count([Mine(n) for n in range(99)]) == 99
        thing = Thing(at)
        assert thing.take(Mine(at)) == at
        first, second = thing.give()
        assert (first.n, second["k"].n) == (at, 1)
        try:
            thing.fail()
        except LookupError as error:
            assert error.args[0] is thing
        del thing, first, second


def test_a_hundred_thousand_objects_leave_nothing(start):
    peer = start(PROGRAM, here="open")
    Thing, alive, there = peer.get("Thing"), peer.get("alive"), peer.get("memory")
    use(peer, Thing, 20)
    before, memory_here, memory_there = tables(peer), memory(), there()
    use(peer, Thing, 500)
    assert tables(peer) == before
    assert alive() == 0 and Mine.alive == 0
    # Forty bytes for each object would be as much.
    assert memory() - memory_here < 4 << 20
    assert there() - memory_there < 4 << 20


def test_an_object_over_there_ends_when_its_last_stand_in_does_and_not_before(start):
    peer = start(PROGRAM)
    thing = peer.get("Thing")(1)
    other = peer.get("Thing")(2)
    peer.names()
    assert peer.get("alive")() == 2
    del thing
    gc.collect()
    peer.names()
    assert peer.get("alive")() == 1
    assert other.n == 2


def test_an_object_of_this_side_is_held_for_as_long_as_the_peer_holds_it(start):
    peer = start(PROGRAM)
    mine = Mine(1)
    gone = weakref.ref(mine)
    peer.get("keep")(mine)
    del mine
    gc.collect()
    assert gone() is not None
    peer.get("drop")()
    peer.names()
    assert eventually(lambda: gone() is None)


def test_closing_lets_everything_go(start):
    peer = start(PROGRAM)
    mine = Mine(1)
    gone = weakref.ref(mine)
    peer.get("keep")(mine)
    thing = peer.get("Thing")(1)
    del mine
    peer.close()
    assert eventually(lambda: gone() is None)
    with pytest.raises(wherever.Disconnected):
        thing.n


def test_classes_of_a_session_go_with_it(start):
    peer = start(PROGRAM)
    Thing = peer.get("Thing")
    gone = weakref.ref(Thing)
    peer.close()
    del Thing
    assert eventually(lambda: gone() is None)


def test_an_instance_that_has_its_own_remote_method_goes(start):
    Thing = start(PROGRAM).get("Thing")

    class Own(Thing):
        def __init__(self):
            self.kept = self.give

    own = Own()
    gone = weakref.ref(own)
    del own
    gc.collect()
    assert gone() is None
