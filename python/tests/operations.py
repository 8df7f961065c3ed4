"""Operations on objects of every kind, each done on a local and on a remote one, and what came of it."""

from __future__ import annotations

import ast
import json
import pathlib
from types import SimpleNamespace
from typing import Any, Callable, NamedTuple

import wherever

HERE = pathlib.Path(__file__).parent
DATA = HERE / "operations.json"

# What both sides have: this side by running the text, as any program would, the other one as its program.
PROGRAM = '''
import collections
import enum
import functools


class Base:
    """A base."""

    kind = "base"

    def who(self):
        return type(self).__name__


class Point(Base):
    """A point."""

    __match_args__ = ("x", "y")
    count = 0

    def __init__(self, x, y=2):
        self.x = x
        self.y = y
        self.log = []

    def move(self, dx, dy=0, *rest, scale=1, **named):
        """Moves it."""
        self.x += dx * scale
        self.y += dy * scale
        return self.x, self.y, rest, sorted(named)

    @property
    def sum(self):
        """The sum."""
        return self.x + self.y

    @sum.setter
    def sum(self, value):
        self.x = value - self.y

    @classmethod
    def origin(cls):
        return cls(0, 0)

    @staticmethod
    def twice(value):
        return value * 2

    def fail(self):
        raise ValueError("no", 7)

    def steps(self, n):
        for number in range(n):
            self.log.append(number)
            yield number

    def chain(self):
        return self

    def __repr__(self):
        return f"Point({self.x}, {self.y})"

    def __str__(self):
        return f"<{self.x};{self.y}>"

    def __format__(self, spec):
        return f"{self.x:{spec}}|{self.y:{spec}}"

    def __eq__(self, other):
        if isinstance(other, Point):
            return (self.x, self.y) == (other.x, other.y)
        return NotImplemented

    def __lt__(self, other):
        return self.x < other.x if isinstance(other, Point) else NotImplemented

    def __hash__(self):
        return hash((self.x, self.y))

    def __bool__(self):
        return self.x != 0

    def __len__(self):
        return 2

    def __iter__(self):
        return iter((self.x, self.y))

    def __reversed__(self):
        return iter((self.y, self.x))

    def __contains__(self, value):
        return value in (self.x, self.y)

    def __getitem__(self, key):
        return (self.x, self.y)[key]

    def __setitem__(self, key, value):
        if key == 0:
            self.x = value
        elif key == 1:
            self.y = value
        else:
            raise IndexError(key)

    def __delitem__(self, key):
        self[key] = 0

    def __call__(self, *args, **named):
        return args, sorted(named.items())

    def __add__(self, other):
        return Point(self.x + other, self.y + other) if isinstance(other, int) else NotImplemented

    def __radd__(self, other):
        return Point(other + self.x, other + self.y) if isinstance(other, int) else NotImplemented

    def __iadd__(self, other):
        self.x += other
        return self

    def __sub__(self, other):
        return Point(self.x - other.x, self.y - other.y) if isinstance(other, Point) else NotImplemented

    def __matmul__(self, other):
        return self.x * other[0] + self.y * other[1]

    def __divmod__(self, other):
        return divmod(self.x, other), divmod(self.y, other)

    def __pow__(self, other):
        return self.x ** other

    def __neg__(self):
        return Point(-self.x, -self.y)

    def __abs__(self):
        return abs(self.x) + abs(self.y)

    def __invert__(self):
        return (~self.x, ~self.y)

    def __int__(self):
        return self.x

    def __float__(self):
        return float(self.x)

    def __index__(self):
        return self.x

    def __complex__(self):
        return complex(self.x, self.y)

    def __round__(self, digits=0):
        return (self.x, digits)

    def __enter__(self):
        self.log.append("enter")
        return self

    def __exit__(self, kind, error, traceback):
        self.log.append(kind.__name__ if kind else "exit")
        return kind is ValueError


class Plain:
    """Nothing special."""

    def __init__(self):
        self.value = 1


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a = 1


class Meta(type):
    def __len__(cls):
        return 3

    def __contains__(cls, value):
        return value == 1

    def __iter__(cls):
        return iter("abc")


class WithMeta(metaclass=Meta):
    pass


class Stack(list):
    def top(self):
        return self[-1]


class Trouble(ValueError):
    def __init__(self, text, code):
        super().__init__(text, code)
        self.code = code


def work(a, b=2, *rest, c=3, **named):
    """Works."""
    return a, b, rest, c, sorted(named)


def make_list(): return [3, 1, 2, 1]
def make_nested(): return [1, [2, [3]], {"k": [4]}, ({5},)]
def make_words(): return ["b", "a"]
def make_empty(): return []
def make_dict(): return {"a": 1, "b": [2], "c": 3}
def make_numbers(): return {1: 2, 3: 4}
def make_set(): return {1, 2, 3}
def make_bytes(): return bytearray(b"hello world")
def make_point(): return Point(3, 4)
def make_plain(): return Plain()
def make_slotted(): return Slotted()
def make_stack(): return Stack([1, 2])
def make_class(): return type("Point", (Point,), {"__doc__": "A point.", "__module__": __name__})
def make_meta(): return WithMeta
def make_function(): return work
def make_lambda(): return lambda value: value
def make_method(): return Point(3, 4).move
def make_partial(): return functools.partial(work, 1, c=5)
def make_builtin(): return len
def make_closure():
    seen = []
    def add(value):
        seen.append(value)
        return len(seen)
    return add
def make_generator():
    def steps():
        try:
            for number in range(3):
                got = yield number
                if got is not None:
                    yield ("got", got)
        except ValueError as error:
            yield ("caught", error.args)
        return "end"
    return steps()
def make_iterator(): return iter([1, 2, 3])
def make_error():
    try:
        raise Trouble("bad", 7) from KeyError("k")
    except Trouble as error:
        return error
def make_key_error(): return KeyError("k")
def make_module(): return collections
def make_deque(): return collections.deque([1, 2, 3])
def make_counter(): return collections.Counter("aab")
'''


class Row(NamedTuple):
    """What came of one operation: how it compares, and the messages that it took."""

    result: str
    messages: int


class Outcome(NamedTuple):
    """What an operation gave, or raised, and what the object was afterwards."""

    value: Any
    error: Any
    after: Any


def helpers() -> dict[str, Any]:
    """What operations can name beside the object."""
    space: dict[str, Any] = {"wherever": wherever}
    exec(HELPERS, space)
    return space


HELPERS = '''
import array, bisect, collections, collections.abc, contextlib, copy, dis, functools, hashlib, heapq, inspect, io
import itertools, json, marshal, math, operator, pickle, pprint, random, statistics, struct, traceback, zlib
from collections.abc import Callable, Iterable, Iterator, Hashable, Mapping, MutableMapping, MutableSequence, MutableSet
from collections.abc import Sequence, Set, Sized, Generator


def given(*args, **named):
    return args, named


def failing():
    yield 7
    raise LookupError("midway")


def on(work, *args):
    """Does it, for what it does to its first argument."""
    work(*args)
    return args[0]


def match_sequence(x):
    match x:
        case [first, *rest]:
            return first, rest
    return None


def match_list(x):
    match x:
        case list():
            return "list"
        case dict():
            return "dict"
        case set():
            return "set"
        case bytearray():
            return "bytearray"
    return None


def match_mapping(x):
    match x:
        case {"a": a, **rest}:
            return a, rest
    return None


def match_exact(x):
    match x:
        case [3, 1, 2, 1]:
            return True
        case {"a": 1, "b": b}:
            return b
    return False


def match_point(x, Point):
    match x:
        case Point(a, y=b):
            return a, b
    return None


def extended(x, values):
    try:
        x.extend(values)
    finally:
        return x


class Sub(list):
    def __eq__(self, other):
        return "asked"
    __hash__ = None


class Joins:
    def __radd__(self, other):
        return ("joined", list(other))
    def __rmul__(self, other):
        return ("times", list(other))


class Equal:
    def __eq__(self, other):
        return True
    __hash__ = None


class Index:
    def __index__(self):
        return 1
'''


def plain(value: Any, seen: tuple[int, ...] = ()) -> Any:
    """A value in a form that compares by kind and content, wherever it lives."""
    if id(value) in seen:
        return "(itself)"
    if value is None or type(value) in (bool, int, float, complex, str, bytes, range, slice):
        return [type(value).__name__, repr(value)]
    inside = (*seen, id(value))
    if isinstance(value, memoryview):
        return ["memoryview", value.tobytes()]
    if isinstance(value, BaseException):
        return error_of(value)
    if isinstance(value, type):
        return ["class", value.__name__]
    if isinstance(value, (list, dict, set, bytearray)) and wherever.is_remote(value):
        return plain(wherever.copy(value), inside)
    for kind in (list, tuple):
        if isinstance(value, kind):
            return [kind.__name__, [plain(item, inside) for item in value]]
    if isinstance(value, (set, frozenset)):
        return [type(value).__name__, sorted((plain(item, inside) for item in value), key=repr)]
    if isinstance(value, dict):
        return ["dict", [[plain(key, inside), plain(item, inside)] for key, item in value.items()]]
    if isinstance(value, bytearray):
        return ["bytearray", bytes(value)]
    return plain_object(value, inside)


def plain_object(value: Any, inside: tuple[int, ...]) -> Any:
    name = type(value).__name__
    if name in ("dict_keys", "dict_values", "dict_items"):
        return [name, [plain(item, inside) for item in value]]
    if hasattr(type(value), "__next__"):
        return ["iterator", [plain(item, inside) for item in value]]
    if name in ("Point", "Plain", "Trouble"):
        return ["object", name, plain(value.__dict__, inside)]
    if name == "Slotted":
        return ["object", name, [[at, plain(getattr(value, at), inside)] for at in ("a", "b") if hasattr(value, at)]]
    if callable(value) and hasattr(value, "__name__"):
        return ["callable", value.__name__]
    if name in ("deque", "Counter"):
        return [name, [plain(item, inside) for item in value]]
    return ["other", name]


def error_of(error: BaseException) -> Any:
    return ["error", type(error).__name__, [plain(arg) for arg in error.args]]


def perform(text: str, x: Any, own: SimpleNamespace) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The operation as a thing to do, and a look at the object afterwards."""
    tree = ast.parse(text)
    space = {**helpers(), "x": x, "own": own}
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        tree.body[-1] = ast.copy_location(ast.Assign([ast.Name("result", ast.Store())], last.value), last)
        ast.fix_missing_locations(tree)
    code = compile(tree, "<operation>", "exec")

    def act() -> Any:
        exec(code, space)
        return space.get("result")

    return act, lambda: plain(space["x"])


def outcome(act: Callable[[], Any], after: Callable[[], Any]) -> Outcome:
    try:
        value, error = act(), None
    except BaseException as raised:
        if isinstance(raised, KeyboardInterrupt):
            raise
        value, error = None, error_of(raised)
    try:
        value = plain(value)
    except Exception as raised:
        value = ["unreadable", error_of(raised)]
    return Outcome(value, error, after())


def compared(local: Outcome, remote: Outcome, before: Any) -> str:
    """How the remote outcome compares with the local one, of an object that was like this before."""
    if local == remote:
        return "same"
    if remote.error is not None and local.error is None and remote.after == before:
        return "refused"
    return "differs"


def known() -> dict[str, dict[str, Row]]:
    """The table as it was written down."""
    told = json.loads(DATA.read_text())
    return {group: {text: Row(*row) for text, row in rows.items()} for group, rows in told.items()}


def written(table: dict[str, dict[str, Row]]) -> str:
    """The table as text, a row a line."""
    groups = []
    for group, rows in table.items():
        lines = ",\n".join(f"  {json.dumps(text)}: {json.dumps(row)}" for text, row in rows.items())
        groups.append(f" {json.dumps(group)}: {{\n{lines}\n }}")
    return "{\n" + ",\n".join(groups) + "\n}\n"


def run(peer: wherever.Peer, count: Callable[..., Any], groups: dict[str, tuple[str, list[str]]]) -> Any:
    """Does everything on both, and gives the table and the outcomes that were not the same."""
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(PROGRAM, space)
    names = [name for name in space if not name.startswith("_")]
    here = SimpleNamespace(**{name: space[name] for name in names})
    there = SimpleNamespace(**{name: peer.get(name) for name in names if isinstance(space[name], type)})
    table: dict[str, dict[str, Row]] = {}
    unlike: dict[tuple[str, str], tuple[Outcome, Outcome]] = {}
    for group, (make, texts) in groups.items():
        rows = table[group] = {}
        for text in texts:
            act, after = perform(text, space[make](), here)
            local = outcome(act, after)
            act, after = perform(text, peer.get(make)(), there)
            taken: list[int] = []

            def counted(act: Callable[[], Any] = act, taken: list[int] = taken) -> Any:
                failed: list[BaseException] = []

                def guarded() -> Any:
                    try:
                        return act()
                    except BaseException as error:
                        failed.append(error)
                        return None

                value, messages = count(peer, guarded)
                taken.append(messages)
                if failed:
                    raise failed[0]
                return value

            remote = outcome(counted, after)
            rows[text] = Row(compared(local, remote, plain(space[make]())), taken[0])
            if local != remote:
                unlike[group, text] = local, remote
    return table, unlike
