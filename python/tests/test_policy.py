"""The closed policy: what was exposed answers, and nothing else can be reached by any operation."""

from __future__ import annotations

import types

import pytest

import wherever
from wherever import _wherever

# Codes of the operations, as the protocol has them.
CALL, GET, SET, DELETE, INDEX, SET_INDEX, DELETE_INDEX, CONTAINS, LENGTH, ITERATE, WHOLE, COMPARE, BINARY, UNARY, \
    TEXT, HASH, TRUTH, DIR, FENCE = range(1, 20)

# What CPython's data model and its libraries call by themselves, beside what the builtin types have.
DATA_MODEL = """
    __new__ __init__ __del__ __repr__ __str__ __bytes__ __format__ __lt__ __le__ __eq__ __ne__ __gt__ __ge__ __hash__
    __bool__ __getattr__ __getattribute__ __setattr__ __delattr__ __dir__ __get__ __set__ __delete__ __set_name__
    __objclass__ __slots__ __dict__ __weakref__ __init_subclass__ __mro_entries__ __prepare__ __instancecheck__
    __subclasscheck__ __subclasshook__ __class_getitem__ __call__ __len__ __length_hint__ __getitem__ __setitem__
    __delitem__ __missing__ __iter__ __next__ __reversed__ __contains__ __neg__ __pos__ __abs__ __invert__ __complex__
    __int__ __float__ __index__ __round__ __trunc__ __floor__ __ceil__ __enter__ __exit__ __await__ __aiter__ __anext__
    __aenter__ __aexit__ __buffer__ __release_buffer__ __match_args__ __copy__ __deepcopy__ __replace__ __reduce__
    __reduce_ex__ __getstate__ __setstate__ __getnewargs__ __getnewargs_ex__ __getinitargs__ __sizeof__ __fspath__
    __class__ __bases__ __base__ __mro__ __subclasses__ mro __name__ __qualname__ __module__ __doc__ __annotations__
    __type_params__ __abstractmethods__ __globals__ __code__ __closure__ __defaults__ __kwdefaults__ __builtins__
    __self__ __func__ __wrapped__ __loader__ __spec__ __file__ __path__ __cached__ __package__ __import__
    __build_class__
    __array__ __array_interface__ __array_struct__ __array_function__ __array_ufunc__ __array_priority__ __array_wrap__
    __array_finalize__ __dlpack__ __dlpack_device__ __cuda_array_interface__ __dataframe__ __wherever__
    __wherever_exposed__ __wherever_error__ __traceback__ __cause__ __context__ __suppress_context__ __notes__
    __signature__ __text_signature__ __isabstractmethod__ __origin__ __args__ __parameters__ __orig_bases__ __members__
    __dataclass_fields__ __conform__ __getformat__ __set_state__ __rich_repr__ __html__ _repr_html_ _ipython_display_
    gi_frame gi_code cr_frame ag_frame f_globals f_locals f_builtins f_back f_code tb_frame tb_next co_code func_globals
""".split()
OPERATORS = ["add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow", "lshift", "rshift", "and",
             "or",
             "xor"]
BINARY_NAMES = [f"{side}{name}" for name in OPERATORS for side in ("", "r", "i")] + ["and_", "or_"]
UNARY_NAMES = ["neg", "pos", "abs", "invert", "int", "float", "complex", "index", "bool", "round", "trunc", "floor",
               "ceil"]
COMPARE_NAMES = ["eq", "ne", "lt", "le", "gt", "ge"]
TEXT_NAMES = ["repr", "str", "format", ""]


def generator():
    yield


def special_names():
    names = set(DATA_MODEL) | {f"__{side}{name}__" for name in OPERATORS for side in ("", "r", "i")}
    for thing in (object(), type, generator, generator(), types, [], {}, set(), bytearray(), (), 1, "", ValueError(),
                  [].append, str.join, property(), staticmethod(len), types.MappingProxyType({}), generator.__code__):
        names.update(name for name in dir(thing) if name.startswith("__"))
    return sorted(names)


NAMES = special_names()

PROGRAM = '''
import math as module
import wherever

_ran = []

def _recorder(name):
    def run(self, *args, **named):
        _ran.append(name)
        return NotImplemented if name.startswith("__") else None
    return run

_names = %r
_kept = ("__class__", "__new__", "__init__", "__dict__", "__doc__", "__module__", "__slots__", "__weakref__",
         "__init_subclass__", "__subclasshook__", "__annotations__", "__qualname__", "__name__", "__bases__",
         "__base__",
         "__mro__", "__getattribute__", "__wherever__", "__wherever_exposed__", "__class_getitem__", "__type_params__",
         "__abstractmethods__", "__set_name__", "__mro_entries__", "__del__", "__dataclass_fields__", "__match_args__",
         "__orig_bases__", "__static_attributes__", "__firstlineno__", "__classcell__", "__prepare__")

class Meta(type):
    pass

Canary = Meta("Canary", (), {
    **{name: _recorder(name) for name in _names if name not in _kept},
    "plain": _recorder("plain"), "__init__": lambda self: None,
    "__getattribute__": lambda self, name: (_ran.append(name), object.__getattribute__(self, name))[1],
})
for _name in _names:
    if _name not in _kept and _name not in ("mro", "__call__", "__setattr__", "__delattr__", "__dir__", "__getattr__",
                                           "__subclasses__", "__instancecheck__", "__subclasscheck__", "__sizeof__",
                                           "__repr__", "__hash__", "__eq__", "__or__", "__ror__"):
        try:
            setattr(Meta, _name, _recorder("Meta." + _name))
        except (AttributeError, TypeError):
            pass

canary = Canary()

def function():
    _ran.append("function")

method = canary.plain
_ran.clear()

def ran():
    done, _ran[:] = list(_ran), []
    return tuple(done)

def generator():
    _ran.append("generator")
    yield 1

stepped = generator()
items, table, some, bytes_ = [1], {"k": 1}, {1}, bytearray(b"b")

class Partly:
    """Of which some is exposed."""

    shared = "class attribute"

    def __init__(self):
        self.place = 0
        self.secret = "hidden"

    @wherever.exposed
    def move(self, steps):
        self.place += steps
        return self.place

    @wherever.exposed
    @property
    def where(self):
        return self.place

    @where.setter
    def where(self, place):
        self.place = place

    @wherever.exposed
    @property
    def fixed(self):
        return "fixed"

    @wherever.exposed
    @staticmethod
    def double(n):
        return 2 * n

    @wherever.exposed
    @classmethod
    def named(cls, name):
        return cls.__name__ + name

    def hidden(self):
        _ran.append("hidden")

    @wherever.exposed
    def __add__(self, other):
        return ("add", other)

    def __mul__(self, other):
        _ran.append("mul")

    def __radd__(self, other):
        _ran.append("radd")

    @wherever.exposed
    def __len__(self):
        return 3

    def __eq__(self, other):
        _ran.append("eq")

    @wherever.exposed
    def __lt__(self, other):
        return True

    __hash__ = None

    @wherever.exposed
    def __repr__(self):
        return "<partly>"

    @wherever.exposed
    def __neg__(self):
        return "neg"

    def __int__(self):
        _ran.append("int")

    def __dir__(self):
        _ran.append("dir")

partly = Partly()

class Over(Partly):
    def __add__(self, other):
        _ran.append("over")

over = Over()

@wherever.exposed("left", "right")
class Whole:
    count: int = 4

    def __init__(self, left=1):
        self.left, self.right, self.other, self._hidden = left, 2, 3, 4

    def act(self):
        return "acted"

    def _private(self):
        _ran.append("private")

    def __getitem__(self, key):
        return key

    def __contains__(self, key):
        return True

    def __iter__(self):
        return iter((1, 2))

whole = Whole()

class Slots:
    __slots__ = ("x",)

    @wherever.exposed
    def act(self):
        return 1

    def __dir__(self):
        _ran.append("dir")
        return []

slots = Slots()

class Mine(list):
    def __getitem__(self, key):
        _ran.append("getitem")

    def __iter__(self):
        _ran.append("iter")

    def append(self, item):
        _ran.append("append")

mine = Mine([1, 2])

class Key:
    def __hash__(self):
        _ran.append("hash")
        return 1

    def __eq__(self, other):
        _ran.append("eq")

    def __index__(self):
        _ran.append("index")
        return 0

    def __radd__(self, other):
        _ran.append("radd")

key = Key()

def take(*args):
    return len(args)
''' % NAMES

REFUSED = (wherever.Denied, AttributeError, TypeError)


@pytest.fixture
def peer(start):
    return start(PROGRAM, policy="closed")


def refused(peer, thing, operation, member=None, *args):
    with pytest.raises(REFUSED):
        answer = _wherever.request(thing, operation, member, *args)
        raise AssertionError(f"operation {operation} of {member} answered {answer!r}")


@pytest.mark.parametrize("target", ["canary", "Canary", "function", "method", "module", "stepped", "items", "table",
                                    "some",
                                    "bytes_", "partly", "Partly", "mine"])
def test_no_special_name_reaches_anything(peer, target):
    thing = peer.get(target)
    exposed = {"partly": {"__add__", "__len__", "__lt__", "__repr__", "__neg__"},
               "Partly": {"__add__", "__len__", "__lt__", "__repr__", "__neg__"},
               "stepped": {"__iter__", "__next__"}}.get(target, set())
    for name in NAMES:
        if name in exposed:
            continue
        for args in ((), (0,), ("x", thing)):
            refused(peer, thing, CALL, name, *args)
        refused(peer, thing, GET, name)
        refused(peer, thing, SET, name, thing)
        refused(peer, thing, DELETE, name)
    assert peer.get("ran")() == ()


@pytest.mark.parametrize("target", ["canary", "Canary", "module", "function", "method"])
def test_no_operation_reaches_anything(peer, target):
    thing = peer.get(target)
    for operation, names in [(BINARY, BINARY_NAMES), (UNARY, UNARY_NAMES), (COMPARE, COMPARE_NAMES), (TEXT,
                                                                                                      TEXT_NAMES)]:
        for name in names + NAMES:
            refused(peer, thing, operation, name, 1)
            refused(peer, thing, operation, name, thing)
    for operation in (INDEX, SET_INDEX, DELETE_INDEX, CONTAINS, LENGTH, ITERATE, WHOLE, HASH, TRUTH, DIR, FENCE):
        refused(peer, thing, operation, None, thing, thing)
        refused(peer, thing, operation, "__class__", thing, thing)
    if target not in ("function", "method"):
        refused(peer, thing, CALL)
    assert peer.get("ran")() == ()


def test_a_path_leads_nowhere_else(peer):
    for thing in (peer.get("canary"), peer.get("partly"), peer.get("function")):
        for first in ("hidden", "__class__", "__dict__", "__globals__", "plain"):
            with pytest.raises(REFUSED):
                wherever.send(_wherever.bound(thing, first)).__getattr__("act").result(5)
    assert peer.get("ran")() == ()


def test_what_is_exposed_answers(peer):
    partly, Partly = peer.get("partly"), peer.get("Partly")
    assert partly.move(2) == 2 and partly.where == 2 and partly.fixed == "fixed"
    partly.where = 5
    assert partly.where == 5
    assert partly.double(4) == 8 == Partly.double(4)
    assert partly.named("!") == "Partly!" == Partly.named("!")
    assert partly + 1 == ("add", 1) and len(partly) == 3 and partly < 1 and -partly == "neg"
    assert repr(partly) == str(partly) == "<partly>"
    assert peer.get("ran")() == ()


def test_what_is_not_exposed_is_denied_with_the_remedy(peer):
    partly = peer.get("partly")
    for act in (lambda: partly.hidden(), lambda: partly.secret, lambda: partly.place, lambda: partly.shared):
        with pytest.raises(wherever.Denied) as caught:
            act()
        text = str(caught.value)
        assert "Partly" in text and "`closed`" in text and "exposed" in text and "would allow it" in text
        assert any(name in text for name in ("hidden", "secret", "place", "shared"))
    for act in (lambda: setattr(partly, "fixed", 1), lambda: setattr(partly, "place", 1), lambda: delattr(partly,
                                                                                                          "secret"),
                lambda: setattr(partly, "new", 1), lambda: peer.get("Partly")(), lambda: partly * 2):
        with pytest.raises((wherever.Denied, AttributeError)):
            act()
    with pytest.raises(wherever.Denied) as caught:
        _wherever.request(partly, BINARY, "mul", 2)
    assert "__mul__" in str(caught.value) and "exposing __mul__" in str(caught.value)
    assert peer.get("ran")() == ()


def test_an_operation_runs_only_the_special_methods_that_are_exposed(peer):
    partly = peer.get("partly")
    ask = _wherever.request
    assert ask(partly, BINARY, "add", 1) == ("add", 1)
    assert ask(partly, BINARY, "iadd", 1) == ("add", 1)
    assert ask(partly, COMPARE, "lt", 1) is True
    assert ask(partly, UNARY, "neg") == "neg"
    assert ask(partly, TEXT, "str") == ask(partly, TEXT, "repr") == ask(partly, TEXT, "format", "") == "<partly>"
    assert ask(partly, LENGTH) == 3
    for name in BINARY_NAMES:
        if name not in ("add", "iadd"):
            refused(peer, partly, BINARY, name, 1)
    for name in UNARY_NAMES:
        if name not in ("neg", "bool"):
            refused(peer, partly, UNARY, name)
    for name in COMPARE_NAMES:
        if name != "lt":
            refused(peer, partly, COMPARE, name, 1)
    assert ask(partly, UNARY, "bool") is True
    for operation in (HASH, CONTAINS, ITERATE, INDEX, TRUTH, DIR):
        refused(peer, partly, operation, None, 1)
    over = peer.get("over")
    refused(peer, over, BINARY, "add", 1)
    refused(peer, over, CALL, "__add__", 1)
    assert ask(over, LENGTH) == 3
    assert peer.get("ran")() == ()


def test_an_operand_of_the_owners_runs_nothing_hidden(peer):
    items, table, some, key, partly = (peer.get(name) for name in ("items", "table", "some", "key", "partly"))
    for operand in (key, (1, key), ((key,),)):
        refused(peer, items, CONTAINS, None, operand)
        refused(peer, items, CALL, "index", operand)
        refused(peer, items, COMPARE, "eq", operand)
        refused(peer, table, INDEX, None, operand)
        refused(peer, table, SET_INDEX, None, operand, 1)
        refused(peer, table, CALL, "get", operand)
        refused(peer, some, CALL, "add", operand)
    refused(peer, items, INDEX, None, key)
    refused(peer, items, BINARY, "add", key)
    refused(peer, items, BINARY, "mul", key)
    # So that it can be held in a set here.
    type.__setattr__(type(key), "__hash__", object.__hash__)
    refused(peer, peer.get("take"), CALL, None, frozenset([key]))
    refused(peer, items, CONTAINS, None, frozenset([key]))
    refused(peer, peer.get("Partly"), CALL, "move", frozenset([key]), 1)
    assert peer.get("ran")() == ()
    items.append(key)
    assert items[1] is key
    assert peer.get("take")(key, [key], (key,)) == 3
    assert peer.get("ran")() == ()


def test_a_method_of_a_class_is_for_its_instances(peer):
    Partly = peer.get("Partly")
    assert _wherever.request(Partly, CALL, "move", peer.get("partly"), 1) == 1
    for wrong in (peer.get("whole"), peer.get("canary"), 1):
        refused(peer, Partly, CALL, "move", wrong, 1)

    class Local(Partly):
        place = 7

    assert _wherever.request(Partly, CALL, "__len__", peer.get("over")) == 3
    assert peer.get("ran")() == ()


def test_a_class_that_is_exposed_whole(peer):
    whole, Whole = peer.get("whole"), peer.get("Whole")
    assert (whole.act(), whole.left, whole.right, whole.count, whole["k"], 5 in whole, list(whole)) == (
        "acted", 1, 2, 4, "k", True, [1, 2])
    whole.left = 9
    assert whole.left == 9
    assert Whole(7).left == 7
    for name in ("other", "_hidden", "_private", "__dict__", "__class__"):
        refused(peer, whole, GET, name)
        refused(peer, whole, CALL, name)
    assert peer.get("ran")() == ()


def test_names_of_a_closed_type_are_told_without_running_it(peer):
    assert _wherever.request(peer.get("slots"), DIR) == ("act",)
    assert peer.get("ran")() == ()


def test_a_container_of_a_users_class_runs_what_the_user_exposed(peer):
    mine = peer.get("mine")
    refused(peer, mine, INDEX, None, 0)
    refused(peer, mine, ITERATE)
    refused(peer, mine, CALL, "append", 1)
    assert _wherever.request(mine, LENGTH) == 2
    assert peer.get("ran")() == ()


def test_passing_grants_what_the_kind_of_thing_grants(peer, start):
    items, table, some = peer.get("items"), peer.get("table"), peer.get("some")
    items.append(2)
    assert list(items) == [1, 2] and table["k"] == 1 and 1 in some
    assert list(peer.get("stepped")) == [1]
    assert peer.get("ran")() == ("generator",)
    peer.get("function")()
    peer.get("method")()
    assert peer.get("ran")() == ("function", "plain")


def test_the_public_policy(start):
    peer = start(PROGRAM, policy="public")
    partly = peer.get("partly")
    partly.hidden()
    assert peer.get("ran")() == ("hidden",)
    assert partly.secret == "hidden" and partly.shared == "class attribute"
    partly.where = 3
    assert partly.where == 3
    for act in (lambda: partly.__dict__, lambda: setattr(partly, "new", 1), lambda: peer.get("whole")._private(),
                lambda: setattr(partly, "_x", 1)):
        with pytest.raises(wherever.Denied) as caught:
            act()
        assert "`public`" in str(caught.value)
    assert _wherever.request(partly, BINARY, "mul", 2) is None
    assert peer.get("ran")() == ("mul",)


def test_the_open_policy(start):
    peer = start(PROGRAM, policy="open")
    partly = peer.get("partly")
    partly.new = 1
    assert partly.new == 1 and partly.__dict__["secret"] == "hidden"
    assert partly.__class__ is peer.get("Partly")
    assert peer.get("Partly")().where == 0


def test_closed_is_the_default(start, tmp_path):
    class Thing:
        def act(self):
            raise AssertionError("run")

    peer = start("""
    def use(thing):
        return thing.act()
    """)
    with pytest.raises(wherever.Denied):
        peer.get("use")(Thing())
    assert wherever.Node.__doc__ and "closed" in (wherever.connect.__doc__ or "")


def test_no_source_is_told_under_the_closed_policy(start):
    import traceback
    program = """
    import wherever

    def fail():
        password = "of nobody"; raise ValueError("told")
    """
    for policy, told in (("closed", False), ("public", True), ("open", True)):
        with pytest.raises(ValueError) as caught:
            start(program, policy=policy).get("fail")()
        text = "".join(traceback.format_exception(caught.value))
        assert ("of nobody" in text) == told
        assert ", in fail" in text and "program.py" in text and "ValueError: told" in text


def test_exposed_is_misused():
    with pytest.raises(TypeError):
        wherever.exposed(one_way=True)(type("C", (), {}))
    with pytest.raises(TypeError):
        wherever.exposed("x")(lambda: 1)
    with pytest.raises(TypeError):
        wherever.exposed(len)
    with pytest.raises(ValueError):
        wherever.Node(policy="ajar")
