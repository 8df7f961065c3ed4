"""Promises and coroutines within event loops."""

from __future__ import annotations

import asyncio
import contextvars
import os
import subprocess
import sys
import textwrap
import threading

import pytest

import wherever

PROGRAM = '''
import asyncio
import contextlib
import threading

cancelled = threading.Event()
order = []


class Worker:
    def __init__(self):
        self.done = []

    async def double(self, number):
        await asyncio.sleep(0)
        return number * 2

    async def fail(self):
        raise KeyError("lost")

    async def stop_iteration(self):
        class Odd(StopIteration):
            pass
        raise ValueError from Odd()

    async def never(self):
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def mark(self, what):
        order.append(what)
        await asyncio.sleep(0)
        return what

    def note(self, what):
        order.append(what)

    def plain(self, number):
        return number + 1

    async def thread(self):
        return threading.current_thread().name

    async def tell(self, whom, what):
        return await whom(what)

    async def steps(self, count):
        try:
            for number in range(count):
                yield number
                await asyncio.sleep(0)
        finally:
            cancelled.set()

    async def leave(self):
        raise SystemExit(3)

    async def cancel_itself(self):
        asyncio.current_task().cancel()
        await asyncio.sleep(0)


class Own:
    """Iterated, entered and awaited by its own methods."""

    def __init__(self):
        self.left = 3
        self.is_open = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return self.left

    async def __aenter__(self):
        self.is_open = True
        return self

    async def __aexit__(self, kind, error, traceback):
        self.is_open = False
        return kind is KeyError

    def __await__(self):
        async def answer():
            await asyncio.sleep(0)
            return 42
        return answer().__await__()


@contextlib.asynccontextmanager
async def opened():
    order.append("in")
    yield 5
    order.append("out")


worker = Worker()
own = Own()


async def triple(number):
    """Three times as much."""
    return number * 3


def call(whom, *args):
    return whom(*args)


def ask_to_await(whom, *args):
    """The caller is at this side, and has no loop."""
    return whom(*args).result(10)


def was_cancelled():
    return cancelled.wait(10)
'''


@pytest.fixture
def peer(start):
    return start(PROGRAM)


def test_calls_of_coroutine_methods_are_awaited(peer):
    worker = peer.get("worker")

    async def main():
        assert await worker.double(4) == 8
        promise = worker.double(5)
        assert isinstance(promise, wherever.Promise)
        assert await promise == await promise == 10
        with pytest.raises(KeyError, match="lost"):
            await worker.fail()
        return await asyncio.wait_for(worker.double(6), 30)

    assert asyncio.run(main()) == 12


def test_coroutine_functions_are_awaited_as_values_too(peer):
    triple = peer.get("triple")
    method = peer.get("worker").double

    async def main():
        return await triple(2), await method(2), await asyncio.gather(triple(1), triple(2))

    assert asyncio.run(main()) == (6, 4, [3, 6])
    assert triple(5).result() == 15
    assert triple.__doc__ == "Three times as much."


def test_any_call_can_be_awaited_by_its_promise(peer):
    worker = peer.get("worker")

    async def main():
        return await wherever.send(worker.plain, 1)

    assert asyncio.run(main()) == 2


def test_awaiting_a_call_takes_two_messages(peer, messages):
    worker = peer.get("worker")

    async def main():
        return await worker.double(1)

    asyncio.run(main())
    assert messages(peer, lambda: asyncio.run(main())) == (2, 2)


def test_asynchronous_generators_go_one_step_at_a_time(peer, messages):
    worker = peer.get("worker")

    async def main():
        steps = worker.steps(3)
        first = await steps.__anext__()
        rest = [number async for number in steps]
        return first, rest

    assert asyncio.run(main()) == (0, [1, 2])

    async def leave():
        steps = worker.steps(1000)
        async for number in steps:
            if number == 2:
                break
        await steps.aclose()
        return [number async for number in steps]

    assert asyncio.run(leave()) == []
    assert peer.get("was_cancelled")()


def test_asynchronous_protocols_of_a_class(peer):
    own = peer.get("own")

    async def main():
        assert [number async for number in own] == [2, 1, 0]
        async with own as entered:
            assert entered is own
            assert own.is_open
        assert not own.is_open
        async with own:
            raise KeyError("which is for it to swallow")
        with pytest.raises(ValueError):
            async with own:
                raise ValueError
        return await own

    assert asyncio.run(main()) == 42


def test_asynchronous_context_managers_of_a_generator(peer):
    async def main():
        async with peer.get("opened")() as value:
            return value

    assert asyncio.run(main()) == 5
    assert list(peer.get("order")) == ["in", "out"]


def test_cancelling_reaches_the_other_side(peer):
    worker = peer.get("worker")

    async def main():
        task = asyncio.ensure_future(worker.never())
        # The call has come there when one that was made after it is done.
        await worker.double(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(worker.never(), 0.01)
        return await worker.double(2)

    assert asyncio.run(main()) == 4
    assert peer.get("was_cancelled")()


def test_what_stops_itself_over_there_cancels_nobody_here(peer):
    async def main():
        with pytest.raises(wherever.Cancelled):
            await peer.get("worker").cancel_itself()

    asyncio.run(main())


def test_a_loop_that_is_told_to_leave_goes_on(peer):
    worker = peer.get("worker")
    with pytest.raises(SystemExit) as caught:
        worker.leave().result()
    assert caught.value.code == 3
    assert worker.double(1).result() == 2


def test_calls_begin_in_their_order(peer):
    """A call begins when the coroutine before it waits for something, not before."""
    worker = peer.get("worker")

    async def main():
        marked = [worker.mark(number) for number in range(50)]
        noted = wherever.send(worker.note, "then")
        await asyncio.gather(*marked, noted)

    asyncio.run(main())
    assert list(peer.get("order")) == [*range(50), "then"]


def test_a_thousand_calls_at_once_take_no_threads(peer):
    worker = peer.get("worker")

    async def main():
        await worker.double(0)
        tasks = [asyncio.ensure_future(worker.double(number)) for number in range(1000)]
        await tasks[500]
        threads = threading.active_count(), len(os.listdir("/proc/self/task"))
        return await asyncio.gather(*tasks), threads

    before = threading.active_count(), len(os.listdir("/proc/self/task"))
    results, during = asyncio.run(main())
    assert results == [number * 2 for number in range(1000)]
    # At most those who receive and do the peer's work, and the one who tells the time.
    assert during[0] <= before[0] + 1 and during[1] <= before[1] + 3, (before, during)


def test_coroutines_of_this_side_run_in_the_loop_of_their_node(start):
    """What a program's coroutines use belongs to its loop."""
    async def main():
        peer = start(PROGRAM)
        loop, came = asyncio.get_running_loop(), asyncio.Queue()

        async def take(what):
            await came.put(what)
            return asyncio.get_running_loop() is loop

        assert await peer.get("worker").tell(take, "it")
        assert await wherever.send(peer.get("ask_to_await"), take, "more")
        return came.get_nowait(), came.get_nowait()

    assert asyncio.run(main()) == ("it", "more")


def test_a_loop_that_is_held_up_by_the_call_is_not_waited_for(start):
    async def main():
        peer = start(PROGRAM)

        async def take():
            return 1

        with pytest.raises(RuntimeError, match="held up"):
            # No await: the loop cannot run anything until it is back.
            peer.get("ask_to_await")(take)
        return await wherever.send(peer.get("ask_to_await"), take)

    assert asyncio.run(main()) == 1


def test_coroutines_of_a_program_without_a_loop_run_in_one(peer):
    names = set()

    async def take(what):
        names.add(threading.current_thread().name)
        await asyncio.sleep(0)
        return what

    ask = peer.get("ask_to_await")
    assert [ask(take, number) for number in range(10)] == list(range(10))
    assert names == {"wherever-loop"}


def test_a_coroutine_sees_the_context_of_the_call_that_it_is_nested_in(peer):
    name = contextvars.ContextVar("name", default="nobody")

    async def who():
        await asyncio.sleep(0)
        return name.get()

    name.set("caller")
    assert peer.get("ask_to_await")(who) == "caller"


def test_a_promise_of_a_session_that_ends_fails_in_its_loop(peer):
    async def main():
        never = asyncio.ensure_future(peer.get("worker").never())
        await peer.get("worker").double(1)
        await asyncio.to_thread(peer.close)
        with pytest.raises(wherever.Disconnected):
            await never

    asyncio.run(main())


def test_an_await_after_calls_that_wait_is_not_held_up_till_a_tick(start):
    """Whoever called and waited has received by itself, and has left that to nobody. No tick comes in this process,
    which is busy with nothing else: so a wait for one would show."""
    peer = start(PROGRAM)
    worker = peer.get("worker")

    async def main():
        loop = asyncio.get_running_loop()
        times = []
        for number in range(21):
            assert worker.plain(number) == number + 1
            begun = loop.time()
            assert await worker.double(number) == number * 2
            times.append(loop.time() - begun)
        return sorted(times)[10]

    # A tick is 5 ms, and it takes two of them until somebody else comes for what nobody receives.
    assert asyncio.run(main()) < 0.005


SERVER = '''
import asyncio, sys, wherever

class Counter:
    def __init__(self):
        self.lock = asyncio.Lock()
        self.count = 0

    async def add(self, number):
        async with self.lock:
            count = self.count
            await asyncio.sleep(0)
            self.count = count + number
            return self.count

    def running(self):
        return loop.is_running()

async def main():
    global loop
    loop = asyncio.get_running_loop()
    closing = asyncio.Event()

    async def close():
        closing.set()

    with wherever.serve(sys.argv[1], {"counter": Counter(), "close": close}, policy="open") as server:
        print(server.url, flush=True)
        await closing.wait()

asyncio.run(main())
print("over", flush=True)
'''


def test_a_server_within_a_loop(tmp_path):
    file = tmp_path / "server.py"
    file.write_text(SERVER)
    process = subprocess.Popen([sys.executable, str(file), f"unix://{tmp_path}/socket"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip()
    peers = [wherever.connect(url) for _ in range(3)]
    counters = [peer.get("counter") for peer in peers]

    async def main():
        return await asyncio.gather(*(counter.add(1) for counter in counters * 20))

    assert sorted(asyncio.run(main())) == list(range(1, 61))
    assert counters[0].running()
    wherever.oneway(peers[0].get("close"))
    output, errors = process.communicate(timeout=20)
    assert (output, errors, process.returncode) == ("over\n", "", 0)


def test_a_program_that_ends_with_tasks_of_peers_is_silent(tmp_path):
    file = tmp_path / "program.py"
    file.write_text(PROGRAM + textwrap.dedent('''
        import wherever
        wherever.serve_stdio({"worker": worker}, policy="open")
    '''))
    peer = wherever.connect_command([sys.executable, "-X", "dev", str(file)])
    promises = [peer.get("worker").never() for _ in range(5)]
    assert peer.get("worker").double(1).result() == 2
    peer.close()
    with pytest.raises(wherever.Disconnected):
        promises[0].result()
