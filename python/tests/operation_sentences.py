"""What is to be said of the operations that give something else on a remote object than on a local one."""

from __future__ import annotations

# The sentence, and the operations that it is said of, in whichever group they are.
SENTENCES: list[tuple[str, list[str]]] = [
    ("The type of a remote container is a class of its own, not the builtin one, which CPython would read without "
     "asking: `isinstance(x, list)` is true, `type(x) is list` and `issubclass(type(x), list)` are not. Use "
     "`isinstance`.",
     ["type(x) is list", "type(x) is dict", "type(x) is set", "type(x) is bytearray", "issubclass(type(x), list)",
      "issubclass(type(x), dict)", "issubclass(type(x), set)", "issubclass(type(x), bytearray)"]),
    ("An instance of a class that derives from a builtin container names that container as its `__class__`, so "
     "that `isinstance` holds for both; its own class is `type(x)`.",
     ["x.__class__ is type(x)"]),
    ("`y += x` changes a container of this side in place, as it should, but a function that does the same, such "
     "as `operator.iadd`, cannot be told from one that adds: it makes a new one.",
     ["y = [9]; z = operator.iadd(y, x); z is y", "y = {9}; z = operator.ior(y, x); z is y"]),
    ("Operands are values: what a remote container is combined with by an operator is copied, deeply. A list in "
     "that list is then another one over there; `extend` and `append` keep it.",
     ["inner = [5]; x += [inner]; x[-1] is inner"]),
    ("Iterating is over a snapshot: what is changed meanwhile is not seen, and does not disturb.",
     ["[x.pop() for v in x]", 'for k in x: x["z"] = 1', "for v in x: x.add(v + 1)"]),
    ("A tuple is copied each time it comes; what it holds is what it was.",
     ["x[3] is x[3]"]),
    ("A buffer of a remote byte array is a copy of its bytes, and can be read only.",
     ["memoryview(x).readonly"]),
    ("The error has other words, or another type, than that of a local object.",
     ["x.__class__ = dict", "contextlib.ExitStack().enter_context(x)", "pickle.dumps(x)",
      "pickle.dumps(x) is not None", "copy.copy(x)", "hash(x)", '["a"] < x', "len(x)", "iter(x)"]),
    ("The signature of a method leaves out the parameter that is its instance, also when it is read from the "
     "class.",
     ["str(inspect.signature(type(x).move))"]),
    ("Functions of `inspect` that ask for types of CPython's own do not know what stands for such an object: use "
     "what the object can do.",
     ["isinstance(x, functools.partial)", "isinstance(x, collections.deque)", "isinstance(x, collections.Counter)",
      "isinstance(x, MutableSequence)"]),
    ("A class of the standard library that is written in C does not know what stands for one of its instances, "
     "and calls it unequal.",
     ["x == collections.deque([1, 2, 3])"]),
    ("The names of slots are not told; the slots are attributes.",
     ["x.__slots__"]),
    ("The class of a remote class is one of this package's, and its line of bases ends in classes of this "
     "package; what its metaclass does is not told.",
     ["type(x) is type", "[base.__name__ for base in x.__mro__]"]),
    ("A property that is read from a class is an object over there, and its documentation is its class's.",
     ["x.sum.__doc__"]),
    ("A text for people may be another.",
     ['repr(x).startswith("<bound method")']),
    ("A builtin function that comes from a peer is the peer's.",
     ["x is len"]),
    ("What was buffered and not read is lost to the owner.",
     ["next(wherever.buffered(x, 2))"]),
    ("How much an iterator has left is not told.",
     ["operator.length_hint(x)"]),
]


def sentence_of(text: str) -> str | None:
    """What is said of an operation."""
    return next((sentence for sentence, texts in SENTENCES if text in texts), None)
