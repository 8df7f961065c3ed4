"""Signals while something remote is waited for."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

import wherever

# The other process sends the signal itself, once the call has come to it: then this one waits.
PROGRAM = '''
import asyncio
import os
import signal
import threading

released = threading.Event()
stopped = threading.Event()


def hang(number):
    """Sends the signal to the caller's process, and comes back when it is let."""
    os.kill(os.getppid(), number)
    released.wait()
    return "back"


def pester(number):
    """Sends the signal to the caller's process again and again, and comes back when it is let."""
    while not released.wait(0.02):
        os.kill(os.getppid(), number)
    return "back"


def hang_till_stopped(number):
    async def hang():
        try:
            os.kill(os.getppid(), number)
            await asyncio.Event().wait()
        finally:
            stopped.set()

    return hang()


def was_stopped():
    return stopped.wait(10)


def signal_twice(first, then):
    os.kill(os.getppid(), first)
    then()
    return "done"


def steps(number):
    yield 1
    pester(number)
    yield 2


class Slow:
    @property
    def attribute(self):
        return hang(signal.SIGINT)

    def __add__(self, other):
        return hang(signal.SIGINT)

    def __len__(self):
        return len(hang(signal.SIGINT))


slow = Slow()


def release():
    released.set()
'''


@pytest.fixture
def peer(start):
    return start(PROGRAM)


class Interrupted(Exception):
    pass


def raises(*_):
    raise Interrupted


@pytest.fixture
def handle():
    """Sets a handler for the time of the test."""
    before = {}

    def handle(number, handler):
        before.setdefault(number, signal.getsignal(number))
        signal.signal(number, handler)

    yield handle
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("use", [
    lambda peer: peer.get("hang")(signal.SIGINT),
    lambda peer: peer.get("slow").attribute,
    lambda peer: peer.get("slow") + 1,
    lambda peer: len(peer.get("slow")),
    lambda peer: wherever.send(peer.get("hang"), signal.SIGINT).result(),
    lambda peer: wherever.send(peer.get("hang"), signal.SIGINT).result(60),
], ids=["call", "attribute", "operator", "len", "result", "result in time"])
def test_ctrl_c_ends_what_waits_and_leaves_the_peer_usable(peer, use):
    # It would wait without end.
    with pytest.raises(KeyboardInterrupt):
        use(peer)
    peer.get("release")()


def test_an_interrupted_call_is_asked_to_stop(peer):
    with pytest.raises(KeyboardInterrupt):
        peer.get("hang_till_stopped")(signal.SIGINT)
    assert peer.get("was_stopped")() is True


def test_an_interrupted_promise_can_be_waited_for_again(peer, handle):
    waits = []
    handle(signal.SIGUSR1, lambda *_: waits and raises())
    promise = wherever.send(peer.get("pester"), signal.SIGUSR1)
    with pytest.raises(Interrupted):
        waits.append(True)
        promise.result()
    waits.clear()
    assert not promise.done()
    peer.get("release")()
    assert promise.result() == "back"


def test_a_step_of_a_generator_can_be_interrupted(peer):
    steps = peer.get("steps")(signal.SIGINT)
    assert next(steps) == 1
    with pytest.raises(KeyboardInterrupt):
        next(steps)
    peer.get("release")()


def test_an_interrupted_step_can_be_taken_again(peer, handle):
    waits = []
    handle(signal.SIGUSR1, lambda *_: waits and raises())
    steps = wherever.buffered(peer.get("steps")(signal.SIGUSR1), 1)
    assert next(steps) == 1
    with pytest.raises(Interrupted):
        waits.append(True)
        next(steps)
    waits.clear()
    peer.get("release")()
    assert list(steps) == [2]


def test_a_handler_may_raise_what_it_likes(peer, handle):
    handle(signal.SIGUSR1, raises)
    with pytest.raises(Interrupted):
        peer.get("hang")(signal.SIGUSR1)
    peer.get("release")()


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGALRM, signal.SIGINT])
def test_a_handler_that_does_not_raise_disturbs_nothing(peer, handle, number):
    came = []
    release = peer.get("release")
    # The call comes back only because the handler has run, and made a call itself, while it was waited for.
    handle(number, lambda *_: came.append(threading.current_thread()) or release())
    assert peer.get("hang")(number) == "back"
    assert came == [threading.main_thread()]


def test_a_handler_runs_while_another_thread_receives(peer, handle):
    """The main thread is parked then: nothing tells it of a signal but its own look."""
    waits = threading.Event()
    hang, release = peer.get("hang"), peer.get("release")
    handle(signal.SIGUSR1, lambda *_: waits.set())
    other = threading.Thread(target=lambda: hang(signal.SIGUSR1))
    other.start()
    # The other thread's call has come, so that it waits, and receives.
    while not waits.is_set():
        signal.sigtimedwait([], 0.01)
    handle(signal.SIGUSR1, lambda *_: release())
    assert hang(signal.SIGUSR1) == "back"
    other.join()


def test_ctrl_c_in_a_callback_is_raised_in_it(peer):
    seen = []

    def callback():
        try:
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):
                pass
        except KeyboardInterrupt:
            seen.append(threading.current_thread())
            raise

    with pytest.raises(KeyboardInterrupt):
        peer.get("signal_twice")(signal.SIGCONT, callback)
    assert seen == [threading.main_thread()]
    assert peer.get("signal_twice")(signal.SIGCONT, lambda: None) == "done"


def test_other_threads_run_no_handlers(peer, handle):
    came = []
    handle(signal.SIGUSR1, lambda *_: came.append(threading.current_thread()))
    results = []
    hang, release = peer.get("hang"), peer.get("release")
    thread = threading.Thread(target=lambda: results.append(hang(signal.SIGUSR1)))
    thread.start()
    while not came:
        signal.sigtimedwait([], 0.01)
    release()
    thread.join()
    assert (results, came) == (["back"], [threading.main_thread()])


def run(tmp_path, program, *arguments, **options):
    file = tmp_path / "alone.py"
    file.write_text(textwrap.dedent(program))
    return subprocess.Popen([sys.executable, str(file), *arguments], **options)


WAITS_FOR_CONNECTION = '''
import signal, sys, wherever
print("waits", flush=True)
try:
    wherever.connect(sys.argv[1])
except KeyboardInterrupt:
    print("interrupted", flush=True)
'''


def test_connecting_can_be_interrupted(tmp_path):
    import socket
    with socket.socket(socket.AF_UNIX) as listener:
        # It is connected to, and says nothing.
        path = str(tmp_path / "socket")
        listener.bind(path)
        listener.listen()
        process = run(tmp_path, WAITS_FOR_CONNECTION, f"unix://{path}", stdout=subprocess.PIPE, text=True)
        connection, _ = listener.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=10)
    assert (output, process.returncode) == ("waits\ninterrupted\n", 0)


SERVES = '''
import sys, wherever
with wherever.serve(sys.argv[1], {"add": lambda a, b: a + b}) as server:
    print(server.url, flush=True)
    try:
        server.wait()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
'''


def test_waiting_for_a_server_can_be_interrupted(tmp_path):
    process = run(tmp_path, SERVES, f"unix://{tmp_path}/socket", stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip()
    peer = wherever.connect(url)
    assert peer.get("add")(1, 2) == 3
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=10)
    assert (output, process.returncode) == ("interrupted\n", 0)
    with pytest.raises(wherever.Disconnected):
        peer.names()


def test_a_handler_interrupts_serving_the_parent(tmp_path):
    program = PROGRAM + textwrap.dedent('''
        import sys, wherever

        def handler(*_):
            raise RuntimeError("told to go")

        signal.signal(signal.SIGUSR1, handler)
        try:
            wherever.serve_stdio({"hang": hang, "pid": os.getpid()})
        except RuntimeError as error:
            print(error, file=sys.stderr)
            sys.exit(3)
    ''')
    file = tmp_path / "serves.py"
    file.write_text(program)
    peer = wherever.connect_command([sys.executable, str(file)])
    os.kill(peer.get("pid"), signal.SIGUSR1)
    with pytest.raises(wherever.Disconnected, match="the server stops"):
        wherever.send(peer.get("hang"), signal.SIGCONT).result()


IN_A_TERMINAL = '''
import sys, wherever
peer = wherever.connect_command([sys.executable, sys.argv[1]])
shout = peer.get("shout")
try:
    shout()
except KeyboardInterrupt:
    peer.get("release")()
    print("usable:", shout(), flush=True)
'''


def test_ctrl_c_of_a_terminal_interrupts_the_caller_and_spares_its_child(tmp_path):
    """The terminal sends it to both."""
    file = tmp_path / "serves.py"
    file.write_text(PROGRAM + textwrap.dedent('''
        import sys, wherever

        def shout():
            print("called", file=sys.stderr, flush=True)
            released.wait()
            return "back"

        wherever.serve_stdio({"shout": shout, "release": release}, policy="open")
    '''))
    owner, terminal = pty.openpty()

    def take_terminal():
        os.setsid()
        import fcntl
        import termios
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    process = run(tmp_path, IN_A_TERMINAL, str(file), stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                  text=True, preexec_fn=take_terminal)
    os.close(terminal)
    try:
        assert process.stderr.readline() == "called\n"
        os.write(owner, b"\x03")
        output, errors = process.communicate(timeout=20)
    finally:
        os.close(owner)
    assert (output, errors, process.returncode) == ("usable: back\n", "called\n", 0)
