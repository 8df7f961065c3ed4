"""Event loops: promises to await, and coroutines that are run for peers."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from wherever import _wherever
from wherever._wherever import Promise as Promise

_lock = threading.Lock()
_own: asyncio.AbstractEventLoop | None = None


def loop_for_peers() -> asyncio.AbstractEventLoop:
    """The loop that runs coroutines for peers of nodes that have none of their own."""
    global _own
    with _lock:
        if _own is None or _own.is_closed():
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="wherever-loop", daemon=True).start()
            _own = loop
        return _own


def start(awaitable: Any, loop: asyncio.AbstractEventLoop | None, settle: Any) -> Any:
    """Runs an awaitable in a loop; `settle` is told of its result. Gives what cancels it."""
    loop = loop if loop is not None and loop.is_running() else loop_for_peers()
    holder: list[asyncio.Task[Any]] = []

    async def awaited() -> Any:
        return await awaitable

    def begin() -> None:
        task = loop.create_task(awaited())
        holder.append(task)
        task.add_done_callback(ended)

    def ended(task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            settle(None, asyncio.CancelledError())
            return
        error = task.exception()
        if error is None:
            settle(task.result(), None)
        else:
            settle(None, error)

    def cancel() -> None:
        if holder and not loop.is_closed():
            loop.call_soon_threadsafe(holder[0].cancel)

    loop.call_soon_threadsafe(begin)
    return cancel


async def awaited(poller: Any) -> Any:
    """The result of a promise, without a thread that waits for it."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    poller.begin(loop, future)
    try:
        return await future
    finally:
        # Cancelled, or done: nothing is wanted any more.
        poller.end()
