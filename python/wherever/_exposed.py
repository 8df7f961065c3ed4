"""The mark for the closed policy: what peers may use."""

from __future__ import annotations

from typing import Any

from wherever._describe import MARK


def exposed(what: Any = None, /, *names: str, one_way: bool = False, concurrent: bool = False,
            reads: bool = False) -> Any:
    """Marks a function, a method, a property or a class for use by peers under the closed policy.

    Of a class that is what it defines without an underscore in front, its special methods, the attributes that it
    declares by annotations, and the making of instances. `@exposed("x", "y")` above a class adds attributes that its
    instances have. Of a method, `one_way` makes its calls return at once without a result, `concurrent` lets later
    calls of a thread overtake it, `reads` says that it changes nothing, so that read-only references let it through.
    """
    words = {"one_way": one_way, "concurrent": concurrent, "reads": reads}
    if what is None or isinstance(what, str):
        attributes = names if what is None else (what, *names)
        return lambda marked: _mark(marked, words, attributes)
    return _mark(what, words, names)


def _mark(what: Any, words: dict[str, bool], attributes: tuple[str, ...]) -> Any:
    if isinstance(what, type):
        if any(words.values()):
            raise TypeError("one_way, concurrent and reads are said of methods")
        setattr(what, MARK, attributes or True)
        return what
    if attributes:
        raise TypeError("names of attributes are said of classes")
    function = what
    if isinstance(what, property):
        function = what.fget
    elif isinstance(what, (staticmethod, classmethod)):
        function = what.__func__
    try:
        setattr(function, MARK, words)
    except AttributeError:
        raise TypeError(f"{what!r} cannot be marked: mark the class, or a function around it") from None
    return what
