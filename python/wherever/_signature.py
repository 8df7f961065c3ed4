"""Signatures from their texts, without running anything of them."""

from __future__ import annotations

import ast
import functools
import inspect

TEXT_MAX = 4_000


class Written:
    """A default value that is known by its text alone."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


@functools.lru_cache(maxsize=4096)
def signature(text: str, takes_self: bool = False) -> inspect.Signature | None:
    """The signature that a text such as `(steps: int, speed: float = 1.0) -> None` tells of; none if it is no such.

    Of a method that is not bound, `self` stands in front.
    """
    made = _signature(text)
    if made is not None and takes_self:
        itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        return made.replace(parameters=[itself, *made.parameters.values()])
    return made


def _signature(text: str) -> inspect.Signature | None:
    if not text.startswith("(") or len(text) > TEXT_MAX:
        return None
    cleaned = text
    try:
        tree = ast.parse(f"def f{cleaned}: pass")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _rough()
    if len(tree.body) != 1 or not isinstance(tree.body[0], ast.FunctionDef):
        return None
    try:
        return _of(tree.body[0])
    except RecursionError:
        return _rough()


def _rough() -> inspect.Signature:
    """Of a text that is no Python, such as one with `<object at 0x...>` in it, or is nested too deep to be read."""
    P = inspect.Parameter
    return inspect.Signature([P("args", P.VAR_POSITIONAL), P("kwargs", P.VAR_KEYWORD)])


def _of(function: ast.FunctionDef) -> inspect.Signature:
    P, args = inspect.Parameter, function.args
    parameters = []
    plain = args.posonlyargs + args.args
    defaults = [None] * (len(plain) - len(args.defaults)) + list(args.defaults)
    for place, (arg, default) in enumerate(zip(plain, defaults)):
        kind = P.POSITIONAL_ONLY if place < len(args.posonlyargs) else P.POSITIONAL_OR_KEYWORD
        parameters.append(_parameter(arg, kind, default))
    if args.vararg:
        parameters.append(_parameter(args.vararg, P.VAR_POSITIONAL, None))
    for arg, default in zip(args.kwonlyargs, args.kw_defaults):
        parameters.append(_parameter(arg, P.KEYWORD_ONLY, default))
    if args.kwarg:
        parameters.append(_parameter(args.kwarg, P.VAR_KEYWORD, None))
    returns = _value(function.returns) if function.returns else inspect.Signature.empty
    return inspect.Signature(parameters, return_annotation=returns, __validate_parameters__=False)


def _parameter(arg: ast.arg, kind: inspect._ParameterKind, default: ast.expr | None) -> inspect.Parameter:
    annotation = _value(arg.annotation) if arg.annotation else inspect.Parameter.empty
    value = inspect.Parameter.empty if default is None else _value(default)
    return inspect.Parameter(arg.arg, kind, default=value, annotation=annotation)


# Names that mean the same everywhere: an annotation that is one of them is the type itself.
TYPES = {kind.__name__: kind for kind in (
    bool, int, float, complex, str, bytes, bytearray, list, dict, set, frozenset, tuple, object, type, range, slice)}


def _value(expression: ast.expr) -> object:
    try:
        return ast.literal_eval(expression)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        if isinstance(expression, ast.Name) and expression.id in TYPES:
            return TYPES[expression.id]
        return Written(ast.unparse(expression))
