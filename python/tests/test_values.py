"""What is immutable is copied: the same type, the same value, in both directions, and never by pickle."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import http
import ipaddress
import math
import pathlib
import pickle
import re
import signal
import time
import typing
import uuid
import zoneinfo

import pytest

import wherever

PROGRAM = '''
def echo(value): return value
def kind(value): return f"{type(value).__module__}.{type(value).__qualname__}"
def shown(value): return repr(value)
def same(one, other): return one is other
def parts(value): return [item for item in value]
'''

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")

VALUES = [
    None, True, False, 0, -1, 2**63 - 1, -2**63, 2**63, -2**63 - 1, 10**400, -(10**400), 255, 256, 0.0, -0.0, 1.5,
    math.inf, -math.inf, 5e-324, 1 + 2j, complex(-0.0, math.inf), "", "text", "ä€😀\x00", "\ud800 alone", b"",
    bytes(range(256)), (), (1, ("two", (b"3",))), frozenset(), frozenset({1, "two", (3,)}), range(5),
    range(1, 10**30, 7),
    range(10, 0, -3), slice(None), slice(1, 2, 3), slice("a", None, (1,)), ..., NotImplemented, int, dict, ValueError,
    dt.date(2024, 2, 29), dt.date.max, dt.timedelta(days=-1, microseconds=1), dt.timedelta.max, dt.timezone.utc,
    dt.timezone(dt.timedelta(hours=5, minutes=30)), dt.timezone(dt.timedelta(hours=-3), "BRT"), BERLIN,
    dt.time(12, 30, 1, 5), dt.time(1, tzinfo=dt.timezone.utc, fold=1), dt.datetime(2024, 1, 1), dt.datetime.max,
    dt.datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1), dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc),
    decimal.Decimal("0"), decimal.Decimal("-0.00"), decimal.Decimal("1." + "3" * 400), decimal.Decimal("1e-400000"),
    decimal.Decimal("Infinity"), decimal.Decimal("-sNaN123"), fractions.Fraction(-22, 7), fractions.Fraction(10**60, 3),
    uuid.UUID("12345678123456781234567812345678"), pathlib.PurePosixPath("/a/b c"), pathlib.PureWindowsPath("c:\\x"),
    pathlib.Path("relative/ä"), ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"),
    ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_interface("fe80::1/64"), http.HTTPStatus.NOT_FOUND,
    signal.SIGINT, re.IGNORECASE | re.MULTILINE, re.RegexFlag(0), time.gmtime(0), pathlib.Path("/"),
]


@pytest.fixture(scope="module")
def module_peer(tmp_path_factory):
    import sys
    from conftest import SERVES
    program = tmp_path_factory.mktemp("owner") / "program.py"
    program.write_text("import zoneinfo, http, signal, re, time\n" + PROGRAM + SERVES % "open")
    with wherever.connect_command([sys.executable, str(program)]) as peer:
        yield peer


def alike(one, other):
    if isinstance(one, float):
        return math.copysign(1, one) == math.copysign(1, other) and one == other
    if isinstance(one, decimal.Decimal):
        return one.as_tuple() == other.as_tuple()
    if isinstance(one, (dt.datetime, dt.time)):
        return one == other and one.fold == other.fold and one.tzname() == other.tzname() and one.tzinfo == other.tzinfo
    # A set has no order that its text could keep.
    return one == other and (isinstance(one, frozenset) or repr(one) == repr(other))


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{type(value).__name__} {value!r}"[:50])
def test_a_value_arrives_as_it_is(module_peer, messages, value):
    echo, kind, shown = (module_peer.get(name) for name in ("echo", "kind", "shown"))
    back, count = messages(module_peer, lambda: echo(value))
    assert type(back) is type(value) and alike(value, back) and count == 2
    assert kind(value) == f"{type(value).__module__}.{type(value).__qualname__}"
    assert isinstance(value, frozenset) or shown(value) == repr(value)


def test_a_value_that_is_not_a_number_stays_none(module_peer):
    back = module_peer.get("echo")(math.nan)
    assert type(back) is float and math.isnan(back)


def test_what_is_in_a_tuple_goes_by_its_own_rules(module_peer):
    inner = [1]
    back = module_peer.get("echo")((1, inner, (inner,)))
    assert back[1] is inner and back[2][0] is inner
    # What holds something that is no copy is no copy either.
    zone = type("Zone", (dt.tzinfo,), {"utcoffset": lambda s, d: dt.timedelta(0)})()
    with_zone = dt.datetime(2024, 1, 1, tzinfo=zone)
    assert module_peer.get("echo")(with_zone) is with_zone


def test_sharing_survives(module_peer):
    part = (1, 2)
    back = module_peer.get("echo")((part, part, frozenset({part})))
    assert back[0] is back[1]
    lattice = ()
    for _ in range(40):
        lattice = (lattice, lattice)
    # Shared parts are sent once: unfolded it would be two to the fortieth.
    with pytest.raises(RuntimeError):
        module_peer.get("shown")(lattice)
    assert module_peer.get("echo")(7) == 7


def test_subclasses_of_values_are_objects(module_peer):
    class Whole(int):
        pass

    class Text(str):
        pass

    for value in (Whole(5), Text("a"), collections.namedtuple("Pair", "a b")(1, 2)):
        assert module_peer.get("echo")(value) is value
    # Its text is not exposed, and printing it does not fail.
    assert "Whole object at 0x" in module_peer.get("shown")(Whole(5))


class Color(enum.Enum):
    RED = 1
    BLUE = (1, 2)


class Access(enum.IntFlag):
    READ = 1
    WRITE = 2


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: tuple = ()

    def __post_init__(self):
        made.append(self)


made: list = []
Pair = collections.namedtuple("Pair", "a b")

REGISTERED = '''
import collections, dataclasses, enum, wherever
class Color(enum.Enum):
    RED = 1
    BLUE = (1, 2)
class Access(enum.IntFlag):
    READ = 1
    WRITE = 2
@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: tuple = ()
Pair = collections.namedtuple("Pair", "a b")
class Money:
    def __init__(self, cents): self.cents = cents
    def __eq__(self, other): return self.cents == other.cents
wherever.value_type(Color, name="test.Color")
wherever.value_type(Access, name="test.Access")
wherever.value_type(Point, name="test.Point")
wherever.value_type(Pair, name="test.Pair")
wherever.value_type(Money, name="test.Money", encode=lambda m: m.cents, decode=Money)
def echo(value): return value
def is_own(value): return type(value) in (Color, Access, Point, Pair, Money)
def named(): return [Color.BLUE, Access.READ | Access.WRITE, Point(1, (2,)), Pair("a", 1)]
'''


def test_registered_classes_travel_by_copy_both_ways(start, messages):
    class Money:
        def __init__(self, cents):
            self.cents = cents

        def __eq__(self, other):
            return self.cents == other.cents

    for cls, name in ((Color, "test.Color"), (Access, "test.Access"), (Point, "test.Point"), (Pair, "test.Pair")):
        assert wherever.value_type(cls, name=name) is cls
    wherever.value_type(Money, name="test.Money", encode=lambda m: m.cents, decode=Money)
    peer = start(REGISTERED)
    echo, is_own = peer.get("echo"), peer.get("is_own")
    for value in (Color.RED, Color.BLUE, Access.READ | Access.WRITE, Point(1, (2, "x")), Pair(1, "b"), Money(5)):
        made.clear()
        back, count = messages(peer, lambda value=value: echo(value))
        assert type(back) is type(value) and back == value and count == 2 and not made
        assert is_own(value)
    assert list(peer.get("named")()) == [Color.BLUE, Access(3), Point(1, (2,)), Pair("a", 1)]
    # One that holds what cannot be copied is an object.
    holder = Pair([], 1)
    assert echo(holder) is holder


def test_what_only_one_side_has_registered_goes_by_reference(start):
    @wherever.value_type(name="test.Lonely")
    @dataclasses.dataclass(frozen=True)
    class Lonely:
        x: int

    peer = start("def echo(value): return value\ndef kind(value): return type(value).__name__\n")
    assert peer.get("echo")(Lonely(3)) == Lonely(3)


def test_nothing_of_it_is_pickled(module_peer, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("pickled")

    for name in ("dumps", "loads", "Pickler", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    for value in VALUES:
        if not isinstance(value, float):
            module_peer.get("echo")(value)


def test_buffers_are_copied_in_one_round_trip(start, messages):
    peer = start('''
import array
numbers = array.array("d", range(100_000))
view = memoryview(bytes(range(256)))
''')
    numbers = peer.get("numbers")
    copied, count = messages(peer, lambda: wherever.copy(numbers))
    assert copied == array.array("d", range(100_000)) and count == 2
    assert bytes(wherever.copy(peer.get("view"))) == bytes(range(256))
    assert (len(numbers), numbers[5], sum(numbers[1:4])) == (100_000, 5.0, 6.0)


numpy = pytest.importorskip("numpy")

ARRAYS = '''
import numpy, wherever
big = numpy.arange(1_000_000, dtype="float64").reshape(1000, 1000)
def make(kind): return {"f": numpy.asfortranarray(numpy.arange(6).reshape(2, 3)), "s": numpy.array(["ab", "c"]),
    "r": numpy.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]), "d": numpy.array(["2024-01-01"], dtype="M8[D]"),
    "0": numpy.array(3.5), "b": numpy.array([True, False]), "c": numpy.array([1j]), "e": numpy.zeros((0, 3)),
    "o": numpy.array([object()])}[kind]
def total(array): return float(array.sum())
def is_array(value): return isinstance(value, numpy.ndarray)
'''


def test_remote_arrays_work_in_expressions_over_there(start, messages):
    peer = start(ARRAYS)
    big = peer.get("big")
    assert messages(peer, lambda: big.shape) == ((1000, 1000), 2)
    doubled, count = messages(peer, lambda: big * 2 + big)
    assert wherever.is_remote(doubled) and count == 4
    assert float(doubled[1, 1]) == 3003.0
    assert float(doubled.sum()) == 3 * float(numpy.arange(1_000_000, dtype="float64").sum())
    copied, count = messages(peer, lambda: wherever.copy(big[0:3, 0:4]))
    assert numpy.array_equal(copied, numpy.arange(1_000_000, dtype="float64").reshape(1000, 1000)[0:3, 0:4])
    assert count == 4


@pytest.mark.parametrize("kind", "fsrd0bce")
def test_arrays_are_copied_as_they_are(start, kind):
    peer = start(ARRAYS)
    namespace: dict = {}
    exec(ARRAYS, namespace)
    expected = namespace["make"](kind)
    copied = wherever.copy(peer.get("make")(kind))
    assert type(copied) is numpy.ndarray and copied.dtype == expected.dtype and copied.shape == expected.shape
    assert numpy.array_equal(copied, expected)
    assert copied.flags.f_contiguous == expected.flags.f_contiguous
    copied.flags.writeable = True


def test_an_array_of_objects_is_not_copied(start):
    peer = start(ARRAYS)
    with pytest.raises(TypeError, match="array of Python objects"):
        wherever.copy(peer.get("make")("o"))


def test_arrays_travel_by_copy_when_both_sides_say_so(start, messages):
    wherever.value_type(numpy.ndarray)
    peer = start(ARRAYS + "\nwherever.value_type(numpy.ndarray)\n")
    big = peer.get("big")
    assert type(big) is numpy.ndarray and big.shape == (1000, 1000)
    mine = numpy.ones((100, 100))
    assert messages(peer, lambda: peer.get("total")(mine)) == (10_000.0, 4)
    assert peer.get("is_array")(mine) is True


# What value_type refuses

def test_what_can_change_is_no_value():
    @dataclasses.dataclass
    class Loose:
        x: int

    with pytest.raises(TypeError, match="freeze it"):
        wherever.value_type(Loose)
    with pytest.raises(TypeError, match="encode= and decode="):
        wherever.value_type(type("Plain", (), {}))
    with pytest.raises(TypeError, match="a class is wanted"):
        wherever.value_type(3)
    with pytest.raises(TypeError, match="go together"):
        wherever.value_type(int, encode=int)
    with pytest.raises(TypeError, match="go together"):
        wherever.value_type(int, decode=int)


def test_a_name_is_taken_once():
    @dataclasses.dataclass(frozen=True)
    class One:
        x: int

    @dataclasses.dataclass(frozen=True)
    class Two:
        x: int

    assert wherever.value_type(One, name="test.Taken") is One
    assert wherever.value_type(One, name="test.Taken") is One, "the same again, as when a module is loaded again"
    with pytest.raises(ValueError, match="'test.Taken' is taken by"):
        wherever.value_type(Two, name="test.Taken")
    assert wherever.value_type(Two, name="test.Taken", version=2) is Two


def test_fields_that_are_others_over_there(start):
    @wherever.value_type(name="test.Fields")
    @dataclasses.dataclass(frozen=True)
    class Fields:
        x: int
        y: int = 2

    @wherever.value_type(name="test.Row")
    class Row(typing.NamedTuple):
        a: int
        b: int

    @wherever.value_type(name="test.Kind")
    class Kind(enum.Enum):
        ONE = 1

    @wherever.value_type(name="test.Coded", encode=lambda v: v.x, decode=lambda data: 1 // data)
    class Coded:
        x = 1

    peer = start("""
    import dataclasses, enum, typing
    import wherever

    @wherever.value_type(name="test.Fields")
    @dataclasses.dataclass(frozen=True)
    class Fields:
        x: int

    @wherever.value_type(name="test.Row")
    class Row(typing.NamedTuple):
        a: int

    @wherever.value_type(name="test.Kind")
    class Kind(enum.Enum):
        ONE = 1
        TWO = 2

    @wherever.value_type(name="test.Coded", encode=lambda v: 0, decode=lambda data: data)
    class Coded:
        pass

    def made(name):
        return {"fields": Fields(1), "row": Row(1), "kind": Kind.TWO,
                "coded": Coded()}[name] if name != "one" else Kind.ONE

    def take(value):
        return type(value).__name__
    """)
    made, take = peer.get("made"), peer.get("take")
    for name, text in [("fields", "2 fields here and 1 over there"), ("row", "other fields"), ("kind",
                                                                                               "2 is not a valid"),
                       ("coded", "division")]:
        with pytest.raises(wherever.ProtocolError, match=text):
            made(name)
    assert made("one") is Kind.ONE
    with pytest.raises(wherever.ProtocolError, match="1 fields here and 2 over there"):
        take(Fields(1))
    assert take(Kind.ONE) == "Kind"


def test_a_value_that_holds_what_is_no_value_goes_by_reference(start):
    @wherever.value_type(name="test.Holder")
    @dataclasses.dataclass(frozen=True)
    class Holder:
        held: object

    peer = start("""
    import dataclasses
    import wherever

    @wherever.value_type(name="test.Holder")
    @dataclasses.dataclass(frozen=True)
    class Holder:
        held: object

    def same(value):
        return value
    """)
    same = peer.get("same")
    assert same(Holder((1, 2))) == Holder((1, 2))
    holder = Holder([1])
    assert same(holder) is holder
