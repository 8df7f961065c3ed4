"""The process that measures one library: `client.py TOOL PATH`. It is told a row and a count by lines, and answers with
the seconds that took. Where a library has no such thing, the row is missing from its rows."""

from __future__ import annotations

import json
import random
import sys
from time import perf_counter
from typing import Any, Callable

from subject import manager_of

Rows = dict[str, Callable[[int], None]]

# Bytes that cannot be made fewer: one of the libraries compresses what is long.
MEBIBYTE = random.Random(1).randbytes(1 << 20)


def heard(number: int) -> int:
    return number


def rows_of(x: Any, numbers: Callable[[], Any], told: Any) -> Rows:
    """The work of each row, the same for all: `count` times."""

    def call(count: int) -> None:
        for _ in range(count):
            x.foo(1)

    def attribute(count: int) -> None:
        for _ in range(count):
            x.v

    def iterate(count: int) -> None:
        for _ in range(count):
            last = 0
            for last in numbers():
                pass
            assert last == 9_999

    def callback(count: int) -> None:
        for _ in range(count):
            x.tell(told)

    def echo(count: int) -> None:
        for _ in range(count):
            assert len(x.echo(MEBIBYTE)) == 1 << 20

    assert x.foo(1) == 1 and x.v == 7 and x.echo(MEBIBYTE) == MEBIBYTE
    rows: Rows = {"call": call, "attribute": attribute, "iterate": iterate, "echo": echo}
    if told is not None:
        assert x.tell(told) == 1
        rows["callback"] = callback
    return rows


def wherever(path: str) -> Rows:
    import wherever
    # Of what is used, nothing may go before the rows do: the peer is kept by what it gave.
    x = wherever.connect(f"unix://{path}", policy="open").get("x")
    numbers = x.numbers
    return rows_of(x, lambda: numbers, heard)


def managers(path: str) -> Rows:
    manager = manager_of(path, serves=False)
    manager.connect()
    numbers = manager.numbers()
    return rows_of(manager.x(), lambda: numbers, None)


def rpyc(path: str) -> Rows:
    import rpyc
    connection = rpyc.utils.factory.unix_connect(path, config={"allow_public_attrs": True})
    x = connection.root.x
    numbers = x.numbers
    return rows_of(x, lambda: numbers, heard)


def pyro5(path: str) -> Rows:
    import threading
    import Pyro5.api

    @Pyro5.api.expose
    class Listener:
        def heard(self, number: int) -> int:
            return heard(number)

    Pyro5.config.SERIALIZER = "msgpack"
    daemon = Pyro5.api.Daemon(unixsocket=f"{path}.back")
    listener = Listener()
    daemon.register(listener, "listener")
    threading.Thread(target=daemon.requestLoop, daemon=True).start()
    x = Pyro5.api.Proxy(f"PYRO:x@./u:{path}")
    # A list is always copied there: each look at it brings it.
    return rows_of(x, lambda: x.numbers, listener)


CLIENTS = {"wherever": wherever, "managers": managers, "rpyc": rpyc, "pyro5": pyro5}


def main() -> None:
    rows = CLIENTS[sys.argv[1]](sys.argv[2])
    print(json.dumps(list(rows)), flush=True)
    for line in sys.stdin:
        name, count = json.loads(line)
        begun = perf_counter()
        rows[name](count)
        print(json.dumps(perf_counter() - begun), flush=True)


if __name__ == "__main__":
    main()
