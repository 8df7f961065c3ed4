"""Value types: classes whose instances are immutable, and travel by copy. Never by pickle."""

from __future__ import annotations

import builtins
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import ipaddress
import pathlib
import sys
import types
import uuid
import zoneinfo
from typing import Any, Callable, NamedTuple

from wherever import _wherever
from wherever._errors import ProtocolError


class Codec(NamedTuple):
    """How instances of one class travel: `encode` makes copied values of one, `decode` one of them."""

    name: str
    version: int
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


_by_class: dict[type, Codec] = {}
_by_name: dict[tuple[str, int], Codec] = {}
# Classes that every interpreter has, by the names that they have everywhere.
_builtin_types = {name: value for name, value in [*vars(builtins).items(), *vars(types).items()]
                  if isinstance(value, type) and value.__module__ == "builtins"}
_names_of_types = {value: name for name, value in _builtin_types.items()}


def _add(cls: type | None, name: str, encode: Callable[[Any], Any], decode: Callable[[Any], Any],
         version: int = 1) -> None:
    codec = Codec(name, version, encode, decode)
    _by_name[name, version] = codec
    if cls is not None:
        _by_class[cls] = codec


def encode(value: Any) -> tuple[str, int, Any] | None:
    """Name, version and copied values of a value of a value type; nothing for all others."""
    cls = type(value)
    codec = _by_class.get(cls)
    if codec is None:
        codec = _found(value, cls)
        if codec is None:
            return None
    return codec.name, codec.version, codec.encode(value)


def _found(value: Any, cls: type) -> Codec | None:
    if cls is type:
        # Classes that every interpreter has are the same everywhere.
        return _builtin if value in _names_of_types else None
    if isinstance(cls, enum.EnumMeta):
        return _enum if _is_standard(cls) else None
    if issubclass(cls, tuple) and _is_standard(cls):
        return _structure if hasattr(cls, "n_fields") else _named if hasattr(cls, "_fields") else None
    return None


def decode(name: str, version: int, data: Any) -> Any:
    """The value that was told by this name, version and data."""
    codec = _by_name.get((name, version))
    if codec is None:
        raise TypeError(f"a value of the type {name}/{version}, which was not announced here")
    try:
        return codec.decode(data)
    except Exception as error:
        raise ProtocolError(f"a value of the type {name} that is none: {error}") from error


def announced() -> list[tuple[str, int]]:
    """Names and versions of all value types, as peers are told."""
    return list(_by_name)


def _of_parts(make: Callable[..., Any]) -> Callable[[Any], Any]:
    """Makes a value of its parts, which are a tuple: a range would be as many as a peer likes."""
    def decoded(data: Any) -> Any:
        if type(data) is not tuple:
            raise TypeError("its parts are no tuple")
        return make(*data)
    return decoded


def _constant(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


# A text with lone surrogates, which is no Unicode text.
_add(None, "python:str", _constant(None), lambda data: data.decode("utf-8", "surrogatepass"))
_add(type(...), "python:ellipsis", _constant(None), _constant(...))
_add(type(NotImplemented), "python:NotImplemented", _constant(None), _constant(NotImplemented))
_add(range, "python:range", lambda r: (r.start, r.stop, r.step), _of_parts(range))
_add(slice, "python:slice", lambda s: (s.start, s.stop, s.step), _of_parts(slice))


# Dates and times

def _zone(zone: datetime.tzinfo | None) -> Any:
    """A zone as values: none, an offset with its name, or a key of the zone database."""
    if zone is None:
        return None
    if type(zone) is datetime.timezone:
        name = zone.tzname(None)
        plain = datetime.timezone(zone.utcoffset(None)).tzname(None)
        return (_span(zone.utcoffset(None)), None if name == plain else name)
    if type(zone) is zoneinfo.ZoneInfo and zone.key is not None:
        return zone.key
    raise _ByReference


def _zone_back(data: Any) -> datetime.tzinfo | None:
    if data is None:
        return None
    if type(data) is str:
        return zoneinfo.ZoneInfo(data)
    offset, name = data
    offset = _span_back(offset)
    if name is None:
        return datetime.timezone.utc if not offset else datetime.timezone(offset)
    return datetime.timezone(offset, name)


class _ByReference(Exception):
    """The value holds what cannot be copied."""


def _unless_reference(encode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def encoded(value: Any) -> Any:
        try:
            return encode(value)
        except _ByReference:
            return []  # No copy, so that the value goes by reference.
    return encoded


def _span(span: datetime.timedelta) -> Any:
    return (span.days, span.seconds, span.microseconds)


def _span_back(data: Any) -> datetime.timedelta:
    days, seconds, microseconds = data
    return datetime.timedelta(days, seconds, microseconds)


_add(datetime.date, "python:datetime.date", lambda d: (d.year, d.month, d.day), _of_parts(datetime.date))
_add(datetime.timedelta, "python:datetime.timedelta", _span, _span_back)
_add(datetime.timezone, "python:datetime.timezone", _zone, _zone_back)
_add(zoneinfo.ZoneInfo, "python:zoneinfo.ZoneInfo", _unless_reference(_zone), _zone_back)
_add(datetime.time, "python:datetime.time",
     _unless_reference(lambda t: (t.hour, t.minute, t.second, t.microsecond, _zone(t.tzinfo), t.fold)),
     _of_parts(lambda hour, minute, second, microsecond, zone, fold:
               datetime.time(hour, minute, second, microsecond, _zone_back(zone), fold=fold)))
_add(datetime.datetime, "python:datetime.datetime",
     _unless_reference(lambda d: (d.year, d.month, d.day, d.hour, d.minute, d.second, d.microsecond, _zone(d.tzinfo),
                                  d.fold)),
     _of_parts(lambda year, month, day, hour, minute, second, microsecond, zone, fold:
               datetime.datetime(year, month, day, hour, minute, second, microsecond, _zone_back(zone), fold=fold)))


# Numbers and names

def _decimal_back(data: Any) -> decimal.Decimal:
    sign, digits, exponent = data
    if type(digits) is not bytes:
        raise TypeError("its digits are no bytes")
    # By its parts, and not by a text: that would not be rounded, but be read by rules of its own.
    return decimal.Decimal((sign, tuple(digits), exponent))


_add(decimal.Decimal, "python:decimal.Decimal", lambda d: (d.as_tuple().sign, bytes(d.as_tuple().digits),
                                                           d.as_tuple().exponent), _decimal_back)
_add(fractions.Fraction, "python:fractions.Fraction", lambda f: (f.numerator, f.denominator),
     _of_parts(fractions.Fraction))
_add(uuid.UUID, "python:uuid.UUID", lambda u: u.bytes, lambda data: uuid.UUID(bytes=data))
for _cls in (pathlib.PurePosixPath, pathlib.PureWindowsPath, pathlib.PosixPath, pathlib.WindowsPath):
    # A path of a system that this one is not cannot be a concrete one here.
    _here = _cls
    try:
        _cls()
    except (NotImplementedError, RuntimeError):
        _here = _cls.__mro__[-3] if _cls is pathlib.WindowsPath else _cls
        _here = pathlib.PureWindowsPath if _cls is pathlib.WindowsPath else pathlib.PurePosixPath
    _add(_cls, f"python:pathlib.{_cls.__name__}", str, _here)
for _cls in (ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Network, ipaddress.IPv6Network,
             ipaddress.IPv4Interface, ipaddress.IPv6Interface):
    _add(_cls, f"python:ipaddress.{_cls.__name__}", str, _cls)


# What every interpreter has under a name

def _builtin_back(data: Any) -> type:
    found = _builtin_types.get(data)
    if found is None:
        raise TypeError(f"no builtin class {data!r}")
    return found


_add(None, "python:builtins", _names_of_types.get, _builtin_back)
_builtin = _by_name["python:builtins", 1]


@functools.lru_cache(maxsize=1024)
def _is_standard(cls: type) -> bool:
    """Whether every interpreter has the class under its name, so that a peer can find it there."""
    module = cls.__module__
    return module.partition(".")[0] in sys.stdlib_module_names and _standard(module, cls.__qualname__) is cls


def _standard(module: str, qualname: str) -> Any:
    """What a module of the standard library that is imported here has under a name; nothing is imported or run."""
    if type(module) is not str or module.partition(".")[0] not in sys.stdlib_module_names:
        return None
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        if found is None or not hasattr(found, "__dict__"):
            return None
        found = vars(found).get(name)
    return found


def _enum_back(data: Any) -> Any:
    module, qualname, name, value = data
    cls = _standard(module, qualname)
    if not isinstance(cls, enum.EnumMeta):
        raise TypeError(f"no enumeration {module}.{qualname} is known here; is the module imported?")
    return _member(cls, name, value)


def _member(cls: Any, name: Any, value: Any) -> Any:
    if name is not None:
        found = cls.__members__.get(name)
        if found is not None:
            return found
    if issubclass(cls, enum.Flag):
        # Combinations are kept for ever once they are made: of the flags that there are, and no others.
        known = functools.reduce(int.__or__, (int(member.value) for member in cls.__members__.values()), 0)
        if type(value) is not int or not ~known <= value <= known:
            raise ValueError(f"{value!r} is no combination of flags of {cls.__qualname__}")
    return cls(value)


def _enum_name(value: Any) -> Any:
    return value.name if type(value).__members__.get(value.name) is value else None


_add(None, "python:enum", lambda v: (type(v).__module__, type(v).__qualname__, _enum_name(v), v.value), _enum_back)
_enum = _by_name["python:enum", 1]


def _tuple_back(data: Any) -> Any:
    module, qualname, items = data
    cls = _standard(module, qualname)
    if not (isinstance(cls, type) and issubclass(cls, tuple)) or type(items) is not tuple:
        raise TypeError(f"no class of tuples {module}.{qualname} is known here; is the module imported?")
    return cls(items) if hasattr(cls, "n_fields") else _named_back(cls, items)


def _parts(value: Any) -> Any:
    return (type(value).__module__, type(value).__qualname__, tuple(value))


_add(None, "python:namedtuple", _parts, _tuple_back)
_named = _by_name["python:namedtuple", 1]
# Of a structure that has more than its items, all are told, as its own way of being taken apart has them.
_add(None, "python:structseq", lambda v: (type(v).__module__, type(v).__qualname__, tuple(v.__reduce__()[1][0])),
     _tuple_back)
_structure = _by_name["python:structseq", 1]


# Buffers

def encode_buffer(value: Any) -> Any:
    """What is told of an object with a buffer: its kind, and the bytes."""
    return Buffer(value)


class Buffer:
    """A buffer on its way."""

    __slots__ = ("of",)

    def __init__(self, of: Any) -> None:
        self.of = of


def _buffer_parts(buffer: Buffer) -> Any:
    value = buffer.of
    module = type(value).__module__.partition(".")[0]
    if module == "numpy":
        import numpy
        array = numpy.asarray(value)
        if array.dtype.hasobject:
            raise TypeError("an array of Python objects cannot be copied: its elements are references")
        fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        dtype = array.dtype.descr if array.dtype.names else array.dtype.str
        return ("numpy", repr(dtype) if array.dtype.names else dtype, array.shape, fortran,
                array.tobytes("F" if fortran else "C"))
    view = memoryview(value)
    return (type(value).__name__ if type(value).__module__ == "array" else "memoryview", view.format, view.shape, False,
            view.tobytes())


# Characters of the description of an element.
FORM_MAX = 10_000


def _buffer_back(data: Any) -> Any:
    kind, form, shape, fortran, content = data
    if type(form) is not str or len(form) > FORM_MAX or type(content) is not bytes:
        raise TypeError("a buffer of no known form")
    if kind == "numpy":
        try:
            import numpy
        except ImportError:
            return memoryview(content)
        import ast
        dtype = numpy.dtype(ast.literal_eval(form) if form.startswith("[") else form)
        if dtype.hasobject:
            raise TypeError("an array of Python objects cannot be copied")
        array = numpy.frombuffer(bytearray(content), dtype)
        return array.reshape(shape, order="F" if fortran else "C")
    if kind == "array":
        import array
        made = array.array(form)
        made.frombytes(content)
        return made
    view = memoryview(content)
    return view.cast("B").cast(form, shape) if shape and content else view


_add(Buffer, "python:buffer", _buffer_parts, _buffer_back)


# Classes of users

def value_type(cls: type | None = None, *, name: str | None = None, version: int = 1,
               encode: Callable[[Any], Any] | None = None, decode: Callable[[Any], Any] | None = None) -> Any:
    """Registers an immutable class to travel by copy, to peers that have registered one of the same name.

    Frozen dataclasses, enumerations, named tuples and arrays need no more than that. Of any other class `encode`
    makes copied values of an instance (most often a tuple), and `decode` an instance of these. Peers are told when a
    session begins, so it is to be registered before. Can be used as a decorator.
    """
    if cls is None:
        return functools.partial(value_type, name=name, version=version, encode=encode, decode=decode)
    if not isinstance(cls, type):
        raise TypeError(f"a class is wanted, not {cls!r}")
    if (encode is None) != (decode is None):
        raise TypeError("encode and decode go together")
    if encode is None or decode is None:
        encode, decode = _codec_of(cls)
    told = name or f"python:{cls.__module__}.{cls.__qualname__}"
    before = _by_name.get((told, version))
    if before is not None and _by_class.get(cls) is not before:
        taken = next((known for known, codec in _by_class.items() if codec is before), None)
        if taken is not None and (taken.__module__, taken.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(f"the name {told!r} is taken by {taken!r}; give another by name=")
    _add(cls, told, encode, decode, version)
    return cls


def _codec_of(cls: type) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    if isinstance(cls, enum.EnumMeta):
        return (lambda v: (_enum_name(v), v.value)), _of_parts(functools.partial(_member, cls))
    if dataclasses.is_dataclass(cls):
        if not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
            raise TypeError(f"{cls.__qualname__} is a dataclass that can change: freeze it (frozen=True), "
                            "or say how it is copied by encode= and decode=")
        names = tuple(field.name for field in dataclasses.fields(cls))
        return (lambda v: tuple(getattr(v, name) for name in names)), functools.partial(_data_back, cls, names)
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return tuple, functools.partial(_named_back, cls)
    if _wherever.is_buffer_class(cls):
        return (lambda v: _buffer_parts(Buffer(v))), _buffer_back
    raise TypeError(f"{cls.__qualname__} is no frozen dataclass, enumeration, named tuple or array: say how it is "
                    "copied by encode= and decode=")


def _data_back(cls: type, names: tuple[str, ...], data: Any) -> Any:
    if len(data) != len(names):
        raise TypeError(f"{cls.__qualname__} has {len(names)} fields here and {len(data)} over there")
    made = object.__new__(cls)
    for name, value in zip(names, data):
        object.__setattr__(made, name, value)
    return made


def _named_back(cls: type, data: Any) -> Any:
    if len(data) != len(cls._fields):  # type: ignore[attr-defined]
        raise TypeError(f"{cls.__qualname__} has other fields here than over there")
    return tuple.__new__(cls, data)


def copied(value: Any) -> Any:
    """A value that lives here, as a copy."""
    import copy
    return copy.deepcopy(value)
