"""Threads: waits that hold up nobody, callbacks where they are waited for, and finalizers anywhere."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref

import pytest

import wherever

PROGRAM = '''
import threading

released = threading.Event()


class Adder:
    def __init__(self, base):
        self.base = base

    def add(self, number):
        return self.base + number


def make(base):
    return Adder(base)


def wait():
    released.wait()
    return "done"


def release():
    released.set()


def call(whom, *args):
    return whom(*args)


def call_deep(whom, depth):
    return whom(depth)


class Slow:
    def __iter__(self):
        yield 1
        released.wait()
        yield 2
'''


@pytest.fixture
def peer(start):
    return start(PROGRAM)


@pytest.mark.parametrize("use", [
    lambda peer: peer.get("wait")(),
    lambda peer: wherever.send(peer.get("wait")).result(),
    lambda peer: wherever.send(peer.get("wait")).result(60),
    lambda peer: list(iter(peer.get("Slow")())),
], ids=["call", "result", "result in time", "iteration"])
def test_the_interpreter_is_free_for_others_while_one_waits(peer, use):
    """The one that waits comes back only because another has run."""
    release, waits = peer.get("release"), threading.Event()

    def other():
        waits.wait()
        sum(range(100_000))
        release()

    thread = threading.Thread(target=other)
    thread.start()
    waits.set()
    assert use(peer)
    thread.join()


def test_callbacks_run_on_the_thread_that_waits(peer):
    own = threading.local()
    results = {}
    call = peer.get("call")

    def work(number):
        own.number = number
        results[number] = [call(lambda: (threading.get_ident(), own.number)) for _ in range(50)]
        idents[number] = threading.get_ident()

    idents = {}
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: [(idents[number], number)] * 50 for number in range(4)}


def test_nested_calls_stay_on_their_thread(peer):
    call, here = peer.get("call_deep"), []

    def back(depth):
        here.append(threading.get_ident())
        return depth if depth == 0 else call(back, depth - 1)

    assert call(back, 20) == 0
    assert here == [threading.get_ident()] * 21


def test_eight_threads_share_a_peer_and_each_has_its_answers(peer):
    make, failed = peer.get("make"), []

    def work(number):
        adder = make(number * 1000)
        if [adder.add(step) for step in range(200)] != [number * 1000 + step for step in range(200)]:
            failed.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    gc.collect()
    assert peer.get("make") is make


def test_a_peer_that_is_closed_while_threads_use_it(peer):
    adder, came = peer.get("make")(0), threading.Barrier(5)
    ends = []

    def work():
        adder.add(1)
        came.wait()
        try:
            while True:
                assert adder.add(1) == 1
        except wherever.Disconnected:
            ends.append("told")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    came.wait()
    peer.close()
    for thread in threads:
        thread.join()
    assert ends == ["told"] * 4


def test_finalizers_that_call_run_wherever_the_collector_comes(peer):
    adder, call, done = peer.get("make")(1), peer.get("call"), []

    class Calls:
        def __del__(self):
            done.append(adder.add(1))

    def back():
        cycle = Calls()
        cycle.self = cycle
        del cycle
        gc.collect()
        return len(done)

    assert [call(back) for _ in range(20)] == list(range(1, 21))
    assert done == [2] * 20


def test_collections_at_any_allocation_do_no_harm(peer):
    make, call = peer.get("make"), peer.get("call")
    before = gc.get_threshold()

    class Node:
        pass

    def litter():
        node = Node()
        node.self, node.remote = node, make(1)

    def work():
        for _ in range(30):
            litter()
            call(litter)

    gc.set_threshold(1, 1, 1)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.set_threshold(*before)
    gc.collect()
    assert make(2).add(3) == 5


def test_peers_are_dropped_and_closed_by_finalizers(tmp_path):
    with wherever.serve(f"unix://{tmp_path}/socket", {"add": lambda a, b: a + b, "call": lambda f: f()}) as server:
        peer = wherever.connect(server.url)
        call = peer.get("call")

        class Holder:
            def __init__(self):
                self.peer = wherever.connect(server.url)
                self.add = self.peer.get("add")

            def __del__(self):
                assert self.add(1, 2) == 3
                self.peer.close()
                gone.append(True)

        gone = []

        def back():
            holder = Holder()
            holder.self = holder
            reference = weakref.ref(holder)
            del holder
            gc.collect()
            return reference() is None

        assert [call(back) for _ in range(5)] == [True] * 5
        assert gone == [True] * 5


def test_a_program_of_threads_and_finalizers_ends(tmp_path):
    program = tmp_path / "program.py"
    program.write_text('''
import gc, threading, wherever
peer = wherever.pair({"f": lambda g: g(), "o": lambda: object()})
f, o = peer.get("f"), peer.get("o")

class Calls:
    def __init__(self):
        self.self, self.o = self, o()
    def __del__(self):
        f(lambda: None)

gc.set_threshold(5, 1, 1)
def work():
    for _ in range(20):
        f(Calls)
threads = [threading.Thread(target=work) for _ in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print("done")
''')
    done = subprocess.run([sys.executable, str(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=30)
    # What is left for the end finds its session closed, and says so.
    assert (done.stdout, done.returncode) == ("done\n", 0)
