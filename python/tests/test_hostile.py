"""What a peer says decides nothing that runs here: hostile descriptions, values and errors."""

from __future__ import annotations

import contextlib
import copy
import gc
import inspect
import io
import json
import pickle
import socket
import sys
import threading
import traceback
import tracemalloc
from pathlib import Path

import pytest

import wherever
from wherever import _describe, _signature, _sources, _values, _wherever

# A peer that tells of its classes what it likes: what its classes are described by is put in the place of the usual.
HOSTILE = '''
import builtins
import wherever
import wherever._describe as _d
import wherever._stack as _f
import wherever._values as _v

_told = {}
_usual = _d.describe
asked = []

def _describe(cls):
    return _told[cls](_usual(cls)) if cls in _told else _usual(cls)

_d.describe = _describe
_d.MEMBERS_MAX = _d.SHAPE_MAX = 10 ** 9

def _member(name, kind=0):
    return _d.Member(name, kind, "", "", True, True, False, False, True)

class Anything:
    """Says yes to everything, and keeps what it was asked for."""

    def __init__(self, name="?"):
        object.__setattr__(self, "_name", name)

    def __getattr__(self, name):
        asked.append(name)
        return lambda *args, **named: b"cos\\nsystem\\n(S'echo run'\\ntR."

def _tells(name, members=(), bases=None, category=None):
    """A class that is told of by this name, these members and bases."""
    kind = type("K", (Anything,), {})
    def tell(told):
        told.name, told.members, told.open = name, list(members), True
        told.bases = [] if bases is None else list(bases)
        if category is not None:
            told.category = category
        return told
    _told[kind] = tell
    return kind

def seen():
    done, asked[:] = list(asked), []
    return tuple(done)
'''

HOOKS = [name for name in """
    __del__ __class__ __reduce__ __reduce_ex__ __getstate__ __setstate__ __copy__ __deepcopy__ __getattribute__
    __getattr__ __setattr__ __delattr__ __dir__ __init_subclass__ __set_name__ __instancecheck__ __subclasscheck__
    __subclasshook__ __buffer__ __release_buffer__ __mro_entries__ __prepare__ __new__ __get__ __set__ __delete__
    __array__ __array_interface__ __array_struct__ __array_function__ __array_ufunc__ __array_priority__ __array_wrap__
    __array_finalize__ __dlpack__ __dict__ __slots__ __weakref__ __wherever__ __wherever_error__ __wherever_exposed__
    __getnewargs__ __getnewargs_ex__ __getinitargs__ __sizeof__ __abstractmethods__ __isabstractmethod__ __bases__
    __mro__
    mro __module__ __qualname__ __name__ __doc__ __annotations__ __signature__ __text_signature__ __wrapped__
    __match_args__ __dataclass_fields__ __set_state__ __conform__ __objclass__ __origin__ __replace__
""".split()]

LOOKS = HOSTILE + f'''
_names = {HOOKS!r}
hooks = _tells("python:evil.Hooks", [_member(n) for n in _names])()
data = _tells("python:evil.Data", [_member(n, 1) for n in _names])()
static = _tells("python:evil.Static", [_member(n, 3) for n in _names] + [_member(n, 2) for n in _names])()
Hooks = type(hooks)
'''


@pytest.fixture
def watched():
    """Events of the interpreter that say that code was loaded, read while the test runs."""
    events, on = [], [True]

    def hook(event, args):
        loads = event in ("pickle.find_class", "os.system", "subprocess.Popen", "ctypes.dlopen")
        if event == "exec":
            # A module of the standard library that is imported late is nobody's choice.
            loads = not getattr(args[0], "co_filename", "").startswith(str(Path(io.__file__).parent))
        if on[0] and (loads or event == "import" and args[0].partition(".")[0] == "evil"):
            events.append((event, args))

    sys.addaudithook(hook)
    yield events
    on[0] = False


@pytest.mark.parametrize("name", ["hooks", "data", "static"])
def test_hooks_that_a_peer_tells_of_are_none(start, watched, name):
    peer = start(LOOKS)
    thing = peer.get(name)
    peer.get("seen")()
    watched.clear()
    cls = type(thing)
    refused = (TypeError, pickle.PicklingError)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(refused):
            pickle.dumps(thing, protocol)
        with pytest.raises(refused):
            pickle.dumps(cls, protocol)
        with pytest.raises(refused):
            pickle._Pickler(io.BytesIO(), protocol).dump(thing)
    for take in (copy.copy, copy.deepcopy, wherever.copy, json.dumps, memoryview, bytes):
        with pytest.raises(TypeError):
            take(thing)
    assert isinstance(thing, cls) and not isinstance(3, cls) and not issubclass(int, cls)
    assert cls.__mro__[-1] is object and cls.__name__ in ("Hooks", "Data", "Static") and cls.__module__ == "evil"
    assert type(cls).__name__ == "RemoteType"
    for hook in HOOKS:
        own = cls.__dict__.get(hook)
        assert not isinstance(own, (_wherever.method_descriptor, _wherever.attribute_descriptor)) or hook == "mro", hook

    class Local(cls):
        held = thing

    class Uses:
        attribute = thing

    Uses().attribute
    inspect.isclass(thing), inspect.isfunction(thing), callable(thing), vars(cls), dir(cls), hash(cls), cls == cls
    sys.getsizeof(thing)
    with pytest.raises(TypeError):
        class Wrong(thing):  # type: ignore[misc, valid-type]
            pass
    assert peer.get("seen")() in ((), ("__bytes__",)), "nothing of it was asked over there"
    assert watched == []
    del thing, Local, Uses
    gc.collect()
    assert peer.get("seen")() == ()


def test_numpy_asks_a_peer_for_nothing_it_would_run(start, watched):
    numpy = pytest.importorskip("numpy")
    peer = start(LOOKS)
    for name in ("hooks", "data", "static"):
        thing = peer.get(name)
        peer.get("seen")()
        watched.clear()
        for take in (numpy.array, numpy.asarray, numpy.atleast_1d):
            made = take(thing)
            assert made.dtype == object and made.reshape(-1)[0] is thing
        with pytest.raises(TypeError):
            numpy.frombuffer(thing)
        asked = set(peer.get("seen")())
        assert not {hook for hook in asked if hook.startswith("__array")}
        assert watched == []


ODD_NAMES = ["", " ", "a b", "class", "é", "x" * 10_000, "a\0b", "\n", "1st", "a.b", "lambda: 0", "__", "____", "__x",
             "_",
             "None", "True", "\u202e", "self", "__eq__\0", "mro"]


def test_names_that_are_none(start):
    members = f"[_member(n, k) for n in {ODD_NAMES!r} for k in (0, 1)]"
    peer = start(HOSTILE + f"odd = _tells('python:evil.Odd', {members})()\n")
    odd = peer.get("odd")
    assert type(odd).__name__ == "Odd" and repr(odd) and dir(type(odd))
    help_text = inspect.getdoc(type(odd))
    assert help_text is None or isinstance(help_text, str)


@pytest.mark.parametrize("name", ["", ".", "..", "python:", "python:.", ":", "a\0b", "python:os.system",
                                  "rust:a::b::", "x" * 200,
                                  "python:builtins.int", "python:builtins.dict", "python:builtins.object",
                                  "python:builtins.type", "python:builtins.list", "python:builtins.NoneType",
                                  "python:builtins.function", "python:builtins.module", "python:builtins.ValueError",
                                  "python:builtins.ExceptionGroup", "python:builtins.SystemExit",
                                  "python:wherever.Denied",
                                  "python:wherever._errors.named", "python:builtins.UnicodeDecodeError",
                                  "python:collections.abc.Mapping", "python:wherever.nothing", "\n\x1b[2J"])
@pytest.mark.parametrize("category", range(8))
def test_a_type_by_any_name_and_category(peers, name, category):
    tell = peers.get("tell")
    try:
        thing = tell(name, category)
    except (TypeError, ValueError, wherever.Error) as error:
        assert str(error)
    else:
        assert isinstance(type(thing), type)
        assert not isinstance(thing, (int, str)) and thing is not None
        try:
            repr(thing)
        except (TypeError, AttributeError, wherever.Error):
            pass
    assert peers.get("seen") and peers.get("alive")() == "alive"


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    """One process for many cases."""
    file = tmp_path_factory.mktemp("hostile") / "program.py"
    file.write_text(HOSTILE + '''
def tell(name, category):
    return _tells(name, [_member("act"), _member("x", 1), _member("__len__"), _member("__eq__")], None, category)()

def alive():
    return "alive"

wherever.serve_stdio({n: v for n, v in list(globals().items()) if n[0] != "_"}, policy="open")
''')
    with wherever.connect_command([sys.executable, str(file)]) as peer:
        yield peer


BASES = {
    "inconsistent": "A = _tells('python:e.A'); B = _tells('python:e.B', bases=[A]); "
                    "thing = _tells('python:e.C', bases=[A, B])()",
    "twice": "A = _tells('python:e.A'); thing = _tells('python:e.C', bases=[A, A])()",
    "layouts": "thing = _tells('python:e.C', bases=[OSError, SyntaxError])()",
    "error and object": "A = _tells('python:e.A'); thing = _tells('python:e.C', bases=[A, ValueError])()",
    "container and error": "thing = _tells('python:e.C', bases=[list, ValueError])()",
    "containers": "thing = _tells('python:e.C', bases=[list, dict, set, bytearray])()",
    "builtins": "thing = _tells('python:e.C', bases=[int, str, bool, type(None), type, type(len)])()",
    "a metaclass": "thing = _tells('python:e.C', bases=[type])()",
    "deep": "A = _tells('python:e.A')\n"
            "for _i in range(150):\n    A = _tells('python:e.A%d' % _i, bases=[A])\nthing = A()",
    "lattice": "_row = [_tells('python:e.R')] * 2\n_row = _row[:1]\nfor _i in range(12):\n"
               "    _row = [_tells('python:e.L%d' % _i, bases=_row), _tells('python:e.M%d' % _i, bases=_row)]\n"
               "thing = _tells('python:e.T', bases=_row)()",
    "an iterator": "thing = _tells('python:e.C', bases=[type(iter([])), dict])()",
    "a group": "thing = _tells('python:e.C', bases=[getattr(builtins, 'ExceptionGroup', ValueError), OSError])()",
}


@pytest.mark.parametrize("bases", BASES)
def test_bases_that_do_not_go_together(start, bases):
    peer = start(HOSTILE + BASES[bases] + "\ndef alive(): return 'alive'\n")
    try:
        thing = peer.get("thing")
    except (TypeError, wherever.Error) as error:
        assert str(error)
        assert bases in ("a metaclass", "deep")
    else:
        assert type(thing).__name__ in ("C", "T", "A149", "type"), type(thing)
        assert wherever.is_remote(thing)
    assert peer.get("alive")() == "alive"


@pytest.mark.parametrize("count", [1_000, 20_000])
def test_thousands_of_members(start, count):
    peer = start(HOSTILE + f"thing = _tells('python:e.M', [_member('m%d' % i) for i in range({count})])()\n"
                 "def alive(): return 'alive'\n")
    try:
        thing = peer.get("thing")
    except wherever.Error as error:
        assert str(error)
    else:
        # Of a type that is too large for a description no more than the name is told.
        assert ("m7" in dir(type(thing))) == (count == 1_000)
        assert peer.get("alive")() == "alive"


def test_a_class_of_this_side_is_not_told_of_what_derives_from_it(start):
    ran = []

    class Base:
        def __init_subclass__(cls, **named):
            ran.append("__init_subclass__")

        def __del__(self):
            ran.append("__del__")

        def __array__(self, *args, **named):
            ran.append("__array__")

        def __reduce_ex__(self, protocol):
            ran.append("__reduce_ex__")
            return (int, ())

        def __getattr__(self, name):
            ran.append(name)
            raise AttributeError(name)

        def __setstate__(self, state):
            ran.append("__setstate__")

    peer = start("""
    def derive(Base):
        class Derived(Base):
            def act(self):
                return "acted"
        return Derived()
    """, here="open")
    thing = peer.get("derive")(Base)
    assert isinstance(thing, Base) and type(thing).__mro__[-2:] == (Base, object)
    assert not isinstance(Base(), type(thing))
    ran.clear()
    gc.collect()
    for take in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            take(thing)
    numpy = pytest.importorskip("numpy")
    assert numpy.array(thing).dtype == object
    assert not hasattr(thing, "__array__")
    assert thing.act() == "acted"
    del thing
    gc.collect()
    assert ran == []


WRONG = [None, 1, -1, 1 << 200, 1.5, "text", "", b"bytes", (), (1,), (1, 2), (1, 2, 3), ("a", "b", "c"), (1, 2, 3, 4,
                                                                                                          5, 6),
         (None,) * 9, ((1, 2), (3, 4), (5, 6)), (0, 0, 0, 0, 0, 0, 0, "Europe/../../etc/passwd", 0),
         (2020, 1, 1, 0, 0, 0, 0, "/etc/passwd", 0), ("builtins", "eval", "x"), ("os", "system", "echo", 1),
         ("enum", "Enum", "x", 1), ("re", "RegexFlag", None, 1 << 100), ("re", "RegexFlag", None, 1 << 30),
         ("os", "stat_result", (1,)), ("inspect", "FullArgSpec", (1,)), ("subprocess", "Popen", ("ls",)),
         "../../etc/passwd",
         "/etc/passwd", "a\0b", "eval", "exit", "__import__", (0, b"\xff\x10", 0), (2, b"\x01", 0), (0, b"1", "x"),
         ("numpy", "O", (1,), False, b"12345678"), ("numpy", "[('a', 'O')]", (1,), False, b"12345678"),
         ("numpy", "[" * 5_000, (1,), False, b""), ("numpy", "-" * 9_000 + "1", (1,), False, b""),
         ("numpy", "f8", (1 << 60,), False, b""), ("numpy", "f8", (-1, 3), False, b"1"), ("array", "q", (1,), False,
                                                                                          b"1"),
         ("array", "", (1,), False, b"1"), ("memoryview", "Zd", (1, 1 << 62), False, b"1"),
         ("numpy", "[__import__('os').system('echo')]", (1,), False, b"1")]


def test_values_that_are_none(start, watched):
    peer = start(HOSTILE + '''
class _Wrong:
    pass

_v._by_class[_Wrong] = _v.Codec("", 1, None, None)
_way = []
_encode = _v.encode
def _wicked(value):
    return _way[0] if type(value) is _Wrong else _encode(value)
_v.encode = _wicked

def tell(name, version, data):
    _way[:] = [(name, version, data)]
    return _Wrong()
''')
    tell = peer.get("tell")
    peer.get("seen")()
    for name, version in _values.announced():
        for data in WRONG:
            try:
                value = tell(name, version, data)
            except wherever.ProtocolError as error:
                assert name in str(error)
            else:
                # What was no value by its own way of being told may be one all the same: a date made of three numbers.
                assert not callable(value) or name == "python:builtins", (name, data, value)
    assert watched == []
    assert peer.get("seen")() == ()
    assert wherever.is_remote(tell("python:evil", 1, 1)), "what was not announced here is not told by value"
    for name, data in [("python:fractions.Fraction", (1, 0)), ("python:zoneinfo.ZoneInfo", "../../../etc/passwd"),
                       ("python:zoneinfo.ZoneInfo", "/etc/passwd"), ("python:datetime.date", "2020-01-01"),
                       ("python:uuid.UUID", b"short"), ("python:builtins", "eval"), ("python:range", (1, 2, 0)),
                       ("python:slice", (1, 2, 3, 4)), ("python:str", b"\xff"), ("python:str", 3),
                       ("python:enum", ("re", "RegexFlag", None, 1 << 30))]:
        with pytest.raises(wherever.ProtocolError):
            tell(name, 1, data)
    assert tell("python:decimal.Decimal", 1, (0, b"\x01", 10 ** 9)).adjusted() == 10 ** 9


ERRORS = HOSTILE + '''
def _like(base, name, **named):
    return type(name, (base,), {"__module__": "builtins", "__qualname__": name, "__str__": lambda self: "told",
                                **named})

_far = 1 << 45
_group = getattr(builtins, "ExceptionGroup", None)

def _raised(cls, args, **attributes):
    def act():
        made = cls.__new__(cls, *args)
        made.__init__(*args)
        for name, value in attributes.items():
            setattr(made, name, value)
        raise made
    return act

decode = _raised(_like(UnicodeDecodeError, "UnicodeDecodeError"), ("utf-8", b"x", -_far, 1 - _far, "r"))
encode = _raised(_like(UnicodeEncodeError, "UnicodeEncodeError"), ("utf-8", "x", -_far, 1 - _far, "r"))
later = _raised(_like(UnicodeDecodeError, "UnicodeDecodeError"), ("utf-8", b"x", 0, 1, "r"), start=_far, end=_far + 1)
typed = _raised(_like(UnicodeDecodeError, "UnicodeDecodeError"), ("utf-8", b"x", 0, 1, "r"), object=7)
syntax = _raised(_like(SyntaxError, "SyntaxError"), ("bad", ("/etc/passwd", 1, 1, "text", 1, 1 << 50)))
wide = _raised(_like(SyntaxError, "SyntaxError"), ("bad", ("f", 1, 1, "text", 1, 2)), end_offset=1 << 50, offset=1)
group = _raised(_like(Exception, "ExceptionGroup"), ("no group", 1))
base = _raised(_like(Exception, "BaseExceptionGroup"), ())
stop = _raised(_like(Exception, "StopIteration"), (1,))
oserror = _raised(_like(OSError, "OSError"), (2, "x", Anything(), None, Anything()))
nothing = _raised(type("", (Exception,), {"__module__": ""}), ("x",))
alias = _raised(_like(Exception, "EnvironmentError"), ("x",))
eval_ = _raised(_like(Exception, "eval"), ("x",))
many = _raised(ValueError, tuple(range(1000)))
nested = _raised(ValueError, (((((((((((((((((1,),),),),),),),),),),),),),),),),))

def frames(places):
    _f.summary = lambda error, most: [tuple(place) for place in places]
    raise ValueError("placed")
'''


@pytest.mark.parametrize("name", ["decode", "encode", "later", "typed", "syntax", "wide", "group", "base", "stop",
                                  "oserror",
                                  "nothing", "alias", "eval_", "many", "nested"])
def test_errors_that_would_harm_who_prints_them(start, watched, name):
    peer = start(ERRORS)
    act = peer.get(name)
    peer.get("seen")()
    watched.clear()
    with pytest.raises(BaseException) as caught:
        act()
    error = caught.value
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    assert len(text) < 100_000 and str(error) is not None and repr(error)
    assert "AssertionError" not in text
    error.args, error.__notes__ if hasattr(error, "__notes__") else None
    assert "/etc/passwd" not in text or "root:" not in text
    assert watched == []
    assert not {asked for asked in peer.get("seen")() if asked in HOOKS}


def test_places_that_an_error_cannot_have_come_through(start, tmp_path):
    peer = start(ERRORS)
    here = tmp_path / "here.py"
    here.write_text("THE TEXT OF THIS SIDE\n" * 3)
    frames = peer.get("frames")

    def shown(*places):
        def whole(file, line, column, name, text, signature="", first=0, end_line=0, end_column=0):
            return file, line, column, end_line, end_column, name, first, text, signature, None, 0, False

        places = [whole(*place) for place in places]
        with pytest.raises(ValueError) as caught:
            frames(tuple(places))
        return "".join(traceback.format_exception(caught.value)), caught.value

    text, _ = shown((str(here), 2, 0, "f", ""), (str(here), 3, 0, "g", "text of the peer"))
    assert "THE TEXT OF THIS SIDE" not in text and "text of the peer" in text
    text, error = shown(("a\n  File \"b\", line 1\x1b[2J", 1, 0, "x\nValueError: not so\x1b[31m", "t\n"))
    assert "\x1b" not in text and "\nValueError: not so" not in text
    text, error = shown(("", 0, 0, "", ""), ("\0", 1, 1, "\0", "\0"), ("f", (1 << 32) - 1, (1 << 32) - 1, "f", "far"))
    assert "placed" in text
    far = (1 << 32) - 1
    for signature in ("(" + "a, " * 3_000 + ")", "(a, a)", "(class, None)", "(x=__import__('os').abort())", "((",
                      "(.0)",
                      "(*, *)", "(" + ", ".join(f"a{n}" for n in range(300)) + ")"):
        for extent in ((0, 0, 0), (far, far, far), (1, 5, far), (7, 5, 2), (5, 5, 9)):
            text, _ = shown(("f", 5, 3, "f", "x = \u00fc + y", signature, *extent))
            assert "x = \u00fc + y" in text and len(text) < 5_000
    at = error.__traceback__
    while at.tb_next:
        at = at.tb_next
    with pytest.raises(OSError):
        inspect.getsource(at.tb_frame)
    text, _ = shown(*[("f%d" % n, 1_000_000, 0, "f", "x" * 200) for n in range(100)])
    for turn in range(30):
        shown(*[("g%d" % n, turn + 1, 0, "f", "x" * 200) for n in range(turn * 100, turn * 100 + 100)])
    assert len(_sources._shown) <= _sources.FILES_MAX
    kept = [text for lines in _sources._shown.values() for text in lines.known.values()]
    assert _sources._chars == sum(len(text) + _sources.LINE_CHARS for text in kept)
    assert _sources._chars <= _sources.CHARS_MAX


def test_lines_that_are_kept_are_bounded(monkeypatch):
    monkeypatch.setattr(_sources, "CHARS_MAX", 5_000)
    for n in range(1_000):
        _sources.note("/<peer>/one", n + 1, "x" * 100, None, "f")
    assert _sources._chars <= 5_000
    for n in range(1_000):
        _sources.note("/<peer>/short", n + 1, "x", None, "f")
    assert sum(len(lines.known) for lines in _sources._shown.values()) < 50
    _sources.note("/<peer>/two", 1, "y" * 10_000, None, "f")
    assert _sources._shown["/<peer>/two"][0] == "y" * _sources.TEXT_MAX + "\n"
    _sources.note("/<peer>/three", 1 << 40, "far", None, "f")
    assert "/<peer>/three" not in _sources._shown


@pytest.mark.parametrize("nested", ["+".join(["x"] * 1_900), "x" + ".a" * 1_900, "not " * 900 + "x"])
def test_a_signature_that_is_nested_deep(nested):
    assert str(_signature.signature(f"(a={nested})")) == "(*args, **kwargs)"


def test_a_peer_that_answers_nonsense_to_what_the_interpreter_asks(start):
    peer = start(HOSTILE + '''
_names = ("__len__", "__bool__", "__hash__", "__str__", "__repr__", "__iter__", "__index__", "__int__", "__float__",
          "__contains__", "__next__", "__eq__", "__format__", "__bytes__", "__fspath__", "__reversed__", "__complex__",
          "__length_hint__", "__enter__", "__exit__", "__call__", "__getitem__")
thing = _tells("python:evil.Nonsense", [_member(n) for n in _names],)()
for _n in _names:
    setattr(type(thing), _n, lambda self, *args: "nonsense" if _n != "x" else None)
''')
    thing = peer.get("thing")
    assert thing == 1 or True
    for act in (len, bool, hash, iter, int, float, complex, bytes, list, tuple, dict, set, sum, sorted, range, chr,
                lambda x: [][x], lambda x: x in x, lambda x: f"{x}", json.dumps, reversed, next):
        try:
            act(thing)
        except (TypeError, ValueError, AttributeError, KeyError, IndexError, wherever.Error) as error:
            assert str(error) is not None
    assert repr(thing) == "nonsense" == str(thing)


def test_describing_a_class_runs_nothing_of_it(start):
    ran = []

    class Watched:
        def __getattribute__(self, name):
            ran.append(name)
            return object.__getattribute__(self, name)

        def __dir__(self):
            ran.append("__dir__")
            return []

        @property
        def place(self):
            ran.append("place")

    peer = start("def take(thing): return 1")
    assert peer.get("take")(Watched()) == 1
    assert ran == []
    assert _describe.describe(Watched).name.endswith("Watched")


BUILT_IN = _values.announced()


def test_few_bytes_make_no_large_value():
    pytest.importorskip("numpy")
    many = range(1_000_000)
    for name, version in BUILT_IN:
        for data in (many, (0, many, 0), ("numpy", "u1", (len(many),), False, len(many)),
                     ("numpy", "u1", (), False, many)):
            tracemalloc.start()
            with contextlib.suppress(wherever.ProtocolError):
                _values.decode(name, version, data)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < 100_000, (name, data)


def test_no_library_finds_what_a_peer_exports(start, tmp_path):
    peer = start("""
    asked = []
    globals()["__deepcopy__"] = globals()["__array__"] = lambda *args, **named: asked.append(args)

    def serve(path):
        import wherever
        exports = {name: globals()[name] for name in ("__deepcopy__", "__array__")}
        serve.server = wherever.serve("unix://" + path, exports, policy="open")
    """)
    peer.get("serve")(str(tmp_path / "socket"))
    with wherever.connect(f"unix://{tmp_path / 'socket'}") as other:
        assert sorted(other.names()) == ["__array__", "__deepcopy__"]
        assert not hasattr(other.root, "__array__")
        with pytest.raises(TypeError):
            copy.deepcopy(other.root)
        other.get("__array__")(1)
    assert peer.get("asked") == [(1,)]


def forwarded(listener, path, change):
    """Takes one connection, and passes on what goes either way, changed by `change` on the way there."""
    near, _ = listener.accept()
    far = socket.socket(socket.AF_UNIX)
    far.connect(path)

    def pass_on(source, to, act):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                to.sendall(act(data))
            to.shutdown(socket.SHUT_RDWR)

    back = threading.Thread(target=pass_on, args=(far, near, bytes), daemon=True)
    back.start()
    pass_on(near, far, change)


@pytest.mark.parametrize("tag", [0x09, 0x0a, 0x0e], ids=["tuple", "frozenset", "set"])
def test_a_value_that_holds_itself_and_cannot(start, tmp_path, tag):
    peer = start("""
    import wherever as _w
    _servers = []

    def serve(path):
        _servers.append(_w.serve("unix://" + path, {"items": [1]}, policy="open"))
    """)
    peer.get("serve")(str(tmp_path / "far"))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "near"))
    listener.listen()
    # A list that holds itself, as it is on the wire; this side would not make another of it.
    def change(data):
        return data.replace(b"\x10\x0c\x02\x07\x06wicked", bytes([0x10, tag]) + b"\x02\x07\x06wicked")

    threading.Thread(target=forwarded, args=(listener, str(tmp_path / "far"), change), daemon=True).start()
    with wherever.connect(f"unix://{tmp_path / 'near'}") as through:
        items = through.get("items")
        wicked = ["wicked"]
        wicked.append(wicked)
        with pytest.raises(wherever.ProtocolError, match="holds itself"):
            items.index(wicked)
    assert peer.names() == ["serve"]
