"""The operations that are tried: per kind of object, the function that makes one, and what is done to it, as `x`."""

from __future__ import annotations


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines() if line.strip()]


LIST = _lines("""
    x
    type(x) is list
    type(x).__name__
    x.__class__ is list
    isinstance(x, list)
    isinstance(x, (dict, set))
    isinstance(x, MutableSequence)
    isinstance(x, Sequence)
    isinstance(x, Iterable) and isinstance(x, Sized)
    isinstance(x, Hashable)
    issubclass(type(x), list)
    issubclass(type(x), MutableSequence)
    len(x)
    bool(x)
    repr(x)
    str(x)
    f"{x}"
    f"{x!r:>20}"
    format(x)
    format(x, ">9")
    "%s" % x
    "{0[1]}".format(x)
    hash(x)
    {x}
    dir(x) == dir([])
    x.__doc__ == list.__doc__
    callable(x.append)
    x.append.__name__
    x.nothing
    hasattr(x, "append")
    x.name = 1
    del x.name
    vars(x)
    x.__dict__
    x[0]
    x[-1]
    x[9]
    x["a"]
    x[1.5]
    x[1:3]
    x[::-1]
    x[::2]
    x[Index()]
    x[slice(0, 2)]
    x[0] = 9
    x[9] = 9
    x[-1] = [1]
    x[1:2] = [7, 8]
    x[1:2] = (n for n in (7, 8))
    x[::2] = "ab"
    x[::2] = [1]
    x[1:1] = x
    x[:] = {}
    x[0:1] = 5
    del x[0]
    del x[1:]
    del x[::2]
    del x[9]
    1 in x
    9 in x
    "a" not in x
    [1] in x
    Equal() in x
    x == [3, 1, 2, 1]
    [3, 1, 2, 1] == x
    x == x
    x != [1]
    x == (3, 1, 2, 1)
    x == None
    x == Equal()
    x == Sub()
    Sub() == x
    x < [4]
    x <= [3, 1, 2, 1]
    x > [4]
    [4] >= x
    [1] < x
    x < 5
    ["a"] < x
    x < ["a"]
    x is x
    x + [4]
    [4] + x
    x + x
    x + (4,)
    (4,) + x
    x + 5
    x + Joins()
    x + Sub([9])
    Sub([9]) + x
    x + collections.deque([1])
    y = [9]; y += x; y
    y = [9]; z = y; y += x; y is z
    y = [9]; z = operator.iadd(y, x); z is y
    x += [4]
    x += (4, 5)
    x += "ab"
    x += x
    x += (n for n in range(3))
    x += 5
    y = x; y += [4]; y is x
    x += failing()
    x * 2
    2 * x
    x * -1
    x * "a"
    x * 1.5
    x * Index()
    x * Joins()
    x *= 2
    x *= Index()
    y = [1]; y *= x
    -x
    x - [1]
    x | [1]
    x.append(5)
    x.append([5])
    x.append(x)
    x.append()
    x.append(1, 2)
    x.extend([5, 6])
    x.extend((5, 6))
    x.extend({5: 6})
    x.extend(range(3))
    x.extend("ab")
    x.extend(x)
    x.extend(n * 2 for n in range(3))
    x.extend({5}.union())
    x.extend({5: 6}.items())
    x.extend(collections.deque([1]))
    x.extend(5)
    extended(x, failing())
    inner = [5]; x.extend([inner]); x[-1] is inner
    inner = [5]; x.append(inner); x[-1] is inner
    inner = [5]; x += [inner]; x[-1] is inner
    y = x + [[1]]; y[-1].append(2); y
    x.insert(1, 9)
    x.insert(-1, 9)
    x.insert(99, 9)
    x.insert("a", 9)
    x.pop()
    x.pop(0)
    x.pop(9)
    x.pop("a")
    x.remove(1)
    x.remove(9)
    x.remove([1])
    x.remove(Equal())
    x.clear()
    x.index(1)
    x.index(1, 2)
    x.index(1, 0, 1)
    x.index(9)
    x.index(Equal())
    x.count(1)
    x.count([1])
    x.count(Equal())
    x.reverse()
    x.sort()
    x.sort(reverse=True)
    x.sort(key=lambda v: -v)
    x.sort(key=str)
    x.sort(1)
    x.copy()
    x.copy() is x
    x.__len__()
    x.__getitem__(0)
    x.__contains__(1)
    x.__iter__()
    x.__init__([1])
    x.__sizeof__() > 0
    type(x)([1])
    type(x)()
    list(x)
    tuple(x)
    set(x)
    frozenset(x)
    dict.fromkeys(x)
    dict(enumerate(x))
    bytes(x)
    bytearray(x)
    sorted(x)
    sorted(x, reverse=True)
    reversed(x)
    iter(x)
    next(iter(x))
    min(x)
    max(x, key=lambda v: -v)
    sum(x)
    sum([x, x], [])
    any(x)
    all(x)
    enumerate(x)
    list(zip(x, x))
    list(map(str, x))
    list(filter(None, x))
    [v for v in x]
    {v: 1 for v in x}
    [*x, *x]
    (*x,)
    {*x}
    given(*x)
    given(1, *x, a=2)
    a, b, c, d = x; (a, b, c, d)
    a, *b = x; (a, b)
    a, b = x
    for v in x: x.append(v) if len(x) < 6 else None
    [x.pop() for v in x]
    match_sequence(x)
    match_list(x)
    match_exact(x)
    match_mapping(x)
    ",".join(x)
    "%s %s %s %s" % tuple(x)
    copy.copy(x)
    copy.deepcopy(x)
    wherever.copy(x)
    pickle.dumps(x)
    pickle.loads(pickle.dumps(wherever.copy(x)))
    marshal.dumps(x)
    json.dumps(x)
    json.dumps(x, default=wherever.copy)
    json.dumps({"k": x}, default=wherever.copy)
    json.dumps(x, indent=1)
    pprint.pformat(x)
    operator.itemgetter(1)(x)
    operator.length_hint(x)
    operator.indexOf(x, 1)
    operator.countOf(x, 1)
    operator.concat(x, [1])
    functools.reduce(operator.add, x)
    itertools.chain(x, x)
    list(itertools.islice(x, 2))
    list(itertools.product(x, repeat=1))
    collections.Counter(x)
    collections.deque(x)
    collections.UserList(x)
    array.array("i", x)
    struct.pack("4i", *x)
    math.prod(x)
    statistics.mean(x)
    bisect.bisect([1, 2], x[0])
    bisect.bisect_left(x, 2)
    bisect.insort(x, 2)
    heapq.heapify(x)
    heapq.nlargest(2, x)
    heapq.heappush(x, 0)
    list.append(x, 1)
    list.__len__(x)
    type(x).append(x, 1)
    random.Random(1).choice(x)
    random.Random(1).shuffle(x)
    random.Random(1).sample(x, 2)
    eval("v[0]", {"v": x})
    str.join(",", map(str, x))
    print(*x, file=io.StringIO())
    x.__reduce_ex__(4)
    x.__class__ = dict
    int(x)
    float(x)
    range(*x[:2])
    slice(*x[:3])
    [].extend(x)
    y = []; y.extend(x); y
    y = [0, 0]; y[1:] = x; y
    y = [x]; y == [[3, 1, 2, 1]]
    y = {1: x}; y == {1: [3, 1, 2, 1]}
    (x,) == ([3, 1, 2, 1],)
    y = []; y.append(x); x in y
    list(x.__reversed__())
""")

NESTED = _lines("""
    x
    x[1]
    x[1] is x[1]
    x[1][1][0]
    x[1][1].append(9)
    x == [1, [2, [3]], {"k": [4]}, ({5},)]
    x[1] == [2, [3]]
    x[2]["k"].append(5)
    [2, [3]] in x
    x.index([2, [3]])
    x.count({"k": [4]})
    x.remove([2, [3]])
    x + [[1]]
    list(x)
    list(x)[1] == [2, [3]]
    copy.copy(x)[1] is x[1]
    copy.deepcopy(x)[1] is x[1]
    copy.deepcopy(x)
    wherever.copy(x)
    wherever.copy(x)[2]
    y = wherever.copy(x); y[1].append(1); (len(y[1]), len(x[1]))
    wherever.copy({"k": x})
    wherever.copy((x,))
    sorted(x[1][1])
    repr(x)
    json.dumps(x[:3], default=wherever.copy)
    json.dumps(x[:3])
    x[1:] = [x[1], x[1]]; x[1] is x[2]
    x.append(x); wherever.copy(x)[-1] is x
    x.append(x); y = wherever.copy(x); y[-1] is y
    x.extend([x[1]]); y = wherever.copy(x); y[-1] is y[1]
    x.append([x]); repr(x)
    del x[1][0]
    a, (b, c), *d = x; (a, b, c)
    x[3][0].add(6)
    x[3] is x[3]
    x[3] == ({5},)
    hash(x[3])
    pprint.pformat(x)
    functools.reduce(lambda a, b: b, x)
    x.sort()
    max(x[:2])
""")

DICT = _lines("""
    x
    type(x) is dict
    isinstance(x, dict)
    isinstance(x, MutableMapping)
    isinstance(x, Mapping)
    isinstance(x, list)
    issubclass(type(x), dict)
    issubclass(type(x), Mapping)
    len(x)
    bool(x)
    repr(x)
    str(x)
    format(x, "9")
    hash(x)
    dir(x) == dir({})
    x.nothing
    x.name = 1
    x["a"]
    x["z"]
    x[[1]]
    x[1.0]
    x["a"] = 5
    x["z"] = [5]
    x[[1]] = 2
    inner = [5]; x["z"] = inner; x["z"] is inner
    del x["a"]
    del x["z"]
    "a" in x
    1 in x
    [1] in x
    x.get("a")
    x.get("z")
    x.get("z", 5)
    y = object(); x.get("z", y) is y
    x.get([1])
    x.get()
    x.setdefault("a", 5)
    x.setdefault("z", [])
    x.setdefault("z", []).append(1)
    x.pop("a")
    x.pop("z")
    x.pop("z", None)
    x.pop()
    x.popitem()
    x.clear()
    x.update({"a": 9})
    x.update({"z": 9}, y=8)
    x.update([("z", 9)])
    x.update([["z", 9]])
    x.update(["zy"])
    x.update([(1, 2, 3)])
    x.update(z=1)
    x.update(x)
    x.update(1)
    x.update(1, 2)
    x.update((k, 1) for k in "pq")
    x.update(zip("pq", (1, 2)))
    x.update(collections.OrderedDict(z=1))
    x.update({"p": 1}.items())
    x.keys()
    x.values()
    x.items()
    len(x.keys())
    repr(x.keys())
    repr(x.items())
    repr(x.values())
    list(x.keys())
    list(x.values())
    list(x.items())
    sorted(x.items(), key=str)
    "a" in x.keys()
    1 in x.values()
    ("a", 1) in x.items()
    isinstance(x.keys(), Set)
    type(x.keys()).__name__
    x.keys() & {"a"}
    {"a"} & x.keys()
    x.keys() | {"z"}
    x.keys() - {"a"}
    {"a", "z"} - x.keys()
    x.keys() ^ ["a"]
    x.keys() == {"a", "b", "c"}
    {"a", "b", "c"} == x.keys()
    x.keys() >= {"a"}
    {"a"} < x.keys()
    x.keys().isdisjoint("xyz")
    x.keys() == {"a": 1, "b": 1, "c": 1}.keys()
    {"a": 1, "b": 1, "c": 1}.keys() == x.keys()
    {"a": 1}.keys() & x.keys()
    x.items() == {"a": 1, "b": [2], "c": 3}.items()
    x.values() == x.values()
    hash(x.keys())
    x.keys().mapping["a"]
    reversed(x.keys())
    reversed(x.values())
    reversed(x.items())
    y = x.keys(); x["z"] = 1; list(y)
    next(iter(x.values()))
    x == {"a": 1, "b": [2], "c": 3}
    {"a": 1, "b": [2], "c": 3} == x
    x == {"c": 3, "b": [2], "a": 1}
    x != {"a": 1}
    x == collections.OrderedDict(a=1, b=[2], c=3)
    collections.OrderedDict(a=1, b=[2], c=3) == x
    x == 5
    x < {}
    x | {"z": 1}
    {"z": 1} | x
    {"a": 9} | x
    x | x
    x | [("a", 1)]
    x | collections.OrderedDict(z=1)
    collections.OrderedDict(z=1) | x
    x |= {"z": 1}
    x |= [("z", 1)]
    x |= x
    x |= 5
    y = {"z": 1}; z = y; y |= x; y is z
    y = {"z": 1}; y |= x; y
    x + {}
    x.copy()
    x.fromkeys("ab", 1)
    list(x)
    tuple(x)
    set(x)
    sorted(x)
    reversed(x)
    iter(x)
    min(x)
    max(x, key=x.get)
    [k for k in x]
    {k: v for k, v in x.items()}
    [x[k] for k in x]
    [x[k] for k in x.keys()]
    for k in x: x["z"] = 1
    for k in x: x[k] = 0
    dict(x)
    dict(x, z=1)
    {**x}
    {"a": 0, **x, "c": 0}
    given(**x)
    given(*x)
    given(1, **x, z=2)
    given(a=0, **x)
    dict(**x)
    y = {}; y.update(x); y
    a, b, c = x; (a, b, c)
    a, *b = x.values(); (a, b)
    match_mapping(x)
    match_exact(x)
    match_sequence(x)
    match_list(x)
    "{a} {c}".format(**x)
    "{a} {c}".format_map(x)
    "%(a)s %(c)s" % x
    copy.copy(x)
    copy.deepcopy(x)
    wherever.copy(x)
    pickle.dumps(x)
    marshal.dumps(x)
    json.dumps(x)
    json.dumps(x, default=wherever.copy)
    json.dumps(x, indent=1, default=wherever.copy)
    pprint.pformat(x)
    operator.itemgetter("a", "c")(x)
    operator.length_hint(x)
    collections.OrderedDict(x)
    collections.Counter({"a": 1}) + collections.Counter(wherever.copy(x)["a"] * "a")
    collections.ChainMap(x, {"z": 1})["a"]
    collections.ChainMap({}, x)["c"]
    collections.UserDict(x)
    collections.defaultdict(int, x)
    str.maketrans(x)
    str.maketrans(dict(x))
    type("n", (), x)
    type("n", (), dict(x)).a
    eval("a", x)
    eval("a", {}, x)
    exec("z = 1", {}, x)
    functools.partial(given, **x)()
    type(x)(a=1)
    type(x).get(x, "a")
    dict.get(x, "a")
    x.__class__ is dict
    x.__getitem__("a")
    x.__contains__("a")
    x.__init__(z=1)
    vars(x)
    x.__reduce_ex__(4)
    contextlib.ExitStack().enter_context(x)
    isinstance(x.items(), collections.abc.ItemsView)
""")

SET = _lines("""
    x
    type(x) is set
    isinstance(x, set)
    isinstance(x, MutableSet)
    isinstance(x, Set)
    isinstance(x, frozenset)
    issubclass(type(x), set)
    len(x)
    bool(x)
    repr(x)
    hash(x)
    x[0]
    reversed(x)
    dir(x) == dir(set())
    1 in x
    9 in x
    [1] in x
    {1} in x
    Equal() in x
    x.add(4)
    x.add(1)
    x.add([1])
    x.add((1, 2))
    x.discard(1)
    x.discard(9)
    x.discard([1])
    x.discard({1})
    x.remove(1)
    x.remove(9)
    x.remove({9})
    x.pop() in (1, 2, 3)
    x.clear()
    x.update({4}, [5], (6,))
    x.update("ab")
    x.update(x)
    x.update(n for n in (7, 8))
    x.update([1, [2]])
    x.update([9], 5)
    x.update()
    x.intersection_update({1, 2}, [2, 3])
    x.intersection_update(n for n in (2, 9))
    x.intersection_update(5)
    x.difference_update([1], {2})
    x.difference_update(x)
    x.symmetric_difference_update([1, 9])
    x.symmetric_difference_update({1: 1})
    x.union({4}, [5])
    x.union(n for n in (7,))
    x.union(5)
    x.intersection([1, 9])
    x.difference([1])
    x.symmetric_difference([1, 9])
    x.issubset([1, 2, 3, 4])
    x.issubset({1})
    x.issuperset([1])
    x.isdisjoint([9])
    x.isdisjoint({1: 2})
    x.copy()
    x | {4}
    x & {1}
    x - {1}
    x ^ {1, 9}
    {4} | x
    {1} & x
    {1, 9} - x
    {1, 9} ^ x
    x | frozenset((4,))
    frozenset((4,)) | x
    type(frozenset((4,)) | x).__name__
    x | [4]
    x | x
    x & {1: 2}.keys()
    {1: 2}.keys() & x
    {1: 2, 9: 9}.keys() - x
    x - {1: 2}.keys()
    x |= {4}
    x &= {1}
    x -= {1}
    x ^= {1, 9}
    x |= frozenset((4,))
    x |= x
    x |= [4]
    x |= {9: 1}.keys()
    y = x; y |= {4}; y is x
    y = {9}; z = y; y |= x; y is z
    y = {9, 1}; y |= x; y
    y = {9, 1}; y &= x; y
    y = {9, 1}; y -= x; y
    y = {9, 1}; y ^= x; y
    y = {9}; z = operator.ior(y, x); z is y
    y = frozenset((9,)); y |= x; y
    x == {1, 2, 3}
    {1, 2, 3} == x
    x == frozenset((1, 2, 3))
    frozenset((1, 2, 3)) == x
    x == [1, 2, 3]
    x == {1: 1, 2: 2, 3: 3}.keys()
    {1: 1, 2: 2, 3: 3}.keys() == x
    x != {1}
    x < {1, 2, 3, 4}
    x <= {1, 2, 3}
    x > {1}
    x >= {9}
    {1} < x
    {1, 2, 3} >= x
    x < 5
    x < [1]
    {1}.issubset(x)
    {1, 2, 3, 4}.issuperset(x)
    {1}.union(x)
    {1, 9}.intersection(x)
    {1, 9}.difference(x)
    {9}.isdisjoint(x)
    y = {9}; y.update(x); y
    y = {1, 9}; y.intersection_update(x); y
    set(x)
    frozenset(x)
    list(x)
    sorted(x)
    tuple(sorted(x))
    sum(x)
    min(x)
    max(x)
    {*x}
    {v for v in x}
    a, b, c = x; a + b + c
    given(*x) is not None
    for v in x: x.add(v + 1)
    dict.fromkeys(x)
    frozenset((x,))
    match_list(x)
    match_sequence(x)
    copy.copy(x)
    copy.deepcopy(x)
    wherever.copy(x)
    pickle.dumps(x)
    json.dumps(x)
    json.dumps(sorted(x))
    type(x)([1])
    set.add(x, 1)
    type(x).add(x, 9)
    x + {1}
    x.__contains__(1)
    x.__init__([1])
    operator.contains(x, 1)
    math.prod(x)
    itertools.chain(x)
""")

BYTES = _lines("""
    x
    type(x) is bytearray
    isinstance(x, bytearray)
    isinstance(x, (bytes, bytearray))
    isinstance(x, MutableSequence)
    issubclass(type(x), bytearray)
    len(x)
    bool(x)
    repr(x)
    str(x)
    str(x, "ascii")
    hash(x)
    dir(x) == dir(bytearray())
    x[0]
    x[-1]
    x[99]
    x["a"]
    x[1:3]
    x[::-1]
    x[0] = 72
    x[0] = 300
    x[0] = b"a"
    x[99] = 1
    x[0:5] = b"HELLO!"
    x[0:5] = bytearray(b"x")
    x[0:5] = [1, 2]
    x[0:5] = "ab"
    x[::2] = b"a"
    x[1:1] = x
    x[0:2] = memoryview(b"ab")
    del x[0]
    del x[1:3]
    104 in x
    b"wor" in x
    bytearray(b"wor") in x
    memoryview(b"wor") in x
    "wor" in x
    300 in x
    x in b"say hello world"
    x == b"hello world"
    b"hello world" == x
    x == bytearray(b"hello world")
    bytearray(b"hello world") == x
    x == memoryview(b"hello world")
    memoryview(b"hello world") == x
    x == array.array("B", b"hello world")
    x == "hello world"
    x == [104]
    x != b"a"
    x < b"i"
    x < bytearray(b"i")
    b"a" < x
    x >= x
    x < "a"
    x + b"!"
    x + bytearray(b"!")
    x + memoryview(b"!")
    x + x
    x + "a"
    x + [1]
    b"say " + x
    bytearray(b"say ") + x
    type(b"say " + x).__name__
    "a" + x
    x += b"!"
    x += x
    x += memoryview(b"!")
    x += [1]
    x += "a"
    y = x; y += b"!"; y is x
    y = bytearray(b"a"); z = y; y += x; y is z
    y = b"a"; y += x; y
    x * 2
    2 * x
    x *= 2
    x * "a"
    x % ()
    bytearray(b"%s %d") % (b"a", 1)
    b"%s" % x
    x.append(33)
    x.append(300)
    x.append("a")
    x.extend(b"!!")
    x.extend([33, 33])
    x.extend(n for n in (33, 34))
    x.extend(x)
    x.extend([300])
    x.extend("a")
    x.extend(5)
    x.insert(0, 33)
    x.pop()
    x.pop(0)
    x.pop(99)
    x.remove(104)
    x.remove(0)
    x.clear()
    x.reverse()
    x.copy()
    x.find(b"o")
    x.find(b"o", 5)
    x.find(111)
    x.find(memoryview(b"o"))
    x.find("o")
    x.rfind(b"o")
    x.index(b"o")
    x.index(b"z")
    x.rindex(b"o")
    x.count(b"l")
    x.count(108)
    x.startswith(b"he")
    x.startswith((b"x", b"he"))
    x.startswith("he")
    x.endswith(b"ld")
    x.replace(b"l", b"L")
    x.replace(b"l", b"L", 1)
    x.split()
    x.split(b"o")
    x.split(maxsplit=1)
    x.rsplit(b"o", 1)
    x.splitlines()
    x.partition(b" ")
    x.rpartition(b"o")
    x.strip(b"hd")
    x.lstrip(b"h")
    x.rstrip(b"d")
    x.upper()
    x.lower()
    x.title()
    x.capitalize()
    x.swapcase()
    x.center(20, b"*")
    x.ljust(20)
    x.rjust(20)
    x.zfill(20)
    x.expandtabs()
    x.isalpha()
    x.isdigit()
    x.isascii()
    x.islower()
    x.istitle()
    x.isspace()
    x.isalnum()
    x.isupper()
    x.join([b"a", b"b"])
    x.join((b"a", bytearray(b"b")))
    x.join(part for part in (b"a", b"b"))
    x.join(["a"])
    x.hex()
    x.hex(" ", 2)
    x.decode()
    x.decode("ascii", "strict")
    x.translate(None, b"l")
    x.translate(bytes(range(256)))
    x.removeprefix(b"he")
    x.removesuffix(b"ld")
    x.fromhex("6162")
    x.maketrans(b"a", b"b")
    bytes(x)
    bytearray(x)
    memoryview(x)
    memoryview(x)[0] = 1
    memoryview(x).readonly
    len(memoryview(x))
    list(x)
    tuple(x)
    set(x)
    sorted(x)
    reversed(x)
    iter(x)
    sum(x)
    min(x)
    [v for v in x]
    a, *b = x; (a, b)
    given(*x)
    match_sequence(x)
    match_list(x)
    b"-".join([x, x])
    bytearray(b"-").join([x])
    b"say hello world".find(x)
    b"hello world!".startswith(x)
    b"hello world!".replace(x, b"bye")
    hashlib.md5(x).hexdigest()
    zlib.crc32(x)
    struct.unpack_from("2B", x)
    struct.pack_into("B", x, 0, 1)
    int.from_bytes(x, "big")
    int(x[:0] + b"12")
    float(x[:0] + b"1.5")
    io.BytesIO(x).read()
    io.BytesIO(b"abc").readinto(x)
    io.BytesIO().write(x)
    array.array("B", x)
    copy.copy(x)
    copy.deepcopy(x)
    wherever.copy(x)
    pickle.dumps(x)
    marshal.dumps(x)
    json.dumps(x)
    type(x)(b"a")
    bytearray.append(x, 1)
    type(x).append(x, 33)
    bytes.join(b"", [x])
    str(b"", "ascii") + x.decode()
    compile(x, "f", "eval") is not None
    eval(x[:0] + b"1 + 1")
    x.__init__(b"a")
    x.__alloc__() > 0
""")

POINT = _lines("""
    x
    type(x) is own.Point
    type(x).__name__
    type(x).__mro__[1].__name__
    isinstance(x, own.Point)
    isinstance(x, own.Base)
    isinstance(x, own.Plain)
    issubclass(type(x), own.Base)
    issubclass(own.Point, own.Point)
    isinstance(x, Iterable) and isinstance(x, Sized) and isinstance(x, Callable)
    isinstance(x, Hashable)
    isinstance(x, Sequence)
    x.__class__ is type(x)
    x.__class__.__name__
    x.__doc__
    type(x).__doc__
    x.__module__ == type(x).__module__
    x.x
    x.kind
    x.count
    x.nothing
    x.x = 9
    x.fresh = 9
    x.fresh = [9]; x.fresh
    y = [9]; x.fresh = y; x.fresh is y
    del x.x
    del x.nothing
    getattr(x, "x")
    getattr(x, "nothing", 5)
    setattr(x, "x", 7)
    hasattr(x, "x"), hasattr(x, "nothing")
    x.log.append(1)
    x.log is x.log
    vars(x)
    x.__dict__["x"]
    x.__dict__["x"] = 8
    x.__dict__ = {"x": 5, "y": 6, "log": []}
    sorted(n for n in dir(x) if not n.startswith("_"))
    x.sum
    x.sum = 10
    del x.sum
    x.move(1)
    x.move(1, 2, 3, scale=2, z=1)
    x.move(dx=1)
    x.move()
    x.move(1, nothing=2)
    x.move(*[1, 2])
    x.move(**{"dx": 1})
    y = x.move; y(5)
    x.move is x.move
    x.move == x.move
    hash(x.move) == hash(x.move)
    x.move.__name__
    x.move.__doc__
    x.move.__self__ is x
    x.move.__func__.__name__
    x.move.__qualname__
    callable(x.move)
    str(inspect.signature(x.move))
    str(inspect.signature(type(x).move))
    str(inspect.signature(type(x)))
    inspect.ismethod(x.move)
    inspect.getdoc(x)
    inspect.getdoc(x.move)
    inspect.isclass(type(x))
    x.who()
    x.origin()
    type(x).origin()
    x.twice(4)
    type(x).twice(4)
    type(x).count
    type(x).move(x, 1)
    type(x)(1)
    type(x)(1, y=5)
    type(x)()
    type(x).count = 5; x.count
    type(x).extra = 5; x.extra
    type(x).nothing
    x.chain() is x
    x.chain().chain().x
    x.fail()
    with x as y: y is x
    with x: raise ValueError("hidden")
    with x: raise KeyError("seen")
    repr(x)
    str(x)
    format(x, "03d")
    f"{x:>3}"
    hash(x) == hash((3, 4))
    {x: 1}[x]
    x in {x}
    bool(x)
    not x
    len(x)
    list(x)
    tuple(reversed(x))
    a, b = x; (a, b)
    3 in x, 9 in x
    x[0], x[-1]
    x[5]
    x[0:1]
    x[0] = 5
    x[5] = 5
    del x[1]
    x()
    x(1, a=2)
    x == type(x)(3, 4)
    x == type(x)(3, 5)
    x != type(x)(3, 4)
    x == 5
    x == x
    x < type(x)(9)
    type(x)(9) > x
    x < 5
    x <= x
    sorted([type(x)(2), type(x)(1)])
    max(type(x)(2), type(x)(1))
    x + 1
    1 + x
    x + "a"
    "a" + x
    x += 5
    y = x; y += 5; y is x
    x - type(x)(1, 1)
    x - 1
    x @ (2, 3)
    x @ [2, 3]
    divmod(x, 2)
    x ** 2
    x * 2
    x / 2
    -x
    +x
    abs(x)
    ~x
    int(x)
    float(x)
    complex(x)
    round(x)
    round(x, 2)
    [0, 1, 2, 3][x]
    range(x)
    hex(x)
    operator.index(x)
    list(x.steps(3))
    next(x.steps(3))
    y = x.steps(3); next(y); x.log
    y = x.steps(3); next(y); next(y); y.close(); x.log
    sum(x)
    min(x)
    match_point(x, own.Point)
    match_sequence(x)
    copy.copy(x)
    copy.deepcopy(x)
    wherever.copy(x)
    pickle.dumps(x)
    json.dumps(x)
    json.dumps(x, default=str)
    pprint.pformat(x)
    operator.attrgetter("x")(x)
    operator.methodcaller("move", 1)(x)
    functools.partial(x.move, 1)()
    list(map(x.move, [1, 2]))
    on(setattr, x, "x", [1]).x
    object.__getattribute__(x, "x")
    object.__repr__(x).startswith("<")
    super(own.Point, x).who()
    x.__init__(7)
    x.__eq__(x)
    x.__add__(1)
    x.__len__()
    x.__sizeof__() > 0
    x.__class__ = own.Plain
    x.__reduce_ex__(2)
    isinstance(x, type(x).__mro__[-1])
    id(x) == id(x)
    traceback.format_exc()
    contextlib.ExitStack().enter_context(x) is x
""")

PLAIN = _lines("""
    x
    x.value
    x.value += 1
    x.value -= 1; x.value
    x == x
    x == 1
    x != x
    hash(x) == hash(x)
    {x: 1}[x]
    bool(x)
    len(x)
    iter(x)
    x[0]
    x[0] = 1
    x()
    x + 1
    1 + x
    x += 1
    x < x
    -x
    int(x)
    with x: pass
    1 in x
    repr(x).startswith("<")
    str(x) == repr(x)
    format(x) == str(x)
    format(x, "x")
    for i in x: pass
    x.__dict__
    vars(x)
    x.__doc__
    x.method()
    x.value()
    x.call = len; x.call([1, 2])
    x.call = lambda v: v + 1; x.call(2)
    x.me = x; x.me is x
    x.cls = type(x); x.cls is type(x)
    isinstance(x, type(x))
    next(x)
    reversed(x)
    x.__class__.__name__
    copy.copy(x).value
    copy.deepcopy(x).value
    pickle.dumps(x) is not None
    type(x).value
    type(x).other = 3; x.other
    type(x).method = lambda self: self.value; x.method()
    del type(x).nothing
    dir(x) == sorted(dir(x))
    "value" in dir(x)
    x.value.bit_length()
    x.__init_subclass__()
    getattr(x, "value")
    setattr(x, "value", None)
    delattr(x, "value")
""")

SLOTTED = _lines("""
    x
    x.a
    x.b
    x.b = 2; x.b
    x.c = 3
    del x.a
    hasattr(x, "b")
    vars(x)
    x.__slots__
    type(x).a is not None
    dir(x) == sorted(dir(x))
    x.nothing
""")

STACK = _lines("""
    x
    type(x).__name__
    type(x) is own.Stack
    isinstance(x, own.Stack)
    isinstance(x, list)
    issubclass(type(x), list)
    x.__class__ is type(x)
    x.top()
    x.append(3)
    x.extend([3]); x.top()
    x[0]
    x[0:1]
    len(x)
    list(x)
    x == [1, 2]
    [1, 2] == x
    x + [3]
    [0] + x
    x += [3]
    x.tag = 5; x.tag
    1 in x
    repr(x)
    sorted(x)
    x.copy()
    match_sequence(x)
    type(x)([5]).top()
    json.dumps(x, default=wherever.copy)
    wherever.copy(x) == [1, 2]
    hash(x)
    bool(x)
    x.__dict__
    for v in x: v
""")

CLASS = _lines("""
    type(x) is type
    isinstance(x, type)
    inspect.isclass(x)
    x.__name__
    x.__qualname__
    x.__doc__
    x.__module__ == x.__module__
    [base.__name__ for base in x.__mro__]
    [base.__name__ for base in x.__bases__]
    x is x
    x == x
    hash(x) == hash(x)
    {x: 1}[x]
    repr(x).startswith("<class")
    issubclass(x, x.__bases__[0])
    issubclass(x, int)
    x(1)
    x(1, 2)
    x()
    x(1, 2, 3)
    x.origin().x
    x.twice(3)
    x.count
    x.count = 7
    x.count = 7; x(1).count
    del x.nothing
    x.nothing
    x.fresh = 5; x.fresh
    x.fresh = lambda self: self.x; x(6).fresh()
    x.move.__name__
    x.sum.__doc__
    hasattr(x, "move")
    sorted(n for n in dir(x) if not n.startswith("_"))[:3]
    "move" in vars(x)
    callable(x)
    str(inspect.signature(x))
    isinstance(x(1), x)
    type(x(1)) is x
    x.__call__(1)
    class Sub(x): pass; isinstance(Sub, type)
    type("Sub", (x,), {})(3).x
    type("Sub", (x,), {"who": lambda self: "sub"})(3).who()
    type("Sub", (x,), {})(3).move(1)
    isinstance(type("Sub", (x,), {})(3), x)
    bool(x)
    x[int]
    x | None
    len(x)
    iter(x)
    copy.copy(x) is x
    copy.deepcopy(x) is x
    pickle.dumps(x)
    x.__subclasses__()
    x.mro()[0] is x
    list(map(x, [1, 2]))
    [x][0] is x
    x.__init__.__name__
    x.__dict__["count"]
    x.__match_args__
""")

META = _lines("""
    x.__name__
    len(x)
    1 in x
    list(x)
    type(x).__name__
    isinstance(x, type)
    x()
    bool(x)
    reversed(x)
    x[0]
""")

FUNCTION = _lines("""
    x(1)
    x(1, 2, 3, c=4, d=5)
    x()
    x(1, c=2)
    x(a=1)
    x(*[1, 2, 3])
    x(**{"a": 1})
    callable(x)
    x.__name__
    x.__doc__
    x.__qualname__
    x.__module__ == x.__module__
    x.__defaults__
    x.__kwdefaults__
    x.__code__.co_varnames[:2]
    x.__annotations__
    str(inspect.signature(x))
    inspect.isfunction(x)
    inspect.getdoc(x)
    type(x).__name__
    isinstance(x, type(lambda: 0))
    isinstance(x, Callable)
    x.note = 5; x.note
    x.nothing
    x == x
    hash(x) == hash(x)
    {x: 1}[x]
    repr(x).startswith("<")
    bool(x)
    x.__get__(5)()
    functools.partial(x, 1)(2)
    functools.wraps(x)(lambda: 0).__name__
    list(map(x, [1, 2]))
    x.__call__(1)
    x + 1
    len(x)
    x[0]
    copy.copy(x) is x
    copy.deepcopy(x) is x
    pickle.dumps(x)
    type("C", (), {"f": x})().f()
    x.__globals__["__name__"]
    x.__closure__
    dis.dis(x, file=io.StringIO())
""")

LAMBDA = _lines("""
    x(5)
    x([5])
    y = [5]; x(y) is y
    y = object(); x(y) is y
    x(x) is x
    x.__name__
    sorted([2, 1], key=x)
    max([1, 2], key=x)
    list(filter(x, [0, 1]))
    functools.reduce(lambda a, b: a + b, map(x, [1, 2]))
    str(inspect.signature(x))
    x(int) is int
    x(KeyError) is KeyError
    x(...) is ...
    x(NotImplemented) is NotImplemented
    x(1 << 99)
    x(-0.0)
    x(1j)
    x("\\ud800")
    x(range(3))
    x(slice(1, None))
    x(frozenset((1,)))
    x((1, (2, [3])))
    x(True) is True
    x(b"")
    x(lambda: 5)()
    x(len)([1])
    x([].append) is not None
    x(iter([1, 2]))
    x(v for v in [1, 2])
    x({}.keys())
    x(memoryview(b"a"))
""")

METHOD = _lines("""
    x(1)
    x(1, scale=2)
    x()
    x.__name__
    x.__self__.x
    x.__func__.__name__
    callable(x)
    str(inspect.signature(x))
    inspect.ismethod(x)
    x == x
    hash(x) == hash(x)
    repr(x).startswith("<bound method")
    type(x).__name__
    isinstance(x, type([].append.__call__))
    list(map(x, [1, 2]))
    x.__doc__
""")

PARTIAL = _lines("""
    x()
    x(9)
    x.args
    x.keywords
    x.func.__name__
    callable(x)
    type(x).__name__
    isinstance(x, functools.partial)
    functools.partial(x, 7)()
""")

BUILTIN = _lines("""
    x([1, 2])
    x("abc")
    x(5)
    x.__name__
    x.__doc__
    callable(x)
    x is len
    list(map(x, ["a", "bc"]))
    sorted(["bc", "a"], key=x)
    str(inspect.signature(x))
""")

CLOSURE = _lines("""
    x(1); x(2)
    x([1])
    x.__closure__ is not None
    x.__name__
""")

GENERATOR = _lines("""
    next(x)
    next(x); next(x)
    list(x)
    for v in x: v
    [v for v in x]
    tuple(x)
    sum(x)
    next(x); x.send(5)
    x.send(5)
    next(x); x.throw(ValueError("t"))
    next(x); x.throw(KeyError("t"))
    x.close()
    x.close(); next(x)
    next(x); x.close(); list(x)
    list(x); next(x)
    list(x); next(x, "none")
    iter(x) is x
    isinstance(x, Iterator)
    isinstance(x, Generator)
    inspect.isgenerator(x)
    type(x).__name__
    1 in x
    1 in x; list(x)
    a, b, c = x; (a, b, c)
    a, *b = x; (a, b)
    len(x)
    x[0]
    bool(x)
    list(zip(x, "ab"))
    list(itertools.islice(x, 2))
    enumerate(x)
    x == x
    hash(x) == hash(x)
    copy.copy(x)
    pickle.dumps(x)
    repr(x).startswith("<")
    x.gi_frame is None
    x.gi_running
    (lambda: (yield from x))()
    list((lambda: (yield from x))())
    wherever.buffered(x, 2)
    next(wherever.buffered(x, 2))
    x.__next__()
    reversed(x)
    x.nothing
""")

ITERATOR = _lines("""
    next(x)
    list(x)
    iter(x) is x
    isinstance(x, Iterator)
    type(x).__name__
    operator.length_hint(x)
    next(x); list(x)
    2 in x
    2 in x; list(x)
    copy.copy(x)
    pickle.dumps(x)
    x.__length_hint__()
""")

ERROR = _lines("""
    x
    type(x).__name__
    isinstance(x, ValueError)
    isinstance(x, own.Trouble)
    x.args
    x.code
    str(x)
    repr(x)
    x.__cause__
    x.__context__
    x.__suppress_context__
    x.__traceback__ is not None
    x.with_traceback(None) is x
    raise x
    x.add_note("n"); x.__notes__
    x.code = 9; x.code
    x == x
    hash(x) == hash(x)
    traceback.format_exception_only(type(x), x)[-1].split(".")[-1]
    pickle.dumps(x)
    copy.copy(x)
    bool(x)
""")

KEY_ERROR = _lines("""
    x
    str(x)
    x.args
    x.args = (1,); x.args
    raise x
    isinstance(x, LookupError)
    type(x) is KeyError
    x.__cause__
    repr(x)
    x.extra = 1; x.extra
""")

MODULE = _lines("""
    x.__name__
    type(x).__name__
    isinstance(x, type(io))
    inspect.ismodule(x)
    x.OrderedDict(a=1)
    x.namedtuple("P", "a b")(1, 2).b
    x.nothing
    "deque" in dir(x)
    x.deque([1, 2]).popleft()
    x.__doc__ is not None
    repr(x).startswith("<module")
    x.__file__ is not None
    vars(x)["__name__"]
    x.abc is x.abc
    x.mark = 5; x.mark
""")

DEQUE = _lines("""
    x
    len(x)
    x[0]
    x.append(4)
    x.appendleft(0)
    x.popleft()
    x.rotate(1)
    x.extend([4, 5])
    list(x)
    2 in x
    x == collections.deque([1, 2, 3])
    x + collections.deque([4])
    x.maxlen
    reversed(x)
    bool(x)
    repr(x)
    type(x).__name__
    isinstance(x, collections.deque)
    isinstance(x, MutableSequence)
    copy.copy(x)
    x[0] = 9
    del x[0]
    x += [4]
    hash(x)
    for v in x: x.append(v)
""")

COUNTER = _lines("""
    x
    x["a"]
    x["z"]
    x.most_common()
    x.update("ab"); x["b"]
    dict(x)
    x == {"a": 2, "b": 1}
    x + collections.Counter("a")
    collections.Counter("a") + x
    sorted(x.elements())
    isinstance(x, dict)
    isinstance(x, collections.Counter)
    list(x)
    sorted(x.items())
    len(x)
    {**x}
    json.dumps(x, default=wherever.copy)
    x.total() if hasattr(x, "total") else 3
    x.keys() | {"z"}
    "a" in x
    type(x).__name__
""")

GROUPS: dict[str, tuple[str, list[str]]] = {
    "list": ("make_list", LIST),
    "nested list": ("make_nested", NESTED),
    "list of text": ("make_words", _lines("""
        ",".join(x)
        sorted(x)
        "a" in x
        dict.fromkeys(x, 0)
        x == ["b", "a"]
        x.sort(key=str.upper)
        max(x)
        " ".join(sorted(x))
    """)),
    "empty list": ("make_empty", _lines("""
        x
        bool(x)
        x.pop()
        x[0]
        max(x)
        list(x)
        x == []
        x + x
        next(iter(x))
        a, = x
        x.append(1)
        x.extend([])
        not x
        sum(x)
    """)),
    "dict": ("make_dict", DICT),
    "dict of numbers": ("make_numbers", _lines("""
        x
        dict(x)
        {**x}
        given(**x)
        x[1.0]
        x[True]
        x | {5: 6}
        sorted(x)
        sum(x)
        max(x.values())
        sorted(x.values())
        sum(x.values())
        x.update({1: 9})
        json.dumps(x, default=wherever.copy)
    """)),
    "set": ("make_set", SET),
    "bytearray": ("make_bytes", BYTES),
    "object": ("make_point", POINT),
    "plain object": ("make_plain", PLAIN),
    "object with slots": ("make_slotted", SLOTTED),
    "object of a class derived from list": ("make_stack", STACK),
    "class": ("make_class", CLASS),
    "class with a metaclass": ("make_meta", META),
    "function": ("make_function", FUNCTION),
    "function that gives its argument": ("make_lambda", LAMBDA),
    "method": ("make_method", METHOD),
    "partial": ("make_partial", PARTIAL),
    "builtin function": ("make_builtin", BUILTIN),
    "closure": ("make_closure", CLOSURE),
    "generator": ("make_generator", GENERATOR),
    "iterator": ("make_iterator", ITERATOR),
    "exception": ("make_error", ERROR),
    "builtin exception": ("make_key_error", KEY_ERROR),
    "module": ("make_module", MODULE),
    "deque": ("make_deque", DEQUE),
    "Counter": ("make_counter", COUNTER),
}
