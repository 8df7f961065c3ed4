"""Forks: what the child has of peers is dead, and harms nothing."""

from __future__ import annotations

import subprocess
import sys
import textwrap

OTHER = '''
import threading, wherever

class Box:
    a = 1

    def generate(self):
        yield from range(10)

wherever.serve_stdio({"box": Box(), "Box": Box, "numbers": [1, 2], "hang": threading.Event().wait}, policy="open")
# By itself, and not because it was killed.
open(__file__ + ".over", "w").close()
'''

BEGIN = '''
import gc, os, sys, threading, warnings
import wherever

warnings.simplefilter("ignore", DeprecationWarning)

def connect():
    return wherever.connect_command([sys.executable, sys.argv[1]], policy="open")

peer = connect()
folder = os.path.dirname(sys.argv[1])

def in_child(act):
    """Does this in a child, which ends as any program does; how it has ended."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        act()
        sys.exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
'''


def run(tmp_path, program, expected, *flags):
    other, file = tmp_path / "other.py", tmp_path / "program.py"
    other.write_text(OTHER)
    file.write_text(BEGIN + textwrap.dedent(program))
    done = subprocess.run([sys.executable, *flags, str(file), str(other)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=30)
    assert (done.stdout, done.stderr, done.returncode) == (expected, "", 0)


def test_every_use_in_the_child_says_that_it_is_dead(tmp_path):
    run(tmp_path, '''
        box, Box, numbers = peer.get("box"), peer.get("Box"), peer.get("numbers")
        steps, method = wherever.buffered(box.generate(), 2), box.generate
        promise = wherever.send(peer.get("hang"))
        node, batch = wherever.Node({"f": len}), peer.batch()
        server = node.serve(f"unix://{folder}/socket")

        def call():
            while True:
                box.a
                came.set()

        # They hold locks at the time of the fork, or not.
        came = threading.Event()
        for _ in range(3):
            threading.Thread(target=call, daemon=True).start()
        came.wait()

        USES = [
            lambda: peer.get("box"), lambda: peer.names(), lambda: peer.stats(), lambda: peer.root.box,
            lambda: box.a, lambda: setattr(box, "a", 2), lambda: delattr(box, "a"), lambda: method(), lambda: dir(box),
            lambda: Box(), lambda: Box.a, lambda: len(numbers), lambda: list(numbers), lambda: numbers == [1],
            lambda: wherever.copy(numbers), lambda: next(steps), lambda: promise.result(), lambda: promise.result(1),
            lambda: promise.done(), lambda: promise.cancel(), lambda: wherever.send(method),
            lambda: wherever.oneway(method), lambda: wherever.peer_of(box), lambda: server.wait(),
            lambda: server.peers(), lambda: node.connect(server.url), lambda: node.serve(f"unix://{folder}/other"),
            lambda: batch.__enter__(),
        ]

        def child():
            for number, use in enumerate(USES):
                try:
                    print("use", number, "gave", use())
                except wherever.Disconnected as error:
                    assert "forked" in str(error), error
            # What is dead is closed already.
            peer.close()
            server.close()
            global box, Box, numbers, steps, method, promise, batch
            del box, Box, numbers, steps, method, promise, batch
            gc.collect()

        for _ in range(5):
            print(in_child(child))
        assert box.a == 1 and not promise.done()
    ''', "7\n" * 5)


def test_the_child_makes_connections_of_its_own(tmp_path):
    run(tmp_path, '''
        import asyncio

        async def add(number):
            return number + 1

        server = wherever.serve(f"unix://{folder}/socket", {"add": add, "loop": lambda: threading.get_ident()})
        assert wherever.connect(server.url).get("add")(1).result() == 2

        def child():
            with connect() as own:
                assert own.get("box").a == 1
            # The server is the parent's, and is still there.
            with wherever.connect(server.url) as own:
                assert own.get("add")(2).result() == 3
            # Coroutines need a loop of this process.
            with wherever.pair({"add": add}) as own:
                assert own.get("add")(3).result() == 4

        print(in_child(child), in_child(child), peer.get("box").a)
    ''', "7 7 1\n")


def test_a_lock_that_another_thread_held_is_free_in_the_child(tmp_path):
    run(tmp_path, '''
        from wherever import _sources
        held, over = threading.Event(), threading.Event()

        def hold():
            with _sources._lock:
                held.set()
                over.wait()

        threading.Thread(target=hold).start()
        held.wait()

        def child():
            with connect() as own:
                try:
                    own.get("box").generate().throw(ValueError)
                except ValueError:
                    os._exit(7)

        print(in_child(child))
        over.set()
    ''', "7\n")


def test_peers_see_the_end_though_a_child_lives(tmp_path):
    run(tmp_path, '''
        import signal

        server = wherever.serve(f"unix://{folder}/socket", {"pid": os.getpid()})
        client = wherever.connect(server.url)
        other = peer.get("box").a
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            # Until the parent lets it go.
            os.close(writer)
            os.read(reader, 1)
            os._exit(0)
        # Its program ends with its standard input, of which the child would have a copy; and the port stays taken.
        peer.close()
        server.close()
        again = wherever.serve(f"unix://{folder}/socket", {"pid": 1})
        assert wherever.connect(again.url).get("pid") == 1
        while not os.path.exists(sys.argv[1] + ".over"):
            pass
        os.close(writer)
        os.waitpid(child, 0)
        print("done")
    ''', "done\n")


def test_a_fork_within_a_callback(tmp_path):
    run(tmp_path, '''
        numbers = peer.get("numbers")

        def fork(number):
            def child():
                try:
                    len(numbers)
                except wherever.Disconnected:
                    return
                os._exit(1)
            child_pid = os.fork()
            if child_pid == 0:
                child()
                os._exit(7)
            return -os.waitstatus_to_exitcode(os.waitpid(child_pid, 0)[1])

        numbers.sort(key=fork)
        print(list(numbers))
    ''', "[1, 2]\n")


def test_what_a_loop_waits_for_is_dead_in_a_child(tmp_path):
    run(tmp_path, '''
        import asyncio

        async def awaited(promise):
            return await promise

        def child(waiting):
            # Its end lets go of the promise.
            waiting.get_coro().close()
            gc.collect()
            os._exit(0)

        async def main():
            hang = wherever.send(peer.get("hang"), 0.5)
            waiting = asyncio.ensure_future(awaited(hang))
            await asyncio.sleep(0)
            # What the child drops is of the parent's session: there it goes on.
            print(in_child(lambda: child(waiting)))
            print(await waiting)

        asyncio.run(main())
    ''', "0\nFalse\n")
