"""A process that lets itself be debugged, and a prompt over it on a pseudo-terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pexpect

from pdb_session import Session

# What is debugged. Its line numbers are told in the tests.
SUBJECT = '''\
"""What is debugged."""
LIMIT = 10

class Box:
    def __init__(self, v):
        self.v = v
    def __repr__(self):
        return f"Box({self.v})"

def inner(box, items, flag, *rest, **opts):
    total = 0
    for i in items:
        total += i
    x = [1, 2, {"k": box}]
    return total

def outer(n):
    msg = "hello"
    result = inner(Box(n), list(range(n)), True, "r1", deep=1)
    result += LIMIT - LIMIT
    return result
'''

# It is told by lines on its standard input what to do, and tells of it on its standard output.
PROGRAM = """\
import json, sys, threading, time
import wherever.debug
sys.path.insert(0, %(folder)r)
import subject
server = wherever.debug.listen(%(url)r)
def tell(*what):
    print(json.dumps(what), flush=True)
def traced():
    frames = [frame for top in sys._current_frames().values() for frame in walk(top)]
    return [frame.f_code.co_name for frame in frames if frame.f_trace is not None] + [str(sys.gettrace())] * (
        sys.gettrace() is not None)
def walk(frame):
    while frame is not None:
        yield frame
        frame = frame.f_back
tell("ready", server.url)
%(code)s
"""

ASKED = """
def serve():
    for line in sys.stdin:
        try:
            tell("done", eval(line))
        except BaseException as error:
            tell("failed", type(error).__name__, str(error))
serve()
"""

FRONT = """\
import json, os, signal, socket, sys, threading
import wherever
from wherever import _live
signal.signal(signal.SIGINT, signal.default_int_handler)
peer = wherever.connect(%r)
server = socket.socket(socket.AF_UNIX)
server.bind(%r)
server.listen()
def meter():
    while True:
        asked, _ = server.accept()
        asked.sendall(json.dumps(dict(peer.stats())).encode())
        asked.close()
threading.Thread(target=meter, daemon=True).start()
_live.Live(peer, peer.get("debugger")).run()
print("the prompt is over")
"""


class Debuggee:
    """A process that is debugged."""

    def __init__(self, folder: Path, code: str = ASKED, *, url: str | None = None) -> None:
        self.url = url or f"unix://{folder}/debug.sock"
        self.file = folder / "program.py"
        (folder / "subject.py").write_text(SUBJECT)
        self.file.write_text(PROGRAM % {"folder": str(folder), "url": self.url, "code": textwrap.dedent(code)})
        self.process = subprocess.Popen([sys.executable, str(self.file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.told()

    def told(self) -> list[Any]:
        """The next that it tells."""
        import json
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        told: list[Any] = json.loads(line)
        return told

    def ask(self, expression: str) -> None:
        self.process.stdin.write(expression + "\n")
        self.process.stdin.flush()

    def asked(self, expression: str) -> Any:
        self.ask(expression)
        word, *told = self.told()
        assert word == "done", told
        return told[0]

    def end(self) -> str:
        """Has it end by itself; what it has said on its standard error."""
        _, said = self.process.communicate(timeout=60)
        return str(said)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def attach(folder: Path, debuggee: Debuggee) -> Session:
    """A prompt over the process, in a process of its own."""
    number = len(list(folder.glob("front_*.py")))
    script, meter = folder / f"front_{number}.py", folder / f"meter_{number}"
    script.write_text(FRONT % (debuggee.url, str(meter)))
    child = pexpect.spawn(sys.executable, [str(script)], encoding="utf-8", timeout=20, echo=False, cwd=str(folder),
                          env={**os.environ, "TERM": "dumb", "PYTHON_COLORS": "0", "NO_COLOR": "1"},
                          dimensions=(50, 200))
    return Session(child, meter)
