"""Promises: results that have not come yet."""

from __future__ import annotations

import threading

import pytest

import wherever

PROGRAM = '''
import asyncio
import threading

released = threading.Event()
began = threading.Event()
cancelled = threading.Event()


def wait(result=None):
    released.wait()
    return result


def fail():
    released.wait()
    raise KeyError("lost")


def release():
    released.set()


def never():
    """Runs in the loop of this side, until it is told to stop."""
    async def never():
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    return never()


def has_begun():
    return began.wait(10)


def was_cancelled():
    return cancelled.wait(10)


class Account:
    total = 5
    parts = [1, 2]

    def add(self, amount):
        self.total += amount
        return self


def account():
    return Account()
'''


@pytest.fixture
def peer(start):
    return start(PROGRAM)


def test_a_result_that_does_not_come_in_time_can_be_waited_for_again(peer):
    promise = wherever.send(peer.get("wait"), "late")
    for timeout in (0, 0.01, -1):
        with pytest.raises(wherever.DeadlinePassed) as caught:
            promise.result(timeout)
        assert isinstance(caught.value, TimeoutError)
        assert not promise.done()
    peer.get("release")()
    assert promise.result(60) == "late"
    assert promise.done()
    assert promise.result(0) == promise.result() == "late"


@pytest.mark.parametrize("timeout", [float("nan"), float("inf"), 1e300])
def test_a_time_that_is_none_or_for_ever(peer, timeout):
    promise = wherever.send(peer.get("wait"), 1)
    peer.get("release")()
    if timeout != timeout:
        with pytest.raises(ValueError):
            promise.result(timeout)
    else:
        assert promise.result(timeout) == 1


def test_what_the_call_raised_is_raised_each_time(peer):
    promise = wherever.send(peer.get("fail"))
    peer.get("release")()
    for _ in range(2):
        with pytest.raises(KeyError, match="lost"):
            promise.result(60)
    assert promise.done()


def test_a_promise_that_is_cancelled_fails_at_once_and_stops_its_call(peer):
    promise = wherever.send(peer.get("never"))
    assert peer.get("has_begun")() is True
    assert not promise.done()
    promise.cancel()
    with pytest.raises(wherever.Cancelled):
        promise.result()
    assert promise.done()
    assert peer.get("was_cancelled")() is True
    promise.cancel()


def test_cancelling_what_is_there_changes_nothing(peer):
    promise = wherever.send(peer.get("account"))
    account = promise.result()
    promise.cancel()
    assert promise.result() is account


def test_what_is_called_on_a_promise_costs_no_round_trip(peer):
    make = peer.get("account")
    before = peer.stats()
    promise = wherever.send(make)
    total = promise.add(1).add(2).total
    assert peer.stats().round_trips == before.round_trips
    assert total.result() == 8
    assert promise.parts[1].result() == 2


def test_a_thread_that_waits_is_told_of_the_end(peer):
    promise = wherever.send(peer.get("wait"))
    raised = []

    def wait():
        try:
            promise.result()
        except wherever.Disconnected as error:
            raised.append(error)

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    peer.close()
    for thread in threads:
        thread.join()
    assert len(raised) == 3


def test_items_that_are_wanted_no_more_have_come_to_their_end(start):
    items = wherever.buffered(start("def count(): yield from range(10)").get("count")(), 2)
    assert next(items) == 0
    items.close()
    assert list(items) == []
