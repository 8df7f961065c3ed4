"""What peers are told of a class: its name, bases and members. Nothing of it is run for that."""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any, NamedTuple

from wherever import _wherever

# Codes of the kinds of members, and of categories, as the protocol has them.
METHOD, ATTRIBUTE, CLASS_METHOD, STATIC_METHOD = range(4)
INSTANCE, FUNCTION, CLASS, LIST, DICT, SET, BYTEARRAY, ITERATOR = range(8)

# Lengths, in bytes, that a shape keeps well below the ceiling of the other side, which is 32 KiB.
DOC_MAX = 2_000
SIGNATURE_MAX = 500
SHAPE_MAX = 24_000
MEMBERS_MAX = 1_000

CONTAINERS = {list: LIST, dict: DICT, set: SET, bytearray: BYTEARRAY}

FUNCTIONS = (
    types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.MethodWrapperType,
    types.WrapperDescriptorType, types.MethodDescriptorType, types.ClassMethodDescriptorType, functools.partial,
)

class CoroutineFunction:
    """What is told of functions whose calls are awaited: their own class has all functions in it."""

    __slots__ = ("__dict__",)
    __module__ = "builtins"
    __qualname__ = "coroutine_function"


ITERATORS = tuple(
    type(iter(made))
    for made in ([], (), {}, {}.values(), {}.items(), set(), "", b"", bytearray(), range(0), range(1 << 80),
                 reversed([]))
) + (types.GeneratorType, map, filter, zip, enumerate, reversed)

# Special names that are never told: what the interpreter calls or reads by itself, and what every object has.
UNTOLD = frozenset("""
    __class__ __del__ __delattr__ __dict__ __dir__ __doc__ __getattr__ __getattribute__ __getnewargs__
    __getnewargs_ex__ __getstate__ __init_subclass__ __instancecheck__ __module__ __new__ __prepare__ __reduce__
    __reduce_ex__ __set_name__ __setattr__ __setstate__ __sizeof__ __slots__ __subclasscheck__ __subclasshook__
    __weakref__ __copy__ __deepcopy__ __array__ __array_interface__ __array_struct__ __array_function__
    __array_ufunc__ __array_finalize__ __array_prepare__ __array_wrap__ __array_priority__ __buffer__
    __release_buffer__ __annotations__ __annotate__ __annotate_func__ __annotations_cache__ __static_attributes__
    __firstlineno__ __abstractmethods__ __match_args__ __dataclass_fields__ __dataclass_params__ __orig_bases__
    __parameters__ __type_params__ __qualname__ __mro_entries__ __build_class__ __classcell__
""".split())

# The operation of the core that each special method is, by its code.
OPERATION_OF = {
    "__getitem__": 5, "__setitem__": 6, "__delitem__": 7, "__contains__": 8, "__len__": 9, "__iter__": 10,
    "__next__": 10, "__hash__": 16, "__bool__": 17, "__repr__": 15, "__str__": 15, "__format__": 15, "__call__": 1,
}
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    OPERATION_OF[f"__{_name}__"] = 12
for _name in ("neg", "pos", "abs", "invert", "int", "float", "complex", "index", "round", "trunc", "floor", "ceil"):
    OPERATION_OF[f"__{_name}__"] = 14
for _name in ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow", "lshift", "rshift", "and",
              "or", "xor"):
    for _side in ("", "r", "i"):
        OPERATION_OF[f"__{_side}{_name}__"] = 13

MARK = "__wherever_exposed__"


class Member(NamedTuple):
    name: str
    kind: int
    signature: str
    doc: str
    exposed: bool
    writable: bool
    one_way: bool
    concurrent: bool
    reads: bool


class Described:
    """What is told of one class."""

    __slots__ = ("name", "doc", "open", "category", "interfaces", "members", "bases", "operations")

    def __init__(self, name: str, doc: str) -> None:
        self.name = name
        self.doc = doc
        self.open = True
        self.category = INSTANCE
        self.interfaces: list[str] = []
        self.members: list[Member] = []
        self.bases: list[type] = []
        self.operations: list[int] = []


def text_of(doc: object) -> str:
    """A documentation as text; what is no text is none."""
    return doc[:DOC_MAX] if type(doc) is str else ""


def name_of(cls: type) -> str:
    module = type.__getattribute__(cls, "__module__")
    return f"python:{module}.{cls.__qualname__}" if type(module) is str else f"python:{cls.__qualname__}"


def describe(cls: type) -> Described:
    """Tells of the instances of a class."""
    told = Described(name_of(cls), text_of(cls.__dict__.get("__doc__")))
    told.category = category_of(cls)
    told.bases = [base for base in cls.__bases__ if base is not object]
    told.open = is_open(cls)
    if cls in ITERATORS:
        told.members = [Member("__iter__", METHOD, "()", "", True, False, False, False, True),
                        Member("__next__", METHOD, "()", "", True, False, False, False, False)]
        told.operations = [10]
        if cls is types.GeneratorType:
            told.members += [Member(name, METHOD, "", "", True, False, False, False, False)
                             for name in ("send", "throw", "close")]
        return told
    if cls is CoroutineFunction:
        told.doc, told.category = "", FUNCTION
        return told
    if cls is types.AsyncGeneratorType:
        told.members = [Member("__aiter__", METHOD, "()", "", True, False, False, False, True)]
        told.members += [Member(name, METHOD, "-> Awaitable", "", True, False, False, False, False)
                         for name in ("__anext__", "asend", "athrow", "aclose")]
        return told
    if told.category == FUNCTION:
        told.members = [] if cls in FUNCTIONS else own_members(cls)
        return told
    if cls in CONTAINERS:
        told.members, told.operations = container_members(cls)
        return told
    if cls is type or issubclass(cls, BaseException) and cls.__module__ == "builtins":
        if cls is BaseException:
            # By this an exception that is passed as a value tells what it tells when it is raised.
            told.members = [Member("__wherever_raised__", ATTRIBUTE, "", "", True, False, False, False, True)]
        return told
    told.interfaces = [name for name in getattr(cls, "__wherever_interfaces__", ()) if type(name) is str]
    if _wherever.is_buffer_class(cls):
        told.interfaces.append("wherever.buffer/1")
    told.members = trimmed(own_members(cls))
    told.operations = sorted({OPERATION_OF[member.name] for member in told.members
                              if member.exposed and member.name in OPERATION_OF})
    return told


def describe_meta(cls: type) -> Described:
    """Tells of a class as an object: of its metaclass, and of what can be called on it."""
    meta = type(cls)
    told = Described(name_of(meta), text_of(meta.__dict__.get("__doc__")) if meta is not type else "")
    told.category = CLASS
    told.open = True
    told.bases = [meta] if meta is not type else []
    is_exposed = MARK in cls.__dict__ and cls.__dict__[MARK] is not False
    names: set[str] = set()
    for base in reversed(cls.__mro__[:-1]):
        for member in own_members(base):
            if member.exposed and member.kind != ATTRIBUTE and member.name not in names:
                told.members.append(member._replace(kind=STATIC_METHOD, doc=""))
                names.add(member.name)
    told.members = told.members[:MEMBERS_MAX]
    told.operations = [1] if is_exposed else []
    return told


def container_members(cls: type) -> tuple[list[Member], list[int]]:
    names = [name for name in dir(cls) if not name.startswith("_")]
    members = [Member(name, METHOD, "", "", True, False, False, False, name in READS) for name in names]
    if cls is dict:
        members = [m for m in members if m.name != "fromkeys"]
    return members, list(range(5, 19))


READS = frozenset("""
    copy count index get keys values items isdisjoint issubset issuperset union intersection difference
    symmetric_difference decode endswith find hex isalnum isalpha isascii isdigit islower isspace istitle isupper join
    lower partition rfind rindex rpartition rsplit split splitlines startswith strip swapcase title upper
""".split())


def category_of(cls: type) -> int:
    for kind, category in CONTAINERS.items():
        if issubclass(cls, kind):
            return category
    if issubclass(cls, FUNCTIONS):
        return FUNCTION
    if issubclass(cls, type):
        return CLASS
    return ITERATOR if cls in ITERATORS else INSTANCE


def is_open(cls: type) -> bool:
    """Whether instances may have attributes that the class does not tell of."""
    if cls in CONTAINERS or cls in ITERATORS:
        return False
    for base in cls.__mro__[:-1]:
        own = base.__dict__
        if "__getattr__" in own or ("__getattribute__" in own and base.__module__ != "builtins"):
            return True
    return cls.__dictoffset__ != 0 or issubclass(cls, FUNCTIONS) or not cls.__flags__ & (1 << 9)


def own_members(cls: type) -> list[Member]:
    whole = cls.__dict__.get(MARK)
    members = []
    for name, value in list(cls.__dict__.items()):
        if type(name) is str and name not in UNTOLD and not name.startswith("__wherever"):
            members.append(member_of(name, value, whole))
    told = {member.name for member in members}
    if whole:
        # Attributes that the class declares are exposed with it.
        for name in cls.__dict__.get("__annotations__", {}):
            if name not in told and not name.startswith("_"):
                members.append(Member(name, ATTRIBUTE, "", "", True, True, False, False, False))
        if isinstance(whole, tuple):
            for name in whole:
                if name not in told:
                    members.append(Member(name, ATTRIBUTE, "", "", True, True, False, False, False))
    return members


def member_of(name: str, value: object, whole: Any) -> Member:
    kind, function, writable = ATTRIBUTE, value, False
    if isinstance(value, staticmethod):
        kind, function = STATIC_METHOD, value.__func__
    elif isinstance(value, classmethod):
        kind, function = CLASS_METHOD, value.__func__
    elif isinstance(value, property):
        function, writable = value.fget, value.fset is not None
    elif isinstance(value, type):
        kind = ATTRIBUTE
    elif callable(value) and hasattr(type(value), "__get__"):
        kind = METHOD
    else:
        writable = hasattr(type(value), "__set__") or not hasattr(type(value), "__get__")
    mark = getattr(function, MARK, None) if isinstance(function, (types.FunctionType, functools.partial, type)) or \
        hasattr(function, "__wrapped__") else None
    exposed = bool(mark) if mark is not None else bool(whole) and (
        not name.startswith("_") or name in OPERATION_OF or name in CALLED)
    words = mark if isinstance(mark, dict) else {}
    doc = text_of(getattr(function, "__doc__", None)) if not (kind == ATTRIBUTE and function is value) else ""
    signature = signature_of(function, kind) if kind != ATTRIBUTE else ""
    return Member(name, kind, signature, doc, exposed, writable, bool(words.get("one_way")),
                  bool(words.get("concurrent")), bool(words.get("reads")))


CALLED = frozenset("""
    __enter__ __exit__ __aenter__ __aexit__ __aiter__ __anext__ __await__ __reversed__ __bytes__ __fspath__
    __length_hint__ __missing__ __class_getitem__
""".split())


def signature_of(function: object, kind: int) -> str:
    """The parameters and the result, without the first parameter of what is bound."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return ""
    parameters = list(signature.parameters.values())
    if kind in (METHOD, CLASS_METHOD) and parameters and parameters[0].kind in (
            inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
        parameters = parameters[1:]
    text = str(signature.replace(parameters=parameters))
    if inspect.iscoroutinefunction(function):
        before, arrow, result = text.rpartition(" -> ")
        text = f"{before} -> Awaitable[{result}]" if arrow else f"{text} -> Awaitable"
    return text if len(text) <= SIGNATURE_MAX else ""


def trimmed(members: list[Member]) -> list[Member]:
    """As much of the members as a shape has room for: documentation goes first, then signatures."""
    def size(these: list[Member]) -> int:
        return sum(len(m.name.encode()) + len(m.signature.encode()) + len(m.doc.encode()) + 12 for m in these)

    members = members[:MEMBERS_MAX]
    if size(members) > SHAPE_MAX:
        members = [m._replace(doc=m.doc.partition("\n")[0][:120]) for m in members]
    if size(members) > SHAPE_MAX:
        members = [m._replace(doc="") for m in members]
    if size(members) > SHAPE_MAX:
        members = [m._replace(signature="") for m in members]
    while size(members) > SHAPE_MAX:
        members = members[:len(members) * 3 // 4]
    return members
