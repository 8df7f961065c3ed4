"""The variables of frames that are elsewhere: as mappings, which is how real frames hold them."""

from __future__ import annotations

import builtins
import dis
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any, NamedTuple

from wherever._errors import Denied, Error, RemoteError
from wherever._signature import signature

# What a frame's code is given where the interpreter insists on arguments.
PLACE = object()
NOT_TOLD = ("the variables of this frame are not told: its side's policy is closed or public, or it has none. Where it"
            " is to be looked into, its node is made with tell_frames=\"stacks\", or with the policy open")
# Under which name what is not to be had stands among those that are.
REST = "..."


class Place(NamedTuple):
    """A place that an error came through, and who has more of it."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    name: str
    first_line: int
    text: str
    signature: str
    owner: Any = None
    index: int = 0
    exported: bool = False


class Rest:
    """What stands for variables that are not to be had."""

    __slots__ = ("_why",)

    def __init__(self, why: object) -> None:
        self._why = f"{type(why).__name__}: {why}" if isinstance(why, BaseException) else str(why)

    def __repr__(self) -> str:
        return f"<not to be had: {self._why}>"


class Variables(MutableMapping[str, Any]):
    """The local variables of a frame. All come together when the first is looked at; what is assigned to one of them is
    assigned over there; all other names are this side's own."""

    __slots__ = ("_place", "_told", "_unbound", "hiding", "_own", "_why")

    def __init__(self, place: Place) -> None:
        self._place = place
        self._told: dict[str, Any] | None = None
        self._unbound: set[str] = set()
        self.hiding: frozenset[str] = frozenset()
        self._own: dict[str, Any] = {}
        self._why: Exception | None = None

    def look(self) -> dict[str, Any]:
        """What is known of them; asked for once."""
        if self._told is None:
            owner, index = self._place.owner, self._place.index
            if owner is None:
                return {}
            bound, unbound, hiding = owner.call("contents", index)
            told = {name: value for name, value in bound if isinstance(name, str)}
            self._unbound = {name for name in unbound if isinstance(name, str)} - told.keys()
            self.hiding = frozenset(hiding)
            self._told = told
        return self._told

    def __getitem__(self, name: str) -> Any:
        if name in self._own:
            return self._own[name]
        if self._told is None and _is_for_tools(name):
            raise KeyError(name)
        if name == REST and self._why is not None:
            return Rest(self._why)
        try:
            return self.look()[name]
        except Error as why:
            if name in vars(builtins):
                raise KeyError(name) from None
            if name in _parameters(self._place.signature):
                # Who prints the arguments of a call wants those that there are.
                return Rest(why)
            raise

    def __setitem__(self, name: str, value: Any) -> None:
        if value is PLACE:
            return
        if _is_for_tools(name) or (name not in self.look() and name not in self._unbound):
            self._own[name] = value
            return
        self._place.owner.call("assign", self._place.index, name, value)
        self.look()[name] = value
        self._unbound.discard(name)

    def __delitem__(self, name: str) -> None:
        if name in self._own:
            del self._own[name]
            return
        # Before 3.13 the interpreter deletes what is not bound in a stand-in frame whenever somebody looks at it.
        if (sys.version_info < (3, 13) and not _is_statement(name)) or name not in self.look():
            raise KeyError(name)
        self._place.owner.call("remove", self._place.index, name)
        del self.look()[name]
        self._unbound.add(name)

    def __iter__(self) -> Iterator[str]:
        try:
            known = self.look()
        except Exception as why:
            # Who prints all that there is wants what there is.
            known, self._why = {REST: None}, why
        return iter(list({**known, **self._own}))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        if name in self._own:
            return True
        if not isinstance(name, str) or (self._told is None and _is_for_tools(name)):
            return False
        return name in self.look()

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default

    def items(self) -> Any:
        return [(name, self._item(name)) for name in self]

    def values(self) -> Any:
        return [value for _, value in self.items()]

    def _item(self, name: str) -> Any:
        try:
            return self[name]
        except Exception as why:
            return Rest(why)

    def __repr__(self) -> str:
        return repr(dict(self.items()))


def _parameters(text: str) -> Any:
    parsed = signature(text)
    return parsed.parameters if parsed else ()


def _is_for_tools(name: Any) -> bool:
    """Whether debuggers and printers look for this name in every frame, so that nobody should be asked for it."""
    return isinstance(name, str) and name.startswith("__") and name.endswith("__")


def _is_statement(name: str) -> bool:
    """Whether the code two calls further out deletes this very name by a statement."""
    frame = sys._getframe(2)
    code = frame.f_code
    found = [at for at in dis.get_instructions(code) if at.offset == frame.f_lasti]
    return bool(found) and found[0].opname == "DELETE_NAME" and found[0].argval == name


class Names(dict[str, Any]):
    """The builtins of a frame that is elsewhere, and behind them the globals that are over there."""

    __slots__ = ("place", "variables")

    def __init__(self, place: Place, variables: Variables) -> None:
        super().__init__(vars(builtins))
        self.place = place
        self.variables = variables

    def __getitem__(self, name: str) -> Any:
        known = super().get(name, PLACE)
        if known is not PLACE and name not in self.variables.hiding:
            return known
        if self.place.owner is None:
            raise Denied(f"{name!r} is not known here: {NOT_TOLD}")
        try:
            return self.place.owner.call("global_value", self.place.index, name)
        except (NameError, LookupError, RemoteError):
            # Another language's error says the same in its own way.
            raise KeyError(name) from None
