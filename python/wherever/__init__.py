"""Use objects that live in another process as if they were your own.

    peer = wherever.connect("unix:///run/lab.sock")
    motor = peer.get("motor")
    motor.move(10)

What is immutable is copied, all else stays where it is, and each use of it is one message there and one back.
"""

from __future__ import annotations

import atexit as _atexit
import contextlib as _contextlib
import os as _os
import signal as _signal
import sys as _sys
import threading as _threading
import types as _types
from collections.abc import Callable as _Callable, Iterator as _Iterator, Mapping as _Mapping, Sequence as _Sequence
from typing import Any

# Of these, the first is what errors are made with: none should have to be found when one comes.
from wherever import _frames as _frames, _loop, _sources, _wherever
from wherever._errors import (
    Busy, Cancelled, DeadlinePassed, Denied, Disconnected, Error, NotFound, Overloaded, ProtocolError, RemoteError,
)
from wherever._exposed import exposed
from wherever._loop import Promise
from wherever._values import value_type
from wherever._wherever import Node, Peer, Server, buffered, copy, is_remote, oneway, peer_of, prefetch, send

__all__ = [
    "Busy", "Cancelled", "DeadlinePassed", "Denied", "Disconnected", "Error", "Node", "NotFound", "Overloaded", "Peer",
    "Promise", "ProtocolError", "RemoteError", "Server", "buffered", "connect", "connect_command", "copy", "exposed",
    "freeze", "install_excepthook", "is_remote", "oneway", "pair", "peer_of", "post_mortem", "prefetch", "send",
    "serve", "serve_stdio", "value_type",
]


@_atexit.register
def _at_exit() -> None:
    _loop.end()
    _wherever.at_exit()


def _after_fork() -> None:
    _wherever.after_fork()
    _loop.forget()
    _sources.forget()


_os.register_at_fork(after_in_child=_after_fork)


def _node(exports: Any, policy: str | None, node: Node | None) -> Node:
    if node is None:
        return Node(exports, policy=policy)
    if policy is not None:
        raise TypeError("the policy is the node's: give one of node and policy")
    if exports is not None:
        node.export_all(exports)
    return node


def connect(url: str, *, exports: Any = None, policy: str | None = None, node: Node | None = None,
            timeout: float | None = None) -> Peer:
    """Connects to the peer at a URL: unix:///path, tcp://host:port, exec:program arguments, stdio:.

    `exports` is what the peer can get here, by name. `policy` says what it may do with what it is given: "closed" (the
    default: what was exposed on purpose), "public" or "open". `timeout` is how long to wait for the connection, in
    seconds.
    """
    return _node(exports, policy, node).connect(url, timeout=timeout)


def connect_command(argv: _Sequence[str], *, exports: Any = None, policy: str | None = None, node: Node | None = None,
                    timeout: float | None = None, cwd: str | _os.PathLike[str] | None = None,
                    env: _Mapping[str, str] | None = None) -> Peer:
    """Starts a program and connects to it by its standard input and output. Its standard error stays visible.

    `cwd` is the folder that it starts in, `env` its whole environment: this process's, if they are not given.
    """
    if isinstance(argv, (str, bytes)):
        raise TypeError("the program and its arguments are wanted as a list")
    words = [_os.fspath(word) for word in argv]
    return _node(exports, policy, node).connect_command(words, timeout=timeout, cwd=cwd,
                                                    env=None if env is None else dict(env))


def serve(url: str, exports: Any, *, policy: str | None = None, node: Node | None = None) -> Server:
    """Serves objects to whoever connects, until the server is closed."""
    return _node(exports, policy, node).serve(url)


def serve_stdio(exports: Any, *, policy: str | None = None, node: Node | None = None) -> None:
    """Serves objects to the parent process by standard input and output; returns when the parent has gone.

    Ctrl-C goes to all processes of a terminal at once, and what it means is for the parent to say: the default handler
    does nothing here meanwhile.
    """
    server = _node(exports, policy, node).serve("stdio:")
    with _spared():
        server.wait()


@_contextlib.contextmanager
def _spared() -> _Iterator[None]:
    """Without the default handler of Ctrl-C, on the thread that could change that."""
    if (_threading.current_thread() is not _threading.main_thread()
            or _signal.getsignal(_signal.SIGINT) is not _signal.default_int_handler):
        yield
        return
    # No SIG_IGN: a program that is started from here would inherit that.
    before = _signal.signal(_signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        _signal.signal(_signal.SIGINT, before)


def post_mortem(error: BaseException | None = None) -> None:
    """Opens the debugger in the traceback of an exception, raised here or elsewhere; without one, of the one that is
    being handled, or was raised last.

    Raises ValueError if there is none, or none with a traceback.
    """
    from wherever import pdb
    pdb.post_mortem(error)


def install_excepthook() -> None:
    """Has errors that nobody catches printed with the lines of files that are elsewhere, on all threads.

    From 3.13 on the interpreter does so by itself; before, its own code prints them, which looks for files here alone.
    """
    import traceback

    def of_thread(args: Any) -> None:
        if args.exc_type is not SystemExit:
            name = args.thread.name if args.thread is not None else "unknown"
            print(f"Exception in thread {name}:", file=_sys.stderr)
            traceback.print_exception(args.exc_type, args.exc_value, args.exc_traceback)

    _sys.excepthook = traceback.print_exception
    _threading.excepthook = of_thread


def freeze(error: BaseException, path: str | _os.PathLike[str], *,
           redact: _Callable[[str], bool] | None | _types.EllipsisType = ...) -> None:
    """Writes the traceback of an error into a file, to be opened anywhere later by `python -m wherever.pdb FILE`.

    The file has the chain of errors, their frames, the lines around each, and copies of the local variables, bounded in
    depth, length and number. Variables, attributes and keys that are called a password, a token, a key and the like are
    left out, and so is their text wherever else it stands; `redact` says which names those are instead, and `None`
    leaves out nothing. Only the user may read the file. It is JSON.

    Raises OSError if the file cannot be written; what was there before stays then.
    """
    from wherever import _freezing
    _freezing.freeze(error, path, _freezing.is_secret if isinstance(redact, _types.EllipsisType) else redact)


def pair(exports: Any = None, *, policy: str | None = None) -> Peer:
    """A peer within this process that exports these, for tests. Both sides are this process, so the policy is "open"
    unless another is given."""
    policy = "open" if policy is None else policy
    return _wherever.pair(Node(exports, policy=policy), Node(policy=policy))
