"""What is used from the other process, the same for every library, and what serves it: `subject.py TOOL PATH`."""

from __future__ import annotations

import sys
from typing import Any, Callable


class Subject:
    """An object whose methods do next to nothing, so that what is measured is the way to them."""

    def __init__(self) -> None:
        self.v = 7
        self.numbers = list(range(10_000))

    def foo(self, number: int) -> int:
        return number

    def tell(self, whom: Callable[[int], int]) -> int:
        return whom(1)

    def echo(self, data: bytes) -> bytes:
        return data


def serve_wherever(path: str) -> None:
    import wherever
    server = wherever.serve(f"unix://{path}", {"x": Subject()}, policy="open")
    print("ready", flush=True)
    server.wait()


def manager_of(path: str, serves: bool) -> Any:
    """A manager at a path; of a process that asks, without the objects."""
    from multiprocessing.managers import BaseManager, ListProxy, NamespaceProxy

    class SubjectProxy(NamespaceProxy):
        _exposed_ = ("__getattribute__", "foo", "echo")

        def foo(self, number: int) -> int:
            return self._callmethod("foo", (number,))

        def echo(self, data: bytes) -> bytes:
            return self._callmethod("echo", (data,))

    class Manager(BaseManager):
        pass

    subject = Subject() if serves else None
    Manager.register("x", (lambda: subject) if serves else None, proxytype=SubjectProxy)
    Manager.register("numbers", (lambda: subject.numbers) if subject else None, proxytype=ListProxy)
    return Manager(address=path, authkey=b"bench")


def serve_managers(path: str) -> None:
    server = manager_of(path, serves=True).get_server()
    print("ready", flush=True)
    server.serve_forever()


def serve_rpyc(path: str) -> None:
    import rpyc
    from rpyc.utils.server import ThreadedServer

    class Service(rpyc.Service):
        x = Subject()

    server = ThreadedServer(Service, socket_path=path, protocol_config={"allow_public_attrs": True})
    print("ready", flush=True)
    server.start()


def serve_pyro5(path: str) -> None:
    import Pyro5.api

    @Pyro5.api.expose
    class Exposed:
        """What Pyro exposes are methods and properties; it calls methods of objects, and no functions."""

        def __init__(self) -> None:
            self.subject = Subject()

        @property
        def v(self) -> int:
            return self.subject.v

        @property
        def numbers(self) -> list[int]:
            return self.subject.numbers

        def foo(self, number: int) -> int:
            return self.subject.foo(number)

        def tell(self, whom: Any) -> int:
            whom._pyroClaimOwnership()
            return self.subject.tell(whom.heard)

        def echo(self, data: bytes) -> bytes:
            return self.subject.echo(data)

    daemon = Pyro5.api.Daemon(unixsocket=path)
    daemon.register(Exposed(), "x")
    print("ready", flush=True)
    daemon.requestLoop()


SERVERS = {"wherever": serve_wherever, "managers": serve_managers, "rpyc": serve_rpyc, "pyro5": serve_pyro5}

if __name__ == "__main__":
    SERVERS[sys.argv[1]](sys.argv[2])
