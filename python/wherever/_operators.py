"""Operators and methods of remote containers: what the owner does, and what is done here with a copy."""

from __future__ import annotations

import operator
from opcode import opmap, opname
from typing import Any, Callable

from wherever._moment import RemoteContainer, caller, is_given
from wherever._wherever import make_method as method, operation, whole


def compares(kind: type, alike: tuple[type, ...], name: str) -> Callable[[Any, Any], Any]:
    """A comparison. With what a builtin container of this kind does not know it leaves to the other operand."""
    far, here = operation(name), getattr(operator, name)

    def compare(self: Any, other: Any) -> Any:
        if type(other) in alike or isinstance(other, RemoteContainer):
            return far(self, other) if isinstance(other, alike) else NotImplemented
        # A class derived from a builtin one, or a view, may have an own mind: it is asked here, with a copy of this.
        return here(whole(self), other) if isinstance(other, alike) else NotImplemented

    return named_as(compare, kind, name)


def named_as(function: Any, kind: type, name: str) -> Any:
    function.__name__ = name
    function.__qualname__ = f"{kind.__name__}.{name}"
    function.__doc__ = getattr(getattr(kind, name, None), "__doc__", None)
    return function


_IN_PLACE = {code for code, name in enumerate(opname) if name.startswith("INPLACE_")}
_BINARY_OP = opmap.get("BINARY_OP")
_FIRST_IN_PLACE = 13  # The first of its arguments that is an operator in place.


def _is_in_place() -> bool:
    """Whether the caller's caller is at an operator in place, such as `+=`."""
    frame = caller(2)
    if frame is None:
        return False
    code, at = frame.f_code.co_code, frame.f_lasti
    if at < 0 or at + 1 >= len(code):
        return False
    return code[at] in _IN_PLACE or (code[at] == _BINARY_OP and code[at + 1] >= _FIRST_IN_PLACE)


def reflects(kind: type, alike: tuple[type, ...], name: str) -> Callable[[Any, Any], Any]:
    """An operator behind an operand of this side: done here, so that the result is where the left operand is."""
    plain, in_place = getattr(operator, f"__{name}__"), getattr(operator, f"__i{name}__")

    def reflected(self: Any, other: Any) -> Any:
        if not isinstance(other, alike) or isinstance(other, RemoteContainer):
            return NotImplemented
        # An operator in place would have changed the operand of this side, had it known what this is.
        return in_place(other, whole(self)) if _is_in_place() else plain(other, whole(self))

    return named_as(reflected, kind, f"__r{name}__")


def combines(kind: type, alike: tuple[type, ...], name: str) -> Callable[[Any, Any], Any]:
    """An operator in front of another container of these kinds."""
    far, here = operation(f"__{name}__"), getattr(operator, f"__{name}__")

    def combine(self: Any, other: Any) -> Any:
        if not isinstance(other, alike):
            return NotImplemented
        if type(other) in alike or isinstance(other, RemoteContainer):
            return far(self, other)
        return here(whole(self), other)

    return named_as(combine, kind, f"__{name}__")


def joins(kind: type, name: str) -> Callable[[Any, Any], Any]:
    """`+` and `*` of sequences: what the other operand can do comes first, as it does for builtin ones."""
    far, here = operation(f"__{name}__"), getattr(operator, f"__{name}__")
    reflected, refuse = f"__r{name}__", getattr(kind, f"__{name}__")

    def join(self: Any, other: Any) -> Any:
        if is_given(other):
            return far(self, other)
        if not isinstance(other, kind):
            own = getattr(type(other), reflected, None)
            made = NotImplemented if own is None else own(other, self)
            if made is not NotImplemented:
                return made
            refuse(kind(), other)  # Fails, if it is nothing that this can be joined with.
        return here(whole(self), other)

    return named_as(join, kind, f"__{name}__")


def asks(kind: type, name: str, takes: str = "contents") -> Callable[..., Any]:
    """A method that changes nothing. With what the owner cannot be given at once, it is done here, on a copy."""
    far, here = method(name, takes), getattr(kind, name)

    def ask(self: Any, /, *args: Any, **named: Any) -> Any:
        if all(map(is_given, args)) and all(map(is_given, named.values())):
            return far(self, *args, **named)
        return here(whole(self), *args, **named)

    return named_as(ask, kind, name)
