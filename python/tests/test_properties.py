"""Any sequence of operations does to a remote object what it does to a local one: result, error, and what is left."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from operations import error_of, plain

# What does the operations, on both sides: the other side's program, and run here.
PROGRAM = '''
import operator


class Account:
    """Has attributes, methods, operators and a property."""

    limit = 10

    def __init__(self, amount):
        self.amount = amount
        self.log = []

    def add(self, amount, *, note=None):
        if amount > self.limit:
            raise ValueError("too much", amount)
        self.amount += amount
        self.log.append((amount, note))
        return self.amount

    def last(self):
        return self.log[-1]

    @property
    def half(self):
        return self.amount / 2

    @half.setter
    def half(self, value):
        self.amount = value * 2

    def __add__(self, other):
        return self.amount + other if isinstance(other, int) else NotImplemented

    def __radd__(self, other):
        return [other, self.amount]

    def __iadd__(self, other):
        self.amount += other
        return self

    def __eq__(self, other):
        return self.amount == other.amount if isinstance(other, Account) else self.amount == other

    __hash__ = None

    def __lt__(self, other):
        return self.amount < other

    def __len__(self):
        return self.amount

    def __getitem__(self, key):
        return self.log[key]

    def __contains__(self, value):
        return any(amount == value for amount, _ in self.log)

    def __iter__(self):
        return iter(self.log)

    def __repr__(self):
        return f"Account({self.amount})"

    def __call__(self, *args, **named):
        return args, sorted(named)

    def __bool__(self):
        return self.amount > 0


KINDS = {"list": list, "dict": dict, "set": set, "bytearray": bytearray, "account": Account}


def new(kind, content):
    """An object of a kind."""
    return KINDS[kind](content)


def item(x, key, *value):
    if value:
        x[key] = value[0]
    else:
        return x[key]


def drop(x, key):
    del x[key]


def behind(x, name, other):
    return getattr(operator, name)(other, x)


def in_place(x, name, other):
    y = x
    y = getattr(operator, name)(y, other)
    return y is x, y


def spread(x):
    return (lambda *args: args)(*x)


def by_name(x):
    return (lambda **named: named)(**x)


def merged(x):
    return {"before": 1, **x}


def change(x, name, *value):
    if value:
        setattr(x, name, value[0])
    else:
        delattr(x, name)


def loop(x):
    return [value for value in x]


def perform(x, how, name, args):
    """Does one operation."""
    if how == "method":
        return getattr(x, name)(*args)
    if how == "operator":
        return getattr(operator, name)(x, *args)
    if how == "builtin":
        return BUILTINS[name](x, *args)
    return globals()[name](x, *args)


BUILTINS = {kind.__name__: kind for kind in (list, tuple, set, dict, bytes, sorted, len, repr, str, bool, sum, min, max,
                                             any, all, hash, getattr, hasattr, callable, iter, reversed, next)}
'''

numbers = st.integers(-3, 4)
texts = st.sampled_from(["a", "b", "", "ab"])
leaves = numbers | texts | st.sampled_from([None, True, 1.5, b"a", (1, "a"), frozenset((1,))])
values = leaves | st.lists(numbers, max_size=2)
bounds = st.none() | st.integers(-5, 5)
slices = st.builds(slice, bounds, bounds, st.none() | st.sampled_from([1, 2, -1, -2, 0]))
keys = st.integers(-5, 5) | slices
lists = st.lists(leaves, max_size=4)
flat = st.lists(numbers, max_size=4)
iterables = lists | st.tuples(leaves, leaves) | st.sampled_from(["ab", range(2), {1: 2}, frozenset((3,)), 5, None])


def op(how: str, name: str, *args: Any) -> Any:
    return st.tuples(st.just(how), st.just(name), st.tuples(*args))


def all_of(how: str, names: str, *args: Any) -> Any:
    return st.one_of([op(how, name, *args) for name in names.split()])


LISTS = st.one_of(
    op("method", "append", values), op("method", "insert", numbers, values), op("method", "extend", iterables),
    op("method", "pop"), op("method", "pop", numbers), op("method", "remove", values), op("method", "index", values),
    op("method", "count", values), all_of("method", "reverse sort copy clear"), op("special", "item", keys),
    op("special", "item", keys, iterables), op("special", "item", numbers, values), op("special", "drop", keys),
    all_of("operator", "add eq ne lt le gt ge", lists), all_of("operator", "add eq", leaves),
    op("operator", "mul", numbers),
    op("operator", "contains", values), op("special", "behind", st.sampled_from(["add", "eq"]), lists),
    # (Of what cannot be compared, a comparison turned around says so the other way round.)
    op("special", "behind", st.sampled_from(["lt", "ge"]), st.just([])),
    op("special", "in_place", st.just("iadd"), iterables), op("special", "in_place", st.just("imul"), numbers),
    all_of("builtin", "list tuple sorted len repr bool sum min max any all hash reversed str"),
    all_of("special", "spread loop"),
)
DICTS = st.one_of(
    all_of("method", "get pop setdefault", leaves), all_of("method", "get pop setdefault", leaves, values),
    op("method", "get", values), all_of("method", "popitem clear copy keys values items"),
    op("method", "update", st.dictionaries(leaves, values, max_size=3) | iterables), op("special", "item", values),
    op("special", "item", leaves, values), op("special", "drop", leaves), op("operator", "contains", values),
    all_of("operator", "eq or_ ne", st.dictionaries(leaves, leaves, max_size=3)),
    all_of("operator", "eq or_ lt", lists),
    op("special", "behind", st.sampled_from(["or_", "eq"]), st.dictionaries(leaves, leaves, max_size=3)),
    op("special", "in_place", st.just("ior"), st.dictionaries(leaves, leaves, max_size=3) | iterables),
    all_of("builtin", "list tuple sorted len repr bool dict hash reversed max"),
    all_of("special", "spread loop by_name merged"),
)
SETS = st.one_of(
    all_of("method", "add discard remove", values), all_of("method", "clear copy"),
    all_of("method", "update union intersection difference symmetric_difference", iterables),
    all_of("method", "issubset issuperset isdisjoint", iterables),
    all_of("method", "intersection_update difference_update symmetric_difference_update", iterables),
    all_of("method", "update union difference", flat, iterables), op("operator", "contains", values),
    all_of("operator", "and_ or_ sub xor eq ne lt le gt ge", st.sets(leaves, max_size=3) | st.frozensets(numbers)),
    all_of("operator", "and_ or_ eq lt", lists),
    op("special", "behind", st.sampled_from(["and_", "or_", "sub", "xor", "eq", "le"]), st.sets(leaves, max_size=3)),
    op("special", "in_place", st.sampled_from(["iand", "ior", "isub", "ixor"]), st.sets(numbers) | lists),
    all_of("builtin", "set len bool hash any"), op("special", "item", numbers),
)
bytes_like = st.binary(max_size=3) | st.binary(max_size=3).map(bytearray)
of_bytes = bytes_like | st.lists(st.integers(-1, 256), max_size=3) | texts
BYTES = st.one_of(
    op("method", "append", st.integers(-1, 257)), op("method", "extend", of_bytes), op("method", "pop"),
    op("method", "insert", numbers, st.integers(0, 255)), op("method", "remove", st.integers(0, 255)),
    all_of("method", "reverse clear copy upper title split hex isalpha strip splitlines"),
    all_of("method", "find index count startswith endswith split partition rstrip removeprefix", bytes_like | texts),
    op("method", "replace", bytes_like, bytes_like), op("method", "join", st.lists(bytes_like, max_size=2)),
    op("method", "decode", st.just("latin-1")), op("special", "item", keys), op("special", "item", keys, of_bytes),
    op("special", "item", numbers, st.integers(0, 255)), op("special", "drop", keys),
    all_of("operator", "add eq ne lt ge contains", bytes_like | texts), op("operator", "mul", numbers),
    op("special", "behind", st.sampled_from(["add", "eq", "lt", "contains"]), bytes_like),
    op("special", "in_place", st.just("iadd"), of_bytes), op("special", "in_place", st.just("imul"), numbers),
    all_of("builtin", "list bytes len repr bool sum hash sorted str"), all_of("special", "spread loop"),
)
names = st.sampled_from(["amount", "half", "log", "limit", "fresh", "nothing"])
ACCOUNTS = st.one_of(
    op("method", "add", st.integers(-5, 12)), all_of("method", "last nothing"), op("builtin", "getattr", names),
    op("builtin", "hasattr", names), op("special", "change", names, numbers), op("special", "change", names),
    all_of("operator", "add eq lt contains", numbers | texts), op("operator", "getitem", numbers),
    op("special", "behind", st.sampled_from(["add", "eq", "gt"]), numbers | texts),
    op("special", "in_place", st.just("iadd"), numbers), op("method", "__call__", values),
    all_of("builtin", "list len repr bool hash callable sorted str"), op("special", "loop"),
)
KINDS = {
    "list": (lists.map(tuple), LISTS),
    "dict": (st.dictionaries(leaves, leaves, max_size=3).map(lambda entries: tuple(entries.items())), DICTS),
    "set": (st.frozensets(leaves, max_size=4), SETS), "bytearray": (st.binary(max_size=6), BYTES),
    "account": (st.integers(0, 5), ACCOUNTS),
}


def state(x: Any) -> Any:
    return plain(x.__dict__) if type(x).__name__ == "Account" else plain(x)


def done(perform: Any, x: Any, operation: Any) -> Any:
    """What an operation comes to: a value in comparable form, or an error."""
    try:
        value = perform(x, *operation)
    except Exception as error:
        return error_of(error)
    if type(value).__name__ == "Account":
        return ["account", state(value)]
    if isinstance(value, tuple) and len(value) == 2 and type(value[1]).__name__ == "Account":
        return [value[0], state(value[1])]
    return plain(value)


@pytest.fixture
def sides(start):
    """The functions of the program here and over there."""
    here: dict[str, Any] = {"__name__": "program"}
    exec(PROGRAM, here)
    peer = start(PROGRAM, here="open")
    return SimpleNamespace(**here), peer.root


def same(one: Any, other: Any, one_performs: Any, other_performs: Any, operations: list[Any]) -> None:
    for number, operation in enumerate(operations):
        expected, found = done(one_performs, one, operation), done(other_performs, other, operation)
        assert found == expected, (operation, operations[:number])
    assert state(other) == state(one), operations


@pytest.mark.parametrize("kind", KINDS)
def test_a_remote_object_does_what_a_local_one_does(sides, kind):
    here, there = sides
    contents, operations = KINDS[kind]
    new = there.new

    @settings(max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(contents, st.lists(operations, min_size=1, max_size=12))
    def check(content, performed):
        same(here.new(kind, content), new(kind, content), here.perform, here.perform, performed)

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_of_this_side_does_it_for_the_other(sides, kind):
    here, there = sides
    contents, operations = KINDS[kind]
    perform = there.perform

    @settings(max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(contents, st.lists(operations, min_size=1, max_size=12))
    def check(content, performed):
        same(here.new(kind, content), here.new(kind, content), here.perform, perform, performed)

    check()
