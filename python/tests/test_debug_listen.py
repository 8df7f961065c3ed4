"""How a program lets itself be debugged: where it listens, for whom, and what it keeps."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import wherever
import wherever.debug

PROGRAM = """\
import os, select, signal, sys
import wherever.debug
%s
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0.05)[0]:
    # A signal that comes just before a wait is heeded when that is over.
    pass
"""


@pytest.fixture
def run(tmp_path: Any) -> Any:
    made = []

    def run(code: str, **environment: str) -> subprocess.Popen[str]:
        runtime = tmp_path / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        made.append(subprocess.Popen([sys.executable, "-c", PROGRAM % code], stdin=subprocess.PIPE, text=True,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     env={**os.environ, "XDG_RUNTIME_DIR": str(runtime), **environment}))
        return made[-1]

    yield run
    for process in made:
        process.kill()
        process.communicate()


def test_the_default_is_a_socket_that_only_the_user_can_reach_and_that_goes_with_the_process(run: Any, tmp_path: Any
                                                                                             ) -> None:
    process = run("server = wherever.debug.listen(); print(server.url); print(repr(server))")
    url, shown = process.stdout.readline().strip(), process.stdout.readline().strip()
    assert shown == f"<wherever.debug server at {url}>" and process.stdout.readline() == "ready\n"
    path = Path(url.partition("://")[2])
    assert path.name == f"debug-{process.pid}.sock" and path.parent == tmp_path / "runtime" / "wherever"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with wherever.connect(url) as peer:
        runtime, version, pid, _ = peer.get("debugger").about()
        assert (runtime, version) == ("CPython", ".".join(map(str, sys.version_info[:3])) ) and pid == process.pid
    process.communicate("\n", timeout=60)
    assert not path.exists()


def test_a_folder_that_others_may_enter_is_not_taken(run: Any, tmp_path: Any) -> None:
    (tmp_path / "runtime").mkdir(mode=0o700)
    (tmp_path / "runtime" / "wherever").mkdir(mode=0o755)
    process = run("wherever.debug.listen()")
    _, said = process.communicate("\n", timeout=60)
    assert re.search(r"PermissionError: .*/runtime/wherever is not a folder that only this user may enter", said)
    # Nor is who listens there taken for the process.
    os.environ["XDG_RUNTIME_DIR"], before = str(tmp_path / "runtime"), os.environ.get("XDG_RUNTIME_DIR", "")
    try:
        with pytest.raises(PermissionError, match="others may enter .*/runtime/wherever"):
            wherever.debug.attach(process.pid)
    finally:
        os.environ["XDG_RUNTIME_DIR"] = before
    # Nor is a runtime folder of which that is so: then it is one in the folder for temporary files.
    (tmp_path / "runtime").chmod(0o755)
    (tmp_path / "temporary").mkdir()
    process = run("print(wherever.debug.listen().url)", TMPDIR=str(tmp_path / "temporary"))
    folder = tmp_path / "temporary" / f"wherever-{os.getuid()}"
    assert process.stdout.readline() == f"unix://{folder}/debug-{process.pid}.sock\n"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("url", ["tcp://0.0.0.0:0", "tcp://127.0.0.1:0", "stdio:"])
def test_what_others_can_reach_is_refused_unless_asked_for(url: str) -> None:
    with pytest.raises(PermissionError, match="debugging is running any code in this process") as refused:
        wherever.debug.listen(url)
    assert "allow_others=True" in str(refused.value)
    if url == "tcp://127.0.0.1:0":
        with wherever.debug.listen(url, allow_others=True) as server, wherever.connect(server.url) as peer:
            assert peer.get("debugger").about()[2] == os.getpid()


def test_a_signal_has_it_listen(run: Any) -> None:
    process = run("wherever.debug.on_signal(signal.SIGUSR1)")
    assert process.stdout.readline() == "ready\n"
    for _ in range(2):
        # The second finds it listening, and says where.
        process.send_signal(signal.SIGUSR1)
        told = re.fullmatch(r"wherever: process (\d+) debugging at (unix://.*)\n", process.stderr.readline())
        assert told and int(told[1]) == process.pid
        with wherever.connect(told[2]) as peer:
            assert peer.get("debugger").threads()[0][1] == "MainThread"
    process.communicate("\n", timeout=60)
    assert not Path(told[2].partition("://")[2]).exists()


def test_nothing_listens_unless_asked(run: Any, tmp_path: Any) -> None:
    process = run("")
    assert process.stdout.readline() == "ready\n"
    assert list((tmp_path / "runtime").iterdir()) == []


KEEPS = """
import threading
server = wherever.debug.listen(keep_uncaught=True)
def fail(n):
    x = [n]
    raise ValueError(f"number {n}")
for n in range(20):
    try:
        fail(n)
    except ValueError as error:
        wherever.debug.keep(error)
thread = threading.Thread(target=fail, args=("thread",))
thread.start()
thread.join()
thread = threading.Thread(target=sys.exit)
thread.start()
thread.join()
try:
    fail("hook")
except ValueError:
    sys.excepthook(*sys.exc_info())
print(server.url)
"""


def test_errors_are_kept_to_be_looked_at_with_their_frames(run: Any) -> None:
    process = run(KEEPS)
    url = process.stdout.readline().strip()
    with wherever.connect(url) as peer:
        kept = peer.get("debugger").failures()
        titles = [title for title, _ in kept]
        assert len(titles) == 16 and titles[:3] == [
            "ValueError: number hook", "ValueError: number thread", "ValueError: number 19"]
        stack = kept[2][1]
        assert [place[5] for place in stack.places()] == ["<module>", "fail"]
        assert stack.evaluate(1, "x, n")[1] == "([19], 19)"
    _, said = process.communicate("\n", timeout=60)
    # They are printed as ever.
    assert said.count("ValueError: number thread") == 1 and said.count("ValueError: number hook") == 1


def test_a_program_that_is_traced_already_keeps_its_tracer(run: Any) -> None:
    process = run("""
import threading
def tracer(*_):
    return tracer
threading.settrace(tracer)
server = wherever.debug.listen()
print(server.url)
""")
    url = process.stdout.readline().strip()

    class Listener:
        @wherever.exposed
        def stopped(self, stop: Any) -> Any:
            return ("continue",)

    with wherever.connect(url) as peer:
        debugger = peer.get("debugger")
        debugger.attach(Listener())
        with pytest.raises(RuntimeError, match="traced by something else already"):
            debugger.pause(debugger.threads()[0][0])
        with pytest.raises(RuntimeError, match="traced by something else already"):
            debugger.set_breakpoint("", 0, "tracer", "", 0, False)
        assert debugger.breakpoints() == ()
        assert debugger.stack(debugger.threads()[0][0]).evaluate(0, "threading.gettrace() is tracer")[4] is True


def test_a_child_made_by_fork_is_not_debugged(run: Any) -> None:
    process = run("""
server = wherever.debug.listen()
print(server.url, flush=True)
sys.stdin.readline()
child = os.fork()
if child == 0:
    def walk(frame):
        while frame:
            yield frame.f_trace
            frame = frame.f_back
    clean = sys.gettrace() is None and not any(walk(sys._getframe())) and len(wherever.debug.AGENT.breakpoints) == 0
    os._exit(0 if clean else 1)
print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
print(os.path.exists(server.url.partition("://")[2]), flush=True)
""")
    url = process.stdout.readline().strip()

    class Listener:
        @wherever.exposed
        def stopped(self, stop: Any) -> Any:
            return ("continue",)

    with wherever.connect(url) as peer:
        debugger = peer.get("debugger")
        debugger.attach(Listener())
        debugger.set_breakpoint("", 0, "os.path.join", "", 0, False)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "child 0\n"
        assert process.stdout.readline() == "True\n"
        assert len(debugger.breakpoints()) == 1


FAILED = """
def check(n):
    items = [1, 2]
    raise ValueError(n)
for n in (1, "2\\x1b[2J"):
    try:
        check(n)
    except ValueError as error:
        wherever.debug.keep(error)
# Nobody holds what this gives.
wherever.debug.listen()
print(wherever.debug.default_url(), flush=True)
"""


def test_what_was_kept_opens_in_pdb_from_the_command_line(run: Any) -> None:
    process = run(FAILED)
    url = process.stdout.readline().strip()

    def pdb(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        done = subprocess.run([sys.executable, "-m", "wherever.pdb", *arguments], input=typed, text=True,
                              capture_output=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    assert pdb("--failures", url) == (0, "0  ValueError: 2?[2J\n1  ValueError: 1\n", "")
    code, printed, said = pdb("--failure", "1", url, typed="p n, items\nitems.append(4)\np items\nq\n")
    assert (code, said) == (0, "") and printed.startswith("ValueError: 1\n> ") and "check()" in printed
    assert "(1, [1, 2])" in printed and "[1, 2, 4]" in printed
    assert pdb("--failure", "7", url) == (1, "", f"{url}: the process has kept 2 errors\n")
    process.communicate("\n", timeout=60)
    code, printed, said = pdb(url)
    assert code == 1 and said.startswith(f"{url}: ") and "Traceback" not in said
