"""What earlier systems of this kind check of themselves, asked more strictly where their answer was wrong; and what
each use costs, in round trips, at or below what was thought possible."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading
import traceback

import pytest

import wherever

PROGRAM = '''
import sys as module, dataclasses as _dataclasses, types as _types
from math import isqrt as _isqrt
import threading as _threading

class X:
    """An X."""
    def __init__(self, v=5):
        self.v = v
        self.name = f"x{v}"
        self.a = None
    def foo(self, *args): return len(args)
    def cb(self, f): return f()
    def raising(self): raise ZeroDivisionError("by zero")
    def __len__(self): return self.v + 8
    def each(self): return [X(1), X(2)]
    reads = 0
    @property
    def counted(self):
        X.reads += 1
        return X.reads
    @property
    def failing(self): raise AttributeError("inside the property")

class Counted(type):
    def __hash__(cls): return 1001
class Hashed(metaclass=Counted):
    def __init__(self, n): self.n = n
    def __hash__(self): return self.n
class HashedToo(Hashed): pass
class Unhashed(HashedToo):
    def __hash__(self): raise TypeError("not to be hashed")

@_dataclasses.dataclass
class Record:
    a: int
    b: str
    c: list
    d: dict

class Words(list):
    def loud(self): return [word.upper() for word in self]

base = 10
def uses_globals(n, ask): return base + n + ask(n)
def kind(o): return type(o).__name__
def is_list(o): return isinstance(o, list)
def none_type(): return type(None)
def keep(f):
    global kept
    kept = f
def ask_kept(n): return len(kept(n))
def frame():
    local_of_frame = 7
    return module._getframe()
def fails():
    local_of_frame = 7
    raise LookupError("failed")
def numbers(n):
    for i in range(n):
        yield i
def count(n): return sum(range(n))
def fire(f, times):
    import wherever
    def run():
        for i in range(times): wherever.oneway(f, i)
    thread = _threading.Thread(target=run)
    thread.start()
    return thread
def join(thread): thread.join()
def open_file(path, mode): return open(path, mode)
def objects(n): return [X(i) for i in range(n)]
def dicts(n): return [{"k": i} for i in range(n)]
def identity(o): return o
def shown(o): return str(o)
x, l, d = X(), list(range(10_000)), {i: str(i) for i in range(50)}
x.a = X(1); x.a.a = X(2)
record, words = Record(1, "two", [3], {"four": 5}), Words(["a", "b"])
'''


@pytest.fixture
def peer(start):
    return start(PROGRAM, here="open")


class Mine:
    v = 9

    def __len__(self):
        return 23

    def __call__(self, n):
        return list(range(n))


# What each use costs: round trips, at most. Two messages are one of them.
USES = [
    ("fetch another instance", 1, lambda p, x: p.get("x")),
    ("read an attribute", 1, lambda p, x: x.v),
    ("write an attribute", 1, lambda p, x: setattr(x, "v", 6)),
    ("delete an attribute", 1, lambda p, x: delattr(x, "name")),
    ("a property", 1, lambda p, x: x.counted),
    ("a path, in one message", 1, lambda p, x: wherever.send(x.foo).result()),
    ("call a method", 1, lambda p, x: x.foo(1)),
    ("call a method that was kept", 1, lambda p, x: x.foo(1)),
    ("call with a list and an object of an unseen class", 1, lambda p, x: x.foo(1, [1, 2, 3], Mine())),
    ("call back", 2, lambda p, x: x.cb(lambda: 8)),
    ("length", 1, lambda p, x: len(x)),
    ("repr, plain", 0, lambda p, x: repr(x)),
    ("hash, plain", 0, lambda p, x: hash(x)),
    ("equal, plain", 0, lambda p, x: x == x),
    ("dir", 1, lambda p, x: dir(x)),
    ("an attribute that is not there", 1, lambda p, x: hasattr(x, "nope")),
    ("type and isinstance", 0, lambda p, x: isinstance(x, type(x))),
    ("raise and catch, with its text", 1, lambda p, x: pytest.raises(ZeroDivisionError, x.raising)),
    ("ten calls on results that have not come", 1, lambda p, x: chain(x)),
]

CONTAINER_USES = [
    ("an item", 1, lambda p, l, d: l[3]),
    ("contains", 1, lambda p, l, d: 3 in l),
    ("a slice", 1, lambda p, l, d: l[1:5]),
    ("append", 1, lambda p, l, d: l.append(1)),
    ("a loop over 10,000 numbers", 1, lambda p, l, d: [n for n in l]),
    ("list of 10,000 numbers", 1, lambda p, l, d: list(l)),
    ("equal to a list here", 1, lambda p, l, d: l == [1]),
    ("a copy of 10,000 numbers", 1, lambda p, l, d: wherever.copy(l)),
    ("a dict's item", 1, lambda p, l, d: d[1]),
    ("items alone", 0, lambda p, l, d: d.items()),
    ("items in a loop", 1, lambda p, l, d: [k for k, v in d.items()]),
    ("dict of 50", 1, lambda p, l, d: dict(d)),
]


def chain(x):
    promise = wherever.send(x.foo)
    for _ in range(9):
        promise = wherever.send(promise.__class__ and x.foo)
    return promise.result()


def trips(peer, act):
    before = peer.stats()
    act()
    after = peer.stats()
    return after.round_trips - before.round_trips, after.messages_sent - before.messages_sent


@pytest.mark.parametrize("name, most, act", USES, ids=[use[0] for use in USES])
def test_a_use_takes_no_more_round_trips_than_thought_possible(peer, name, most, act):
    x = peer.get("x")
    waited, _ = trips(peer, lambda: act(peer, x))
    # A callback is a round trip of the other side's: here its messages are counted.
    assert waited <= most


@pytest.mark.parametrize("name, most, act", CONTAINER_USES, ids=[use[0] for use in CONTAINER_USES])
def test_a_use_of_a_container_takes_no_more_either(peer, name, most, act):
    l, d = peer.get("l"), peer.get("d")  # noqa: E741
    waited, sent = trips(peer, lambda: act(peer, l, d))
    assert waited <= most and sent <= most


def test_connecting_and_making_take_one_round_trip_each(peer):
    assert trips(peer, lambda: peer.get("x"))[0] == 1
    X = peer.get("X")
    assert trips(peer, lambda: X()) == (1, 1)


def test_the_text_of_a_traceback_takes_none_beyond_the_error(peer, messages):
    x = peer.get("x")

    def printed():
        try:
            x.raising()
        except ZeroDivisionError as error:
            return "".join(traceback.format_exception(error))

    text, count = messages(peer, printed)
    assert count == 2 and "in raising" in text and 'raise ZeroDivisionError("by zero")' in text


def test_methods_of_objects_that_are_false_stay_methods(peer):
    assert peer.get("kind")([].append) == "builtin_function_or_method"
    assert peer.get("kind")(Mine().__call__) == "method"


def test_functions_use_the_globals_of_their_own_side(peer):
    base = 100
    assert peer.get("uses_globals")(1, lambda n: base + n) == 10 + 1 + 100 + 1


def test_a_callable_object_that_is_kept_over_there_is_called_later(peer):
    peer.get("keep")(Mine())
    assert peer.get("ask_kept")(4) == 4


def test_objects_of_this_side_are_used_over_there(start):
    peer = start("def look(o): return o.v, len(o), type(o).__name__, type(o).__doc__, isinstance(o, type(o))")
    assert peer.get("look").__name__ == "look"
    with pytest.raises(wherever.Denied, match="exposed"):
        peer.get("look")(Mine())

    @wherever.exposed
    class Open(Mine):
        """Open."""

        v: int = 9

        def __len__(self):
            return 23

    assert peer.get("look")(Open()) == (9, 23, "Open", "Open.", True)


def test_frames_are_looked_at(peer):
    frame = peer.get("frame")()
    assert inspect.isframe(frame)
    assert "uses_globals" in frame.f_globals.keys() and frame.f_code.co_name == "frame"


def test_functions_behave_as_functions(peer):
    kind = peer.get("kind")
    assert (kind.__name__, inspect.isfunction(kind), callable(kind)) == ("kind", True, True)
    assert kind.__code__ is kind.__code__
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        kind()
    kind.__doc__ = "tells"
    assert kind.__doc__ == "tells"
    del kind.__doc__
    assert kind.__doc__ is None
    holder = type("Holder", (), {"own_kind": kind})
    # A function in a class is a method of its instances.
    assert holder().own_kind() == "Holder" and holder.own_kind(1) == "int"


def test_an_instance_dict_is_read_and_replaced(peer):
    x = peer.get("X")(3)
    assert x.__dict__["v"] == 3 and set(vars(x)) == {"v", "name", "a"}
    x.__dict__ = {"v": 4}
    assert x.v == 4 and not hasattr(x, "name")


def test_a_subclass_of_a_container_is_both(peer):
    words = peer.get("words")
    Words = type(words)
    assert isinstance(words, list) and isinstance(words, Words) and Words is peer.get("Words")
    assert list(words) == ["a", "b"] and words.loud() == ["A", "B"]
    words.append("c")
    assert len(words) == 3 and words == ["a", "b", "c"] and peer.get("is_list")(words)


def test_properties_are_evaluated_once_for_each_access(peer):
    x = peer.get("x")
    assert [x.counted, x.counted, peer.get("X").reads] == [1, 2, 2]
    with pytest.raises(AttributeError, match="inside the property"):
        x.failing


def test_hashes_are_those_of_the_class_and_of_the_object(peer):
    Hashed, HashedToo, Unhashed = (peer.get(name) for name in ("Hashed", "HashedToo", "Unhashed"))
    assert hash(Hashed) == 1001 and hash(Hashed(6)) == 6 and hash(HashedToo(7)) == 7
    with pytest.raises(TypeError, match="not to be hashed"):
        hash(Unhashed(1))


def test_builtin_types_are_the_same_everywhere(peer):
    assert peer.get("none_type")() is type(None)
    assert isinstance(peer.get("d"), dict) and not isinstance(peer.get("l"), dict)
    assert peer.get("is_list")(peer.get("l")) and peer.get("is_list")([])
    with pytest.raises(TypeError):
        isinstance([], peer.get("l"))


def test_a_dataclass_is_read(peer):
    record = peer.get("record")
    assert (record.a, record.b, list(record.c), dict(record.d)) == (1, "two", [3], {"four": 5})


def test_ten_thousand_items_come_in_order_from_a_buffer(peer, messages):
    items = wherever.buffered(peer.get("numbers")(10_000), 1_000)
    done, count = messages(peer, lambda: list(items))
    assert done == list(range(10_000)) and count < 200


def test_a_generator_is_stepped_when_it_is_wanted_and_ends_when_it_is_dropped(start, messages):
    peer = start('''
told = []
def steps():
    try:
        for i in range(5):
            told.append(i)
            yield i
    finally:
        told.append("closed")
''')
    steps = peer.get("steps")()
    assert messages(peer, lambda: next(steps)) == (0, 2)
    assert next(steps) == 1 and list(peer.get("told")) == [0, 1]
    del steps
    assert peer.names()
    assert list(peer.get("told")) == [0, 1, "closed"]


def test_files_are_written_and_read(peer, tmp_path):
    path = tmp_path / "file"
    with peer.get("open_file")(path, "w") as file:
        file.write("one\ntwo\n")
    file = peer.get("open_file")(path, "r")
    assert file.read() == "one\ntwo\n" and file.seek(0) == 0 and list(file) == ["one\n", "two\n"]


def test_three_processes_work_at_once(start):
    peers = [start(PROGRAM) for _ in range(3)]
    promises = [wherever.send(peer.get("count"), 10_000) for peer in peers]
    assert [promise.result() for promise in promises] == [sum(range(10_000))] * 3


def test_what_passes_a_middle_is_itself_again(start):
    end = start(PROGRAM, here="open")
    middle = start(PROGRAM, here="open")
    identity = middle.get("identity")
    far = end.get("x")
    # An object of the end is shown to the middle through us, and comes home as the same.
    assert identity(far) is far
    assert middle.get("kind")(far) == "X" and middle.get("shown")(end.get("record")) == str(end.get("record"))
    assert type(far) is end.get("X") and not isinstance(far, middle.get("X"))


def test_one_way_callbacks_come_while_calls_are_made(peer):
    told, done = [], threading.Event()

    def tell(n):
        told.append(n)
        if n == 49:
            done.set()

    thread = peer.get("fire")(tell, 50)
    for n in range(50):
        assert peer.get("count")(n) == sum(range(n))
    peer.get("join")(thread)
    assert done.wait(10) and told == list(range(50))


def test_a_file_server_takes_two_lines(tmp_path):
    (tmp_path / "note").write_text("kept over there")
    program = "import wherever\nwherever.serve_stdio({'open': open})\n"
    with wherever.connect_command([sys.executable, "-c", program]) as peer:
        with pytest.raises(wherever.Denied):
            peer.get("open")(str(tmp_path / "note")).read()
    with wherever.connect_command([sys.executable, "-c", program.replace("})", "}, policy='open')")]) as peer:
        assert peer.root.open(str(tmp_path / "note")).read() == "kept over there"


def test_a_program_is_started_with_the_environment_that_is_said(monkeypatch):
    monkeypatch.setenv("OF_THIS_SIDE", "1")
    program = (f"import os, sys; sys.path[:] = {sys.path}\n"
               "import wherever; wherever.serve_stdio({'env': dict(os.environ)})")
    for env, told in ((None, "1"), ({}, None), ({"OF_THIS_SIDE": "2"}, "2")):
        with wherever.connect_command([sys.executable, "-c", program], env=env) as peer:
            assert peer.get("env").get("OF_THIS_SIDE") == told


def test_names_are_listed_and_missed(peer):
    assert {"x", "X", "kind"} <= set(peer.names()) == set(dir(peer.root))
    with pytest.raises(wherever.NotFound, match="nothing_of_the_kind"):
        peer.get("nothing_of_the_kind")
    with pytest.raises(AttributeError):
        peer.root.nothing_of_the_kind
    assert peer.root.x is peer.get("x")


def test_a_program_that_ends_is_noticed(tmp_path):
    program = "import wherever, os\nwherever.serve_stdio({'leave': os._exit, 'n': 5}, policy='open')\n"
    peer = wherever.connect_command([sys.executable, "-c", program])
    assert peer.get("n") == 5
    with pytest.raises(wherever.Disconnected) as caught:
        peer.get("leave")(3)
    assert caught.value.may_have_run and isinstance(caught.value, ConnectionError)
    with pytest.raises(wherever.Disconnected):
        peer.get("n")
    assert peer.closed


def test_the_other_program_prints_without_harm(tmp_path):
    program = "import wherever\nwherever.serve_stdio({'show': print}, policy='open')\n"
    code = f"import sys, wherever\nwith wherever.connect_command([sys.executable, '-c', {program!r}]) as peer:\n" \
           "    peer.get('show')('shown')\n    print(peer.names())\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["['show']"] and done.returncode == 0
    # What is printed over there is seen where its errors are.
    assert "shown" in done.stderr.split()


def test_what_a_program_says_before_it_serves_is_refused_with_its_words(tmp_path):
    program = "import wherever\nprint('too early', flush=True)\nwherever.serve_stdio({})\n"
    with pytest.raises(wherever.Error, match="too "):
        wherever.connect_command([sys.executable, "-c", program])
