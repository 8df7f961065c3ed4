"""The prompt of pdb over a process that runs elsewhere."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from typing import Any

import wherever
from wherever._pdb import Prompt

# How often is looked whether the session is over, in seconds; and how long the last answer is waited for.
LOOK_EVERY = 0.1
ANSWER_TIME = 5.0


class Listener:
    """What the process tells of its stops."""

    def __init__(self, live: Live) -> None:
        self._live = live

    @wherever.exposed
    def stopped(self, stop: tuple[Any, ...]) -> tuple[Any, ...]:
        return self._live.stopped(stop)


class Wanted:
    """A line that is wanted from who types."""

    __slots__ = ("prompt", "line", "is_there")

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self.line: str | None = None
        self.is_there = threading.Event()


class Live:
    """A session: stops come on threads of their own, and are looked at one after another.

    The commands of the prompt are served by the thread that the stop came on: what they ask is done over there by the
    thread that stopped. Their lines are read by the main thread, for Ctrl-C is its own.
    """

    def __init__(self, peer: wherever.Peer, debugger: Any) -> None:
        self.peer = peer
        self.debugger = debugger
        self.prompt = Prompt(self)
        # Whose variables, files and line numbers the prompt shows is one stop's.
        self._turn = threading.Lock()
        self._over = threading.Event()
        self._wanted: Wanted | None = None
        self._is_wanted = threading.Event()
        self._is_asked = False
        self._has_quit = False
        self._at_prompt = False
        self._is_warned = False
        self._thread = 0
        self._served_by = 0

    def read(self, prompt: str) -> str:
        """A line that is typed; an empty text at the end of the input."""
        if threading.current_thread() is threading.main_thread():
            return self._read(prompt)
        self._wanted = wanted = Wanted(prompt)
        self._is_wanted.set()
        while wanted.line is None:
            if self._over.is_set():
                # Given up: nobody reads lines any more.
                return ""
            # Whoever typed it may have interrupted what says that it is there.
            wanted.is_there.wait(LOOK_EVERY)
        return wanted.line

    def _read(self, prompt: str) -> str:
        while True:
            try:
                return input(prompt) + "\n"
            except EOFError:
                return ""
            except KeyboardInterrupt:
                self.prompt.message("\n--KeyboardInterrupt--")

    def stopped(self, stop: tuple[Any, ...]) -> tuple[Any, ...]:
        with self._turn:
            self._is_asked = False
            if self._over.is_set():
                return ("continue",)
            self._at_prompt, self._thread, self._served_by = True, stop[1], threading.get_ident()
            try:
                command = self.prompt.stopped(stop)
            except BaseException as failed:
                # It must be known here too: over there the process goes on without a word.
                print(f"*** the prompt failed: {type(failed).__name__}: {failed}", file=sys.stderr)
                self._over.set()
                raise
            finally:
                self._at_prompt = False
            if command[0] in ("detach", "quit"):
                self._has_quit = command[0] == "quit"
                self._over.set()
            return command

    def run(self) -> None:
        runtime, version, process, program = self.debugger.about()
        self.debugger.attach(Listener(self))
        threads = self.debugger.threads()
        self._thread = threads[0][0]
        self._ask()
        try:
            self.prompt.message(f"Attached to process {process}, {runtime} {version}: {program}")
            with self.prompt.completing():
                self._serve()
            self._end()
        except wherever.Disconnected:
            self.prompt.message("The process has gone.")

    def _serve(self) -> None:
        """Reads lines, until the session is over."""
        while not self._over.is_set() and (not self.peer.closed or self._at_prompt):
            try:
                wanted = self._wanted
                if wanted is None or wanted.line is not None:
                    self._is_wanted.wait(LOOK_EVERY)
                    self._is_wanted.clear()
                    continue
                wanted.line = self._read(wanted.prompt)
                self._is_warned = False
                wanted.is_there.set()
            except KeyboardInterrupt:
                self._interrupted()

    def _ask(self) -> None:
        try:
            self.debugger.pause(self._thread)
            self._is_asked = True
        except (LookupError, RuntimeError) as refused:
            self.prompt.message(f"*** {refused}")

    def _interrupted(self) -> None:
        if self._at_prompt and not self._is_warned:
            self._is_warned = True
            self.prompt.message("\nOnce more, and the process is left alone.")
            # What is computed here ends by that; what the process is asked for does not.
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._served_by),
                                                       ctypes.py_object(KeyboardInterrupt))
        elif self._at_prompt:
            # What was asked for fails here then; over there it goes on, and is told nobody.
            self._over.set()
            self.peer.close("given up")
        elif not self._is_asked:
            self._ask()
        else:
            self._look()

    def _look(self) -> None:
        """Nothing stops: it may wait for something. A prompt over what runs."""
        with self._turn:
            if self._over.is_set() or not self._is_asked:
                return
            self._at_prompt = True
            try:
                if self.prompt.look(self._thread)[0] == "detach":
                    self._over.set()
            finally:
                self._at_prompt = False

    def _end(self) -> None:
        if self.peer.closed:
            self.prompt.message("The process has gone.")
            return
        until = time.monotonic() + ANSWER_TIME
        while self._has_quit and self.peer.stats()["answers"] and time.monotonic() < until:
            # The command is on its way: what follows must not overtake it.
            time.sleep(0.001)
        self.debugger.detach()


def attach(url: str, *, timeout: float | None = None) -> None:
    with wherever.connect(url, timeout=timeout) as peer:
        try:
            debugger = peer.get("debugger")
        except wherever.NotFound:
            raise wherever.NotFound(f"what listens at {url} does not let itself be debugged: its program has to call"
                                    " wherever.debug.listen, and this URL is the one that gives") from None
        Live(peer, debugger).run()
