"""Live debugging: how a program lets itself be debugged, and how one attaches to it.

    server = wherever.debug.listen()
    print(server.url)

Whoever can connect there can run any code in this process, with all that it may do. Nothing listens unless asked, and
by default nobody but the user whose process it is can connect.
"""

from __future__ import annotations

import _thread
import os
import signal as _signal
import stat
import sys
import tempfile
import threading
import types
from typing import Any

from wherever import _wherever
from wherever._agent import AGENT, Debugger
from wherever._stack import Stack, title_of

__all__ = ["DebugServer", "attach", "default_url", "keep", "listen", "on_signal"]


# A program that lets itself be debugged need not hold on to anything for that.
_LISTENING: set[DebugServer] = set()


class DebugServer:
    """What lets this process be debugged, until it is closed."""

    def __init__(self, server: _wherever.PyServer) -> None:
        self._server = server

    @property
    def url(self) -> str:
        """Where to attach."""
        return self._server.url

    def close(self) -> None:
        """Lets go of whoever debugs the process, and lets nobody else in."""
        listener = AGENT.listener
        if listener is not None and _wherever.peer_of(listener) in self._server.peers():
            AGENT.detach()
        self._server.close()
        _LISTENING.discard(self)

    def __enter__(self) -> DebugServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<wherever.debug server at {self.url}>"


def default_url(pid: int | None = None) -> str:
    """Where a process of this user listens if it names no other place: a socket in a folder that only the user may
    enter."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and _is_private(runtime):
        folder = os.path.join(runtime, "wherever")
    else:
        folder = os.path.join(tempfile.gettempdir(), f"wherever-{os.getuid()}")
    return f"unix://{os.path.join(folder, f'debug-{pid or os.getpid()}.sock')}"


def _is_private(folder: str) -> bool:
    """Whether it is a folder that nobody but this user may enter."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


def _private_url() -> str:
    url = default_url()
    folder = os.path.dirname(url.partition("://")[2])
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass
    if not _is_private(folder):
        raise PermissionError(f"{folder} is not a folder that only this user may enter: remove it, or name a URL")
    return url


def listen(url: str | None = None, *, allow_others: bool = False, keep_uncaught: bool = False) -> DebugServer:
    """Lets this process be debugged by whoever connects to the URL, by default a socket that only this user can open.

    Debugging is running any code. A URL that others can reach, which is every one but `unix:`, is refused unless
    `allow_others` says that they may. `keep_uncaught` keeps errors that nothing catches, to be looked at.
    """
    if url is None:
        url = _private_url()
    elif not url.startswith("unix:") and not allow_others:
        raise PermissionError(f"{url} can be reached by others than this user, and debugging is running any code in"
                              " this process: use a unix: URL, or say allow_others=True if all who can connect may"
                              " do that")
    server = _wherever.Node({"debugger": Debugger()}, policy="open").serve(url)
    if keep_uncaught:
        _keep_uncaught()
    listening = DebugServer(server)
    _LISTENING.add(listening)
    return listening


def on_signal(signum: int = _signal.SIGUSR1, url: str | None = None, *, allow_others: bool = False) -> None:
    """Listens when the signal comes, and says where on the standard error. To be called in the main thread."""
    listening: list[DebugServer] = []

    def start() -> None:
        try:
            if not listening:
                listening.append(listen(url, allow_others=allow_others))
            told = f"debugging at {listening[0].url}"
        except Exception as failed:
            told = f"cannot be debugged: {title_of(failed)}"
        print(f"wherever: process {os.getpid()} {told}", file=sys.stderr, flush=True)

    def handle(_signum: int, _frame: types.FrameType | None) -> None:
        # Not here: what the handler interrupts may hold a lock that this needs. Nor by `threading`, which has its own.
        _thread.start_new_thread(start, ())

    _signal.signal(signum, handle)


def keep(error: BaseException) -> None:
    """Keeps an error, with its frames and their variables, for whoever attaches. Of many, the latest 16."""
    AGENT.kept.append((title_of(error), Stack.of_error(error)))


def _keep_uncaught() -> None:
    before, thread_before = sys.excepthook, threading.excepthook
    if getattr(before, "_wherever_keeps", False):
        return

    def hook(kind: type[BaseException], error: BaseException, traceback: types.TracebackType | None) -> Any:
        keep(error)
        return before(kind, error, traceback)

    def thread_hook(args: threading.ExceptHookArgs) -> Any:
        # That of which nothing is printed is no failure either.
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            keep(args.exc_value)
        return thread_before(args)

    hook._wherever_keeps = True  # type: ignore[attr-defined]
    sys.excepthook, threading.excepthook = hook, thread_hook


def attach(url: str | int, **words: Any) -> None:
    """Debugs the process that listens there, or the one of this number that listens at its default place, from the
    prompt of pdb."""
    from wherever import _live
    if isinstance(url, int):
        url = default_url(url)
        folder = os.path.dirname(url.partition("://")[2])
        if os.path.exists(folder) and not _is_private(folder):
            raise PermissionError(f"others may enter {folder}, so what listens there need not be the process: name its"
                                  " URL if you trust it")
    _live.attach(url, **words)


os.register_at_fork(after_in_child=lambda: (AGENT.forget(), _LISTENING.clear()))
