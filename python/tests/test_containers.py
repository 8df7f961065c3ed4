"""Containers of another process: what reading them whole takes, that a later read sees later changes, and copies."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

import wherever

PROGRAM = '''
numbers = [3, 1, 2]
table = {"a": 1, "b": 2, "c": 3}
letters = {"a", "b"}
data = bytearray(b"hello")
nested = [1, [2, [3]], {"k": [4]}, ({5}, bytearray(b"x"))]
big = list(range(1_000_000))
wide = [[number] for number in range(20_000)]


class Counted(dict):
    """Tells how often it was read."""

    reads = 0

    def __getitem__(self, key):
        self.reads += 1
        return dict.__getitem__(self, key)


def put(key, value):
    table[key] = value


def add(value):
    numbers.append(value)


def knot():
    shared = [7]
    made = [1, shared, shared]
    made.append(made)
    made.append((made, {"in": shared}))
    return made


def deep(levels):
    made = []
    for _ in range(levels):
        made = [made]
    return made


def mixed(theirs):
    return [1, theirs, [theirs]]


def length(x):
    return len(x), list(x), dict.fromkeys(x), bytes(bytearray(x))
'''


@pytest.fixture
def peer(start):
    return start(PROGRAM)


def named(**entries: Any) -> Any:
    return entries


READS = [
    ("numbers", list, [3, 1, 2]), ("numbers", tuple, (3, 1, 2)), ("numbers", sorted, [1, 2, 3]),
    ("numbers", set, {1, 2, 3}),
    ("numbers", lambda x: [*x], [3, 1, 2]), ("numbers", lambda x: (lambda *args: args)(*x), (3, 1, 2)),
    ("numbers", lambda x: x == [3, 1, 2], True), ("numbers", repr, "[3, 1, 2]"), ("numbers", max, 3),
    ("numbers", lambda x: x.copy(), [3, 1, 2]), ("numbers", wherever.copy, [3, 1, 2]),
    ("table", dict, {"a": 1, "b": 2, "c": 3}), ("table", lambda x: {**x}, {"a": 1, "b": 2, "c": 3}),
    ("table", lambda x: named(**x), {"a": 1, "b": 2, "c": 3}), ("table", list, ["a", "b", "c"]),
    ("table", lambda x: list(x.keys()), ["a", "b", "c"]), ("table", lambda x: list(x.values()), [1, 2, 3]),
    ("table", lambda x: list(x.items()), [("a", 1), ("b", 2), ("c", 3)]),
    ("table", lambda x: {**{"a": 0}, **x}, {"a": 1, "b": 2, "c": 3}),
    ("table", lambda x: "{a}{b}".format(**x), "12"), ("table", lambda x: x.keys() & {"a"}, {"a"}),
    ("letters", set, {"a", "b"}), ("letters", sorted, ["a", "b"]), ("letters", frozenset, frozenset("ab")),
    ("data", bytes, b"hello"), ("data", list, [104, 101, 108, 108, 111]), ("data", lambda x: b"".join([x]), b"hello"),
    ("data", lambda x: hashlib.md5(x).hexdigest(), "5d41402abc4b2a76b9719d911017c592"),
    ("data", lambda x: memoryview(x).tobytes(), b"hello"), ("data", lambda x: x.decode(), "hello"),
    ("nested", wherever.copy, [1, [2, [3]], {"k": [4]}, ({5}, bytearray(b"x"))]),
    ("nested", lambda x: json.dumps(x[:3], default=wherever.copy), '[1, [2, [3]], {"k": [4]}]'),
]


@pytest.mark.parametrize("name, read, result", READS)
def test_reading_a_container_whole_is_one_round_trip(peer, messages, name, read, result):
    remote = peer.get(name)
    done, count = messages(peer, lambda: read(remote))
    assert done == result
    assert type(done) is type(result)
    assert count == (4 if "json" in read.__code__.co_names else 2) if hasattr(read, "__code__") else 2


def test_arguments_go_with_their_contents(peer, messages):
    numbers, letters, table = peer.get("numbers"), peer.get("letters"), peer.get("table")
    for act in (lambda: numbers.extend([4, 5]), lambda: numbers.extend(n for n in range(100)),
                lambda: letters.update("xy", ["z"]), lambda: letters.issubset({"a": 1}),
                lambda: table.update({"d": 4}, e=5), lambda: table.update(zip("fg", (6, 7))),
                lambda: numbers.__iadd__([1]), lambda: table.__ior__({"h": 8})):
        assert messages(peer, act)[1] == 2
    assert len(numbers) == 106
    assert letters == {"a", "b", "x", "y", "z"}
    assert list(table) == list("abcdefgh")


def test_a_loop_over_keys_sees_later_changes(peer, messages):
    table, put = peer.get("table"), peer.get("put")

    def loop():
        seen = []
        for key in table.keys():
            put(key, len(seen) + 10)
            seen.append(table[key])
        return seen

    done, count = messages(peer, loop)
    assert done == [10, 11, 12]
    assert count == 2 + 3 * 4


def test_a_dict_read_twice_by_one_instruction_is_read_twice(peer):
    table, put = peer.get("table"), peer.get("put")
    read = []
    for value in range(3):
        put("a", value)
        read.append(dict(table))
    assert [entries["a"] for entries in read] == [0, 1, 2]


def test_what_was_read_is_not_kept_for_the_next_of_an_instruction(peer):
    """Functions of C, called by one and the same instruction, one after the other."""
    import operator
    table, numbers, put, add = (peer.get(name) for name in ("table", "numbers", "put", "add"))
    results = []
    for work in (dict, lambda x: put("a", 9), operator.itemgetter("a"), sorted, lambda x: put("z", 1), len, list, len):
        results.append(work(table))
    assert results[2] == 9
    assert results[5] == 4
    lengths = []
    for work in (set, lambda x: add(9), len, iter, lambda x: add(9), len):
        lengths.append(work(numbers))
    assert lengths[2] == 4
    assert lengths[5] == 5


def test_keys_that_were_read_do_not_answer_for_another_dict(peer):
    table, put = peer.get("table"), peer.get("put")
    keys = list(table.keys())
    put(keys[0], 5)
    assert [table[key] for key in keys] == [5, 2, 3]
    view = table.keys()
    list(view)
    put("b", 6)
    assert list(map(table.__getitem__, view)) == [5, 6, 3]


def test_what_stands_for_it_stays_a_reference(peer):
    numbers, add = peer.get("numbers"), peer.get("add")
    assert list(numbers) == [3, 1, 2]
    add(4)
    assert list(numbers) == [3, 1, 2, 4]
    steps = iter(numbers)
    add(5)
    assert list(steps) == [3, 1, 2, 4]


def test_elements_that_are_containers_stay_remote(peer):
    nested = peer.get("nested")
    inner = list(nested)[1]
    assert wherever.is_remote(inner)
    assert inner is nested[1]
    inner.append(9)
    assert nested[1] == [2, [3], 9]


def test_a_copy_keeps_what_is_shared_and_what_is_cyclic(peer, messages):
    knot = peer.get("knot")()
    copied, count = messages(peer, lambda: wherever.copy(knot))
    assert count == 2
    assert copied[1] is copied[2] is copied[4][1]["in"]
    assert copied[3] is copied and copied[4][0] is copied
    assert not wherever.is_remote(copied)


def test_a_copy_may_be_deeper_than_a_message(peer, messages):
    copied, count = messages(peer, lambda remote=peer.get("deep")(5_000): wherever.copy(remote))
    assert count == 2
    levels = 0
    while copied:
        copied, levels = copied[0], levels + 1
    assert levels == 5_000


def test_a_copy_holds_no_container_of_either_side(peer):
    mine = {"k": [1]}
    copied = wherever.copy(peer.get("mixed")(mine))
    assert copied == [1, {"k": [1]}, [{"k": [1]}]]
    assert copied[1] is not mine and copied[1]["k"] is not mine["k"]
    assert copied[1] is copied[2][0]
    around = wherever.copy({"theirs": peer.get("nested"), "mine": mine, "again": mine})
    assert around["theirs"] == [1, [2, [3]], {"k": [4]}, ({5}, bytearray(b"x"))]
    assert not wherever.is_remote(around["theirs"][2]["k"])
    assert around["mine"] is around["again"] is not mine


def test_a_container_larger_than_a_message_is_read_whole(peer):
    big, wide = peer.get("big"), peer.get("wide")
    assert list(big) == wherever.copy(big) == list(range(1_000_000))
    assert sum(number for number in big) == 499_999_500_000
    assert wherever.copy(wide) == [[number] for number in range(20_000)]


def test_a_view_of_bytes_cannot_be_written_to(peer):
    view = memoryview(peer.get("data"))
    assert view.readonly and bytes(view) == b"hello"
    view.release()
    with pytest.raises(TypeError):
        memoryview(peer.get("data"))[0] = 1
    assert bytes(peer.get("data")) == b"hello"


def test_containers_of_this_side_work_over_there(peer, messages):
    done, count = messages(peer, lambda: peer.get("length")([1, 2]))
    assert done[0] == 2 and done[1] == [1, 2] and done[2] == {1: None, 2: None} and done[3] == b"\1\2"
    # The get, the call, and one round trip for each of the four readings of the list.
    assert count > 4 + 8


def test_methods_of_containers_are_sent(peer):
    numbers = peer.get("numbers")
    wherever.send(numbers.extend, [4]).result()
    assert wherever.send(numbers.index, 4).result() == 3
    wherever.oneway(numbers.append, 5)
    assert numbers == [3, 1, 2, 4, 5]


def test_a_class_of_containers_of_the_peer_keeps_its_own_ways(peer):
    counted = peer.get("Counted")(a=1)
    assert counted["a"] == 1
    assert dict(counted) == {"a": 1}
    assert counted.reads >= 1


MIDDLE = '''
import sys, pathlib
import wherever
far = pathlib.Path(__file__).with_name("far.py")
far.write_text({program!r})
inner = wherever.connect_command([sys.executable, str(far)])
numbers, table, knot = inner.get("numbers"), inner.get("table"), inner.get("knot")
'''


def test_containers_are_read_through_a_middle(start, messages):
    far = f"{PROGRAM}\nimport wherever\nwherever.serve_stdio(dict(numbers=numbers, table=table, knot=knot))\n"
    peer = start(MIDDLE.format(program=far))
    numbers, table = peer.get("numbers"), peer.get("table")
    assert messages(peer, lambda: list(numbers)) == ([3, 1, 2], 2)
    assert messages(peer, lambda: dict(table)) == ({"a": 1, "b": 2, "c": 3}, 2)
    copied = wherever.copy(peer.get("knot")())
    assert copied[3] is copied and copied[1] is copied[2]
