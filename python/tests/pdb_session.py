"""An unmodified pdb over a pseudo-terminal, as somebody types at it, and the messages that this takes."""

from __future__ import annotations

import json
import os
import socket
import sys
import textwrap
from pathlib import Path
from typing import Any

import pexpect

PROMPT = "(Pdb) "

# The module that exists only over there. Its line numbers are told in the tests.
OWNER = '''\
"""What is debugged from afar."""
import sys

LIMIT = 10

class AppError(ValueError):
    def __init__(self, message, code):
        super().__init__(message)
        self.code = code

class Box:
    def __init__(self, v):
        self.v = v
    def __repr__(self):
        return f"Box({self.v})"

def input(prompt=""):
    return "remote input"

def inner(box, items, flag, *rest, **opts):
    x = [1, 2, {"k": box}]
    total = 0
    for item in items:
        total += item
    if total > LIMIT:
        raise AppError("too big", 7)
    return total

def outer(n):
    msg = "hello"
    return inner(Box(n), list(range(n)), True, "r1", deep=1)

def chained(n):
    try:
        outer(n)
    except AppError as error:
        raise RuntimeError("outer failed") from error

def via(callback):
    inside = "via's own"
    return callback(inside)

def throw(error):
    raise error

def grouped():
    try:
        outer(9)
    except AppError as error:
        raise ExceptionGroup("several", [error, KeyError("k")])

def deep(n):
    if n:
        return deep(n - 1)
    return 1 // 0

def fast_frame():
    try:
        outer(9)
    except AppError as error:
        return error
'''
INNER, OUTER, FIRST = 26, 31, 20


FILE = "/only/there/rmod.py"

# The program over there: the module's source is in its memory alone, as it is in another machine's files.
LAUNCHER = """\
import linecache, sys, types
FILE, SOURCE = %r, %r
module = types.ModuleType("rmod")
linecache.cache[FILE] = len(SOURCE), None, SOURCE.splitlines(True), FILE
sys.modules["rmod"] = module
exec(compile(SOURCE, FILE, "exec"), vars(module))
import wherever
wherever.serve_stdio({name: value for name, value in vars(module).items() if name[0] != "_"}, policy=%r)
"""


def spawn(tmp_path: Path, script: str, *, policy: str = "open", file: str = FILE, source: str = OWNER,
          runs: tuple[str, ...] = (), prompt: str = PROMPT) -> Session:
    """Runs a script, which has the other process's exports as `m`, in an interpreter on a pseudo-terminal."""
    launcher, here, meter = tmp_path / "launcher.py", tmp_path / "here.py", tmp_path / "meter"
    launcher.write_text(LAUNCHER % (file, source, policy))
    here.write_text(HEAD % (str(launcher), str(meter)) + textwrap.dedent(script))
    plain = {**os.environ, "TERM": "dumb", "PYTHON_COLORS": "0", "NO_COLOR": "1"}
    child = pexpect.spawn(sys.executable, [*runs, str(here)], encoding="utf-8", timeout=60, echo=False, env=plain,
                          cwd=str(tmp_path), dimensions=(50, 200))
    return Session(child, meter, prompt)


HEAD = '''\
import json, os, pdb, signal, socket, sys, threading, traceback
import wherever
peer = wherever.connect_command([sys.executable, %r])
m = peer.root
METER = %r
server = socket.socket(socket.AF_UNIX)
server.bind(METER)
server.listen()
def meter():
    while True:
        asked, _ = server.accept()
        asked.sendall(json.dumps(dict(peer.stats())).encode())
        asked.close()
threading.Thread(target=meter, daemon=True).start()
'''


class Session:
    """A program that is at a prompt, or is about to be."""

    def __init__(self, child: Any, meter: Path, prompt: str = PROMPT) -> None:
        self.child = child
        self._prompt = prompt
        self._meter = str(meter)
        self._before = 0

    def prompt(self) -> str:
        """What is printed up to the next prompt."""
        self.child.expect_exact(self._prompt)
        self._before = self._messages()
        return self._printed()

    def type(self, line: str) -> str:
        """Types a line; what it prints."""
        self.child.sendline(line)
        self.child.expect_exact(self._prompt)
        return self._printed()

    def trips(self) -> float:
        """Round trips since this was asked last: a message there and one back are one."""
        now = self._messages()
        before, self._before = self._before, now
        return (now - before) / 2

    def end(self, line: str = "q") -> str:
        """Types the last line; what is printed until the program ends."""
        self.child.sendline(line)
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self._printed()

    def _printed(self) -> str:
        return self.child.before.replace("\r\n", "\n").strip("\n")

    def stats(self) -> dict[str, int]:
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(self._meter)
            return json.loads(b"".join(iter(lambda: asked.recv(65536), b"")))

    def _messages(self) -> int:
        stats = self.stats()
        return stats["messages_sent"] + stats["messages_received"]
