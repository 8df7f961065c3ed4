"""The end of the interpreter, whatever is alive by then: quick, silent, and seen by peers."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

import wherever

# What serves the one that ends.
OTHER = '''
import asyncio, sys, threading, wherever

class Box:
    a = 1

    def call(self, whom):
        return whom()

    def generate(self):
        yield from range(100)

async def never():
    await asyncio.Event().wait()

def keep(whom):
    global kept
    kept = whom

def pester(whom):
    """Calls again and again, on a thread of its own."""
    def run():
        try:
            while True:
                whom()
        except wherever.Disconnected:
            pass
    threading.Thread(target=run, daemon=True).start()

wherever.serve_stdio({"Box": Box, "box": Box(), "never": never, "hang": threading.Event().wait, "keep": keep,
                      "pester": pester, "call": lambda whom: whom()}, policy="open")
'''

BEGIN = '''
import asyncio, gc, os, sys, threading
import wherever

peer = wherever.connect_command([sys.executable, sys.argv[1]], policy="open")
box = peer.get("box")
folder = os.path.dirname(sys.argv[1])
came = threading.Event()
'''

ENDS = {
    "objects": "held = [peer.get('Box')() for _ in range(100)]",
    "a promise": "promise = wherever.send(peer.get('hang'))",
    "a call that is awaited": "promise = peer.get('never')()",
    "iterators": """
        steps = box.generate()
        next(steps)
        ahead = wherever.buffered(box.generate(), 5)
        next(ahead)
    """,
    "threads that wait": """
        for _ in range(4):
            threading.Thread(target=peer.get("hang"), daemon=True).start()
        wherever.send(peer.get("call"), came.set).result()
    """,
    "threads that call": """
        def call():
            while True:
                box.a
                came.set()
        for _ in range(4):
            threading.Thread(target=call, daemon=True).start()
        came.wait()
    """,
    "a server that is waited for": """
        server = wherever.serve(f"unix://{folder}/socket", {"box": box})
        threading.Thread(target=server.wait, daemon=True).start()
    """,
    "both sides of a session": """
        server = wherever.serve(f"unix://{folder}/socket", {"f": came.set})
        f = wherever.connect(f"unix://{folder}/socket").get("f")
        def call():
            while True:
                f()
        threading.Thread(target=call, daemon=True).start()
        came.wait()
    """,
    "a pair": """
        f = wherever.pair({"f": lambda: 1}).get("f")
        assert f() == 1
    """,
    "a peer that calls": """
        peer.get("pester")(came.set)
        came.wait()
    """,
    "a callback that is busy": """
        def busy():
            came.set()
            while True:
                pass
        wherever.oneway(peer.get("call"), busy)
        came.wait()
    """,
    "a callback that waits": """
        def wait():
            came.set()
            threading.Event().wait()
        promise = wherever.send(peer.get("call"), wait)
        came.wait()
    """,
    "coroutines of this side": """
        async def wait():
            came.set()
            await asyncio.Event().wait()
        async def busy():
            while True:
                await asyncio.sleep(0)
        promises = [wherever.send(peer.get("call"), each) for each in (wait, busy) * 3]
        came.wait()
    """,
    "tasks of a loop": """
        async def main():
            global tasks
            tasks = [asyncio.ensure_future(peer.get("never")()) for _ in range(10)]
            await wherever.send(peer.get("call"), came.set)
        asyncio.run(main())
    """,
    "a finalizer that calls": """
        class Calls:
            def __del__(self):
                try:
                    box.a
                except wherever.Disconnected:
                    pass
        calls, cycle = Calls(), Calls()
        cycle.self = cycle
    """,
    "a cycle": """
        class Cycle:
            pass
        cycle = Cycle()
        cycle.self, cycle.box = cycle, box
        del box, cycle
        gc.disable()
    """,
    "what the peer keeps": """
        class Kept:
            def __del__(self):
                box.a
        peer.get("keep")(Kept())
    """,
    "leaving within a callback": "box.call(lambda: sys.exit(0))",
    "leaving within a callback that nobody waits for": """
        wherever.oneway(peer.get("call"), lambda: sys.exit(1))
        box.a
    """,
    "a peer that was closed": "peer.close()",
    "a thread that waits for a time": """
        promise = wherever.send(peer.get("hang"))
        threading.Thread(target=lambda: promise.result(100), daemon=True).start()
    """,
}


@pytest.mark.parametrize("flags", [(), ("-X", "dev", "-X", "faulthandler")], ids=["plain", "dev"])
@pytest.mark.parametrize("what", ENDS)
def test_the_interpreter_ends_with(tmp_path, what, flags):
    other, program = tmp_path / "other.py", tmp_path / "program.py"
    other.write_text(OTHER)
    program.write_text(BEGIN + textwrap.dedent(ENDS[what]))
    # Its child inherits the standard error: that it closes means that the child has ended too.
    done = subprocess.run([sys.executable, *flags, str(program), str(other)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=20)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_the_peer_of_what_ends_is_told(start):
    peer = start('''
        import os, threading

        def leave():
            """The main thread ends when standard input does, and that was put to an end here."""
            threading.Thread(target=os._exit, args=(0,)).start()
            threading.Event().wait()
    ''')
    with pytest.raises(wherever.Disconnected) as caught:
        peer.get("leave")()
    assert caught.value.may_have_run
    with pytest.raises(wherever.Disconnected):
        peer.names()


def test_a_session_ends_when_nothing_refers_to_it(tmp_path):
    with wherever.serve(f"unix://{tmp_path}/socket", {"list": [1]}, policy="open") as server:
        peer = wherever.connect(server.url)
        remote = peer.get("list")
        del peer
        assert list(remote) == [1]
        del remote
        # Not at the end of the program.
        while server.peers():
            pass


SPAWNS = '''
import multiprocessing, sys
import wherever

def use(url):
    with wherever.connect(url) as peer:
        return peer.get("double")(21)

if __name__ == "__main__":
    method, folder = sys.argv[1:]
    context = multiprocessing.get_context(method)
    with wherever.serve(f"unix://{folder}/socket", {"double": lambda number: number * 2}) as server:
        assert wherever.connect(server.url).get("double")(1) == 2
        with context.Pool(2) as pool:
            print(pool.map(use, [server.url] * 4))
            pool.close()
            pool.join()
'''


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_multiprocessing(tmp_path, method):
    program = tmp_path / "program.py"
    program.write_text(SPAWNS)
    done = subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", str(program), method, str(tmp_path)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)
    assert (done.stdout, done.stderr, done.returncode) == ("[42, 42, 42, 42]\n", "", 0)
