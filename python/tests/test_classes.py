"""Classes of the other process as real classes here: what they are, what they cost, and what deriving from one does."""

from __future__ import annotations

import collections.abc
import inspect
import pydoc
import types

import pytest

import wherever

PROGRAM = '''
import abc, collections.abc, functools

class Base:
    """The base of them."""
    kind = "base"
    def hello(self): return f"hello {self.name()}"
    def name(self): return "base"
    @classmethod
    def make(cls, *args): return cls(*args)
    @staticmethod
    def add(a, b=2): return a + b
    @property
    def loud(self): return self.name().upper()

class Derived(Base):
    def __init__(self, v: int = 1) -> None: self.v = v
    def name(self): return "derived"

class Other: pass
class Many(list): pass
class Broken(ValueError): pass
class Both(Derived, Other): pass

class Meta(type):
    def __len__(cls): return 42
    def __getitem__(cls, key): return ("item", key)
    def __iter__(cls): return iter((1, 2))
    def own(cls): return cls.__name__
class Made(metaclass=Meta): pass
class MadeToo(metaclass=Meta): pass

class Data:
    def __get__(self, instance, owner): return ("got", instance is not None, owner.__name__)
    def __set__(self, instance, value): instance.__dict__["told"] = value
    def __delete__(self, instance): instance.__dict__["told"] = "deleted"
class WithData:
    data = Data()
    @functools.cached_property
    def cached(self): return object()
    @functools.lru_cache
    def doubled(self, n): return n * 2

class Slotted:
    __slots__ = ("a", "b")
    def __init__(self): self.a = 1

class Abstract(abc.ABC):
    @abc.abstractmethod
    def f(self): ...

class Sequence(collections.abc.Sequence):
    def __len__(self): return 3
    def __getitem__(self, i):
        if i >= 3: raise IndexError(i)
        return i * 10

class Point:
    __match_args__ = ("x", "y")
    def __init__(self, x, y): self.x, self.y = x, y

class Fragile:
    def __enter__(self): self.log = ["in"]; return self
    def __exit__(self, kind, value, traceback):
        self.log.append((kind.__name__ if kind else None, str(value)))
        return kind is ValueError

class Number:
    def __init__(self, n): self.n = n
    def __add__(self, o):
        if not isinstance(o, (Number, int)):
            return NotImplemented
        return Number(self.n + (o.n if isinstance(o, Number) else o))
    __radd__ = __add__
    def __iadd__(self, o): self.n += o; return self
    def __eq__(self, o): return isinstance(o, Number) and self.n == o.n
    def __hash__(self): return hash(self.n)
    def __lt__(self, o): return self.n < o.n
    def __bool__(self): return self.n != 0
    def __contains__(self, key): return key == self.n
    def __format__(self, spec): return f"<{self.n}|{spec}>"
    def __repr__(self): return f"Number({self.n})"
    def __call__(self, a, *, k=1): return (a, k, self.n)
    def __index__(self): return self.n
    def __float__(self): return float(self.n)
    def __round__(self, digits=None): return round(self.n, digits) if digits is not None else self.n
    def __getattr__(self, name):
        if name.startswith("made_"): return name
        raise AttributeError(name)
    class Inner: z = 3
class Equal:
    def __eq__(self, other): return True

def is_base(o): return isinstance(o, Base), type(o).__name__
def greet(o): return o.hello()
def is_derived_class(cls): return cls is Derived
def change():
    def late(self): return "late"
    Derived.late = late
    del Derived.name
def rename():
    Derived.later = Derived.late
    del Derived.late
def is_it(o): return o is kept
kept = Base()
import os as module
'''


@pytest.fixture
def peer(start):
    return start(PROGRAM, here="open")


def test_a_class_is_one_object_with_bases_line_and_documentation(peer, messages):
    Derived, Base, Both = peer.get("Derived"), peer.get("Base"), peer.get("Both")
    made = Derived(3)
    assert type(made) is Derived is peer.get("Derived")
    assert (Derived.__name__, Derived.__module__, Base.__doc__) == ("Derived", "__main__", "The base of them.")
    assert Derived.__bases__ == (Base,)
    assert Both.__mro__[:3] == (Both, Derived, Base) and Both.__mro__[3] is peer.get("Other")
    facts = lambda: (isinstance(made, Base), issubclass(Both, Derived), issubclass(Base, Derived))  # noqa: E731
    assert messages(peer, facts) == ((True, True, False), 0)


def test_where_this_package_has_its_classes_is_not_said_of_remote_ones(peer):
    # From 3.13 on, every class that a source has says so.
    Base, Many, Broken = peer.get("Base"), peer.get("Many"), peer.get("Broken")
    for name in ("__firstlineno__", "__static_attributes__"):
        for of in (Base, Base(), Many, Many(), Broken, Broken(), peer.get("Meta"), peer.get("greet")):
            assert not hasattr(of, name) and not hasattr(type(of), name)


def test_an_instance_is_made_over_there_by_one_call(peer, messages):
    Derived = peer.get("Derived")
    made, count = messages(peer, lambda: Derived(7))
    assert count == 2 and wherever.is_remote(made) and made.v == 7
    with pytest.raises(TypeError):
        Derived(1, 2, 3)
    with pytest.raises(TypeError, match="abstract"):
        peer.get("Abstract")()


def test_members_of_a_class_are_read_off_it_and_off_an_instance(peer, messages):
    Derived = peer.get("Derived")
    made = Derived(3)
    assert (Derived.make(4).v, made.make(5).v) == (4, 5)
    assert (Derived.add(1), made.add(1, b=5)) == (3, 6)
    assert (Derived.kind, made.kind) == ("base", "base")
    assert Derived.hello(made) == "hello derived"
    assert messages(peer, lambda: made.hello.__name__) == ("hello", 0)
    peer.get("Base").kind = "changed"
    assert made.kind == "changed"
    with pytest.raises(AttributeError):
        Derived.nothing


def test_a_class_passed_to_its_owner_is_the_real_one(peer):
    assert peer.get("is_derived_class")(peer.get("Derived")) is True
    assert peer.get("is_derived_class")(peer.get("Base")) is False


def test_a_class_known_by_an_instance_alone_can_be_used(start, messages):
    peer = start(PROGRAM)
    kept = peer.get("kept")
    Base = type(kept)
    assert Base().hello() == "hello base"
    assert Base is peer.get("Base")


def test_a_metaclass_does_what_it_does_over_there(peer):
    Made, MadeToo = peer.get("Made"), peer.get("MadeToo")
    assert (len(Made), Made["k"], list(Made), Made.own()) == (42, ("item", "k"), [1, 2], "Made")
    assert type(Made) is type(MadeToo) is peer.get("Meta")
    assert isinstance(Made, type) and isinstance(Made(), Made)


def test_descriptors_run_over_there(peer):
    made = peer.get("WithData")()
    assert made.data == ("got", True, "WithData")
    assert peer.get("WithData").data == ("got", False, "WithData")
    made.data = 5
    assert made.told == 5
    del made.data
    assert made.told == "deleted"
    assert made.cached is made.cached
    assert made.doubled(4) == 8
    with pytest.raises(AttributeError):
        peer.get("Derived")().loud = "x"


def test_slots_are_all_that_an_instance_has(peer, messages):
    made = peer.get("Slotted")()
    assert made.a == 1
    made.b = 2
    assert made.b == 2

    def nothing():
        with pytest.raises(AttributeError):
            made.c
        with pytest.raises(AttributeError):
            made.c = 1
        return {"a", "b"} <= set(dir(made))

    assert messages(peer, nothing) == (True, 0)


def test_abstract_classes_know_their_own(peer):
    sequence = peer.get("Sequence")()
    assert isinstance(sequence, collections.abc.Sequence) and issubclass(peer.get("Sequence"), collections.abc.Sized)
    assert (list(sequence), len(sequence), sequence[1], 20 in sequence) == ([0, 10, 20], 3, 10, True)
    match sequence:
        case [first, *rest]:
            assert (first, rest) == (0, [10, 20])
        case _:
            pytest.fail("a sequence is none")
    assert isinstance(peer.get("Number")(1), collections.abc.Hashable)
    assert not isinstance(peer.get("Equal")(), collections.abc.Hashable)


def test_patterns_match_classes(peer, messages):
    Point = peer.get("Point")
    point = Point(1, 2)

    def matched():
        match point:
            case Point(1, y):
                return y
        return None

    assert matched() == 2
    # What the class says of its patterns is asked once; the two attributes are read each time.
    assert messages(peer, matched) == (2, 4)


def test_operators_are_one_message_each(peer, messages):
    Number = peer.get("Number")
    five = Number(5)
    assert messages(peer, lambda: type(five + 1) is Number) == (True, 2)
    assert ((five + 1).n, (1 + five).n, (five + five).n) == (6, 6, 10)
    for act, result in (
        (lambda: five == five, True), (lambda: hash(five), hash(5)), (lambda: bool(five), True),
        (lambda: 5 in five, True), (lambda: f"{five:x}", "<5|x>"), (lambda: repr(five), "Number(5)"),
        (lambda: str(five), "Number(5)"), (lambda: five(1, k=3), (1, 3, 5)), (lambda: [0] * five, [0] * 5),
        (lambda: float(five), 5.0), (lambda: round(five), 5), (lambda: five.made_up, "made_up"),
    ):
        assert messages(peer, act) == (result, 2)
    assert (five < Number(6), five > Number(6), five != Number(5)) == (True, False, False)
    with pytest.raises(TypeError, match="unsupported operand"):
        five + "a"
    with pytest.raises(AttributeError, match="nothing"):
        five.nothing
    same = five
    same += 2
    assert same is five and five.n == 7


def test_what_equals_without_a_hash_has_none(peer):
    with pytest.raises(TypeError, match="unhashable"):
        hash(peer.get("Equal")())


def test_plain_objects_compare_hash_and_print_without_a_message(peer, messages):
    one, two = peer.get("Base")(), peer.get("Base")()
    facts = lambda: (one == one, one == two, bool(one), hash(one) == hash(one), len({one, two, one}))  # noqa: E731
    assert messages(peer, facts) == ((True, False, True, True, 2), 0)
    text, count = messages(peer, lambda: repr(one))
    assert text.startswith("<__main__.Base object at 0x") and count == 0


def test_a_context_manager_sees_what_was_raised(peer):
    fragile = peer.get("Fragile")()
    with fragile as entered:
        assert entered is fragile
        raise ValueError("kept in")
    assert list(fragile.log) == ["in", ("ValueError", "kept in")]
    with pytest.raises(KeyError), fragile:
        raise KeyError("let out")


def test_a_nested_class_and_a_module_are_walked(peer):
    assert peer.get("Number").Inner.z == 3
    module = peer.get("module")
    assert module.path.join("a", "b") == "a/b"
    assert inspect.ismodule(module) and isinstance(module, types.ModuleType)


def test_signatures_and_help_cost_nothing_of_what_is_known(peer, messages):
    Derived = peer.get("Derived")
    made = Derived()
    told = lambda: [str(inspect.signature(what)) for what in  # noqa: E731
                    (Derived, made.hello, Derived.hello, Derived.make, Derived.add)]
    signatures, count = messages(peer, told)
    assert signatures == ["(v: int = 1) -> None", "()", "(self, /)", "(*args)", "(a, b=2)"] and count == 0
    text = pydoc.plain(pydoc.render_doc(Derived))
    assert "class Derived(Base)" in text and "hello(self, /)" in text and "Derived(v: int = 1)" in text
    assert inspect.ismethod(made.hello) and inspect.isroutine(Derived.hello)
    assert made.hello == made.hello and made.hello != made.name and made.hello.__self__ is made
    assert {"v", "hello", "kind"} <= set(dir(made))


def test_a_changed_class_is_told_again(peer):
    made = peer.get("Derived")()
    Derived = type(made)
    assert "late" not in vars(Derived)
    peer.get("change")()
    peer.get("Derived")
    assert "late" in vars(Derived) and type(made) is Derived
    assert (made.late(), made.hello()) == ("late", "hello base")
    peer.get("rename")()
    peer.get("Derived")
    assert "later" in vars(Derived) and "late" not in vars(Derived)


def test_a_class_of_this_side_derives_from_a_remote_one(peer, messages):
    Base = peer.get("Base")

    class Local(Base):
        def name(self):
            return "local"

    made, count = messages(peer, Local)
    assert count == 0 and not wherever.is_remote(made)
    # What is inherited runs over there, and comes back for what is overridden here.
    assert made.hello() == "hello local" == peer.get("greet")(made)
    assert super(Local, made).name() == "base"
    assert made.loud == "LOCAL"
    assert peer.get("is_base")(made) == (True, "Local")
    assert isinstance(made, Base) and made.kind == "base"
    made.kind = "own"
    assert (made.kind, Base.kind) == ("own", "base")
    made.anything = [1]
    assert made.anything == [1]


def test_what_is_made_by_a_derived_class_is_of_this_side(peer):
    Derived = peer.get("Derived")

    class Local(Derived):
        def __init__(self, v):
            super().__init__(v)
            self.w = 2

    made = Local(7)
    # The inherited __init__ ran over there, with this instance as its own self.
    assert (made.v, made.w) == (7, 2) and vars(made) == {"v": 7, "w": 2}
    again = Local.make(8)
    assert type(again) is Local and again.v == 8
    assert Local.add(1) == 3


def test_a_class_of_this_side_derives_from_an_abstract_one(peer):
    Abstract = peer.get("Abstract")

    class Concrete(Abstract):
        def f(self):
            return 3

    with pytest.raises(TypeError, match="abstract"):
        type(Abstract)("Unfinished", (Abstract,), {})()
    made = Concrete()
    assert made.f() == 3 and isinstance(made, Abstract) and not wherever.is_remote(made)
    with pytest.raises(TypeError, match="its metaclass Meta makes classes of the peer alone"):
        type("Local", (peer.get("Made"),), {})


def test_what_cannot_be_derived_from_says_why(start):
    peer = start("numbers = [1]\ndef f(): pass\n")
    for name in ("numbers", "f"):
        with pytest.raises(TypeError, match="cannot be extended here"):
            type("Local", (type(peer.get(name)),), {})


def test_the_class_of_a_remote_object_cannot_be_put_in_place(peer):
    made = peer.get("Base")()
    with pytest.raises(TypeError, match="cannot be set"):
        made.__class__ = int
    assert made.__class__ is type(made)


def test_identity_holds_both_ways(peer, messages):
    kept = peer.get("kept")
    assert peer.get("kept") is kept
    assert peer.get("is_it")(kept) is True
    assert wherever.is_remote(kept) and wherever.peer_of(kept) == peer
    assert not wherever.is_remote([]) and wherever.peer_of([]) is None


def test_one_object_that_comes_twice_at_once_is_one(start, monkeypatch):
    from wherever import _classes
    peer, make, met = start("class _Thing: pass\nthing = _Thing()"), _classes.make_class, []

    def making(*args):
        monkeypatch.undo()
        # As another thread may get it, while this one makes its class.
        met.append(peer.get("thing"))
        return make(*args)

    monkeypatch.setattr(_classes, "make_class", making)
    assert peer.get("thing") is met[0] and len(met) == 1
