"""The debugger that comes with Python, on what happened elsewhere.

    python -m wherever.pdb unix:///run/user/1000/wherever/debug-4711.sock    a process that lets itself be debugged
    python -m wherever.pdb failure.json                                      a traceback that was kept in a file
"""

from __future__ import annotations

import argparse
import os
import pdb
import sys
from typing import Any

from wherever import _backtraces, _frames, _frozen
from wherever._errors import Error
from wherever._sources import harmless


def post_mortem(error: BaseException | None = None) -> None:
    """Opens the debugger in the traceback of an exception, raised here or elsewhere; without one, of the one that is
    being handled, or was raised last.

    Raises ValueError if there is none, or none with a traceback.
    """
    if error is None:
        error = sys.exc_info()[1] or getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    if error is None:
        raise ValueError("no exception is given, none is being handled, and none was raised before")
    traceback = _backtraces.with_backtraces(_frames.again(error.__traceback__))
    if traceback is None:
        raise ValueError(f"this {type(error).__name__} has no traceback: it was never raised, or its side tells none")
    # What was cleared meanwhile is shown anew.
    BaseException.__setattr__(error, "__traceback__", traceback)
    # From 3.13 on the debugger goes through the chain of an exception too.
    pdb.post_mortem(error if sys.version_info >= (3, 13) else traceback)  # type: ignore[arg-type]


def open_failure(stack: Any) -> None:
    """Opens the debugger in an error that its process has kept."""
    traceback = _frames.of_stack(stack)
    if traceback is None:
        raise ValueError("the error has no frames")
    pdb.post_mortem(traceback)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m wherever.pdb", description=__doc__.partition("\n")[0])
    parser.add_argument("what", metavar="URL|FILE", help="where a process listens for debuggers"
                        " (wherever.debug.listen), or a file that wherever.freeze has written")
    parser.add_argument("--failures", action="store_true", help="list the errors that the process has kept")
    parser.add_argument("--failure", type=int, metavar="N", help="open the N-th of them, 0 the latest")
    asked = parser.parse_args(arguments)
    if os.path.isfile(asked.what):
        return _open_file(asked.what)
    try:
        if asked.failures or asked.failure is not None:
            return _open_kept(asked.what, asked.failure)
        from wherever import debug
        debug.attach(asked.what)
    except (Error, OSError) as error:
        print(f"{asked.what}: {error}", file=sys.stderr)
        return 1
    return 0


def _open_file(path: str) -> int:
    try:
        error = _frozen.load(path)
    except ValueError as wrong:
        print(f"{path}: {wrong}", file=sys.stderr)
        return 1
    print(_frozen.heading(error))
    post_mortem(error)
    return 0


def _open_kept(url: str, which: int | None) -> int:
    from wherever import connect
    with connect(url) as peer:
        kept = peer.get("debugger").failures()
        if which is None:
            for at, (title, _) in enumerate(kept):
                print(f"{at}  {harmless(title)}")
            return 0
        if not 0 <= which < len(kept):
            print(f"{url}: the process has kept {len(kept)} errors", file=sys.stderr)
            return 1
        print(harmless(kept[which][0]))
        open_failure(kept[which][1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
