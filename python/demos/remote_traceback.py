"""An error over there, opened here: its frames, their variables and source, by the debugger that comes with Python; and
a process that runs, attached to.

    cargo xtask demo traceback

Without a terminal, or with `-- --script`, it types for itself, and sees that what is printed is right.
"""

from __future__ import annotations

import contextlib
import io
import os
import pdb
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from typing import Any

import wherever

FOLDER = os.path.dirname(os.path.abspath(__file__))
# What is typed, what must be printed then, and how many round trips it takes.
SESSION = [
    ("w", "sell()", 0),
    ("p number, item", "(1, item 1 at -5)", 2),
    ("p items", "[item 0 at 20, item 1 at -5, item 2 at 3]", 1),
    ("l", 'raise Refused(f"item {number} has a negative price")', 1),
    ("p RATE", "0.19", 1),
    ("!number = 7", "", 1),
    ("p number", "7", 0),
    ("u", "-> return f\"{customer} pays {total(items)}\"", 0),
    ("p customer", "'ada'", 1),
    ("ll", "def sell(self, customer, prices):", 0),
    ("u", "-> till.sell(customer, [20, -5, 3])", 0),
    ("p customer, mine", "('ada', 'only here')", 0),
]
FILE_SESSION = [("p number, item", "(1, item 1 at -5)"), ("ll", "def total(items, rate=RATE):"),
                ("u", "sell()"), ("p customer, password", "('ada', <redacted>)")]
# The same for a process that runs: where it stops, what is changed there.
LIVE_SESSION = [
    ("b stroke, count % 100 == 0", "Breakpoint 1 at"), ("c", "-> lost = pressure // 10"),
    ("p pressure, count % 100", "(20, 0)"), ("n", "-> return pressure + 2 - lost"), ("p lost", "2"), ("u", "main()"),
    ("p wanted", "1000000"), ("!wanted = 0", ""), ("detach", ""),
]


class Typed(io.TextIOBase):
    """What is typed, and what is printed after each line, with the round trips that it took."""

    def __init__(self, peer: wherever.Peer, lines: list[str]) -> None:
        self.printed: list[str] = []
        self.trips: list[int] = []
        self._lines = lines
        self._peer = peer
        self._before = 0
        self._since: list[str] = []

    def readline(self, *_: Any) -> str:
        sent = self._peer.stats().messages_sent
        self.printed.append("".join(self._since).strip())
        self.trips.append(sent - self._before)
        self._before, self._since = sent, []
        return self._lines.pop(0) + "\n" if self._lines else "q\n"

    def write(self, text: str) -> int:
        self._since.append(text)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def check(holds: bool, what: str) -> None:
    if not holds:
        sys.exit(f"This is not so: {what}")


def fail(peer: wherever.Peer) -> BaseException:
    till, customer, mine = peer.get("till"), "ada", "only here"
    try:
        till.sell(customer, [20, -5, 3])
    except ValueError as error:
        return error
    sys.exit("The till has not failed.")


def scripted(peer: wherever.Peer, error: BaseException) -> None:
    typed = Typed(peer, [line for line, _, _ in SESSION])
    debugger = pdb.Pdb(stdin=typed, stdout=typed)
    debugger.use_rawinput = False
    debugger.prompt = ""
    debugger.reset()
    debugger.interaction(None, error.__traceback__)
    print(typed.printed[0])
    for (line, wanted, trips), printed, taken in zip(SESSION, typed.printed[1:], typed.trips[1:]):
        print(f"(Pdb) {line}{' ' * max(60 - len(line), 1)}[{taken} round trips]")
        print(printed.replace("\n(Pdb)", ""))
        check(wanted in printed, f"`{line}` prints {wanted}")
        check(trips == taken, f"`{line}` takes {trips} round trips")


@contextlib.contextmanager
def service() -> Iterator[wherever.Peer]:
    with wherever.connect_command([sys.executable, os.path.join(FOLDER, "till.py")]) as peer:
        yield peer


def keep(error: BaseException, path: str) -> None:
    wherever.freeze(error, path)
    with open(path, encoding="utf-8") as kept:
        check("open sesame" not in kept.read(), "the password is not in the file")
    print(f"{os.path.getsize(path)} bytes, and nothing that is called a password.")


def open_kept(path: str) -> None:
    lines = "\n".join(line for line, _ in FILE_SESSION) + "\nq\n"
    done = subprocess.run([sys.executable, "-m", "wherever.pdb", path], input=lines, capture_output=True, text=True)
    print(done.stdout)
    check(done.returncode == 0, f"the file opens: {done.stderr}")
    for line, wanted in FILE_SESSION:
        check(wanted in done.stdout, f"`{line}` prints {wanted}")


def attach(is_scripted: bool) -> None:
    with subprocess.Popen([sys.executable, os.path.join(FOLDER, "pump.py")], stdout=subprocess.PIPE, text=True) as pump:
        try:
            debug(pump, is_scripted)
        finally:
            pump.kill()


def debug(pump: subprocess.Popen[str], is_scripted: bool) -> None:
    assert pump.stdout is not None
    url = pump.stdout.readline().strip()
    print(f"$ python -m wherever.pdb {url}")
    command = [sys.executable, "-m", "wherever.pdb", url]
    if not is_scripted:
        subprocess.run(command)
        return
    lines = "\n".join(line for line, _ in LIVE_SESSION) + "\n"
    done = subprocess.run(command, input=lines, capture_output=True, text=True)
    print(done.stdout)
    check(done.returncode == 0, f"it is attached to: {done.stderr}")
    answers = done.stdout.split("(Pdb) ")[1:]
    for (line, wanted), printed in zip(LIVE_SESSION, answers):
        check(wanted in printed, f"`{line}` prints {wanted}")
    ended, _ = pump.communicate()
    print(f"The pump: {ended}", end="")
    check(ended == "ended at 20\n", "what was changed there has ended its loop, and nothing else")


def main() -> None:
    is_scripted = not sys.stdin.isatty() or "--script" in sys.argv
    say("A till in another process fails, and the error is caught here.")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "failure.json")
        with service() as peer:
            error = fail(peer)
            before = peer.stats().messages_sent
            traceback.print_exception(error)
            check(peer.stats().messages_sent == before, "printing it asks for nothing")
            if is_scripted:
                say("The debugger that comes with Python, in its traceback.")
                scripted(peer, error)
            else:
                say("Your debugger, in its traceback. Try: w, p item, l, u, p customer; q ends.")
                wherever.post_mortem(error)
            error = fail(peer)
            say("The traceback is kept in a file.")
            keep(error, path)
        say("The till has ended. The file opens with python -m wherever.pdb:")
        open_kept(path)
    say("A pump runs in another process, and lets itself be debugged." if is_scripted else
        "A pump runs in another process. Try: b stroke, c, p pressure, u, !wanted = 0; detach ends.")
    attach(is_scripted)
    say("All of it was so.")


if __name__ == "__main__":
    main()
