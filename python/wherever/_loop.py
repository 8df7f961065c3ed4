"""Event loops: promises to await, and coroutines that are run for peers."""

from __future__ import annotations

import asyncio
import threading
import types
from collections.abc import AsyncGenerator, Callable
from typing import Any

from wherever import _wherever
from wherever._wherever import Promise as Promise



def _steps() -> tuple[type, ...]:
    """The types of the steps of asynchronous generators, which have no names."""
    async def generator() -> AsyncGenerator[None, None]:
        yield

    made = generator()
    steps = made.asend(None), made.athrow(GeneratorExit)
    for step in steps:
        # Never awaited: newer interpreters would warn of that.
        step.close()  # type: ignore[attr-defined]
    return tuple(map(type, steps))


# How long the loop of this package has for ending, when the interpreter does.
END_TIME = 1.0

# Types of what is run for whoever called for it, in place of being handed out.
RUN = (types.CoroutineType, *_steps())

_lock = threading.Lock()
_own: asyncio.AbstractEventLoop | None = None
_thread: threading.Thread | None = None
_is_over = False


def loop_for_peers() -> asyncio.AbstractEventLoop:
    """The loop that runs coroutines for peers of nodes that have none of their own."""
    global _own, _thread
    with _lock:
        if _is_over:
            raise RuntimeError("the interpreter ends")
        if _own is None or _own.is_closed():
            _own = asyncio.new_event_loop()
            _thread = threading.Thread(target=_run, args=(_own,), name="wherever-loop", daemon=True)
            _thread.start()
        return _own


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        # Who does not end by that is left behind.
        loop.run_until_complete(asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), END_TIME / 2))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def end() -> None:
    """Ends the loop of this package: the interpreter ends."""
    global _is_over
    with _lock:
        _is_over = True
        loop, thread = _own, _thread
    if loop is not None and thread is not None and thread.is_alive():
        loop.call_soon_threadsafe(loop.stop)
        thread.join(END_TIME)


def forget() -> None:
    """The process was forked: the loop's thread is the parent's."""
    global _own, _thread, _lock
    _own = _thread = None
    _lock = threading.Lock()


def running() -> asyncio.AbstractEventLoop | None:
    """The loop that the present thread runs, if it runs one."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class Served:
    """An awaitable that is run for a peer. `settle` is told of its result."""

    def __init__(self, awaitable: Any, settle: Any, loop: asyncio.AbstractEventLoop | None) -> None:
        if loop is None or not loop.is_running():
            loop = loop_for_peers()
        elif loop is running():
            _close(awaitable)
            raise RuntimeError("the event loop that is to run this coroutine is held up by the very call that asks for "
                               "it: await that call, by wherever.send, or make it on another thread")
        self.awaitable, self.settle, self.loop = awaitable, settle, loop
        self.task: asyncio.Task[Any] | None = None
        loop.call_soon_threadsafe(self.begin)

    def begin(self) -> None:
        self.task = self.loop.create_task(self.run())
        self.task.add_done_callback(self.ended)
        # After its first step: calls that came later start when it waits for something, and not before.
        self.loop.call_soon(self.settle.suspend)

    async def run(self) -> Any:
        try:
            return await self.awaitable, None
        except (KeyboardInterrupt, SystemExit) as error:
            # It is for the caller: a task would end the loop by it.
            return None, error

    def ended(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            _close(self.awaitable)
            self.settle.cancelled()
        elif task.exception() is not None:
            self.settle(None, task.exception())
        else:
            self.settle(*task.result())

    def cancel(self) -> None:
        try:
            self.loop.call_soon_threadsafe(self._cancel)
        except RuntimeError:
            pass  # The loop is closed: the task is no more.

    def _cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()


def _close(awaitable: Any) -> None:
    """Ends a coroutine that may not have begun, of which the interpreter would say so."""
    close: Callable[[], None] | None = getattr(awaitable, "close", None)
    if close is not None and asyncio.iscoroutine(awaitable):
        close()


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
