"""An error over there, opened here: its frames, their variables and source, by the debugger that comes with Python.

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


def main() -> None:
    say("A till in another process fails, and the error is caught here.")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "failure.json")
        with service() as peer:
            error = fail(peer)
            before = peer.stats().messages_sent
            traceback.print_exception(error)
            check(peer.stats().messages_sent == before, "printing it asks for nothing")
            if sys.stdin.isatty() and "--script" not in sys.argv:
                say("Your debugger, in its traceback. Try: w, p item, l, u, p customer; q ends.")
                wherever.post_mortem(error)
            else:
                say("The debugger that comes with Python, in its traceback.")
                scripted(peer, error)
            error = fail(peer)
            say("The traceback is kept in a file.")
            keep(error, path)
        say("The till has ended. The file opens with python -m wherever.pdb:")
        open_kept(path)
    say("All of it was so.")


if __name__ == "__main__":
    main()
