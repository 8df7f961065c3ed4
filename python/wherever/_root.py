"""A peer's exports as attributes, and its counters by name."""

from __future__ import annotations

from typing import Any


class Root:
    """What a peer exports, as attributes."""

    __slots__ = ("_peer",)

    def __init__(self, peer: Any) -> None:
        object.__setattr__(self, "_peer", peer)

    def __getattr__(self, name: str) -> Any:
        from wherever import NotFound
        if name.startswith("__") and name.endswith("__"):
            # What the interpreter and libraries look for by themselves is not for a peer to say.
            raise AttributeError(f"{name!r} is got by the peer's method `get`", name=name, obj=self)
        try:
            return self._peer.get(name)
        except NotFound as error:
            raise AttributeError(str(error), name=name, obj=self) from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("what a peer exports is the peer's to say")

    def __dir__(self) -> list[str]:
        return self._peer.names()

    def __repr__(self) -> str:
        return f"<exports of {self._peer!r}>"


class Stats(dict):  # type: ignore[type-arg]
    """Counters of a session, as items and as attributes."""

    __slots__ = ()

    def __getattr__(self, name: str) -> int:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None
