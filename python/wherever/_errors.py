"""What can go wrong between two sides."""

from __future__ import annotations

import functools
import logging

# Who wants to see what peers were refused sets up logging; nothing is printed otherwise.
LOG = logging.getLogger("wherever")
LOG.addHandler(logging.NullHandler())


class Error(Exception):
    """What all errors of this package are."""


class NotFound(Error, LookupError):
    """No object is exported under the name."""


class Denied(Error):
    """The policy of the object's side refuses; the text says what would allow it."""


class DeniedAttribute(Denied, AttributeError):
    """The policy of the object's side refuses to let an attribute be read."""


class Disconnected(Error, ConnectionError):
    """The session is over. `may_have_run` tells whether the call may have run over there."""

    may_have_run = False


class ConnectFailed(Error, ConnectionError):
    """Nothing could be connected to; the text says where, and why."""


class ServeFailed(Error, OSError):
    """Nothing could be served; the text says where, and why."""


class Overloaded(Error):
    """A limit of one side leaves no room."""


class ProtocolError(Error):
    """A side broke the protocol, or sent what cannot be decoded."""


class DeadlinePassed(Error, TimeoutError):
    """The time given for a call, or for connecting, has passed."""


class Cancelled(Error):
    """The call was stopped by its caller."""


class Busy(Error):
    """The object is in use by a call that this one is nested in."""


class RemoteError(Error):
    """Something that a peer's code raised, of a type that has no equal here."""


# By these names they are imported, and seen in tracebacks.
for _cls in (Error, *Error.__subclasses__(), DeniedAttribute):
    _cls.__module__ = "wherever"


@functools.lru_cache(maxsize=1024)
def named(type_name: str, base: type | None) -> type:
    """The class of an exception of which no more than the name is known."""
    known = KNOWN.get(type_name)
    if known is not None:
        return known
    path = type_name.removeprefix("python:").replace("\0", "?")
    module, _, name = path.rpartition("::") if "::" in path else path.rpartition(".")
    own = globals().get(name) if module == "wherever" else None
    if isinstance(own, type) and issubclass(own, Error):
        return own
    # Of what is an exception and no more, whoever catches it wants to know where it comes from.
    bases = (RemoteError,) if base in (None, Exception) else (base,)
    return type(name or path, bases, {"__module__": module or "wherever.remote", "__doc__": None})


def refused(text: str) -> None:
    """Notes what a peer was refused."""
    LOG.warning("refused: %s", text)


# What objects of the core raise, in words of its own.
KNOWN = {
    "wherever:value_error": ValueError, "wherever:key_error": KeyError, "wherever:index_error": IndexError,
    "wherever:type_error": TypeError, "wherever:overflow": OverflowError, "wherever:stop_iteration": StopIteration,
}
