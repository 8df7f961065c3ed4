"""What type checkers are told is what there is: every public name, every parameter."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import wherever

PACKAGE = Path(wherever.__file__).parent
STUB = ast.parse((PACKAGE / "__init__.pyi").read_text())
CONFIG = Path(__file__).parent.parent / "pyproject.toml"
DEFINED = {node.name: node for node in STUB.body
           if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_")}


def test_the_package_says_that_it_has_types():
    assert (PACKAGE / "py.typed").exists()


def test_every_public_name_is_told_and_no_other():
    assert sorted(DEFINED) == sorted(wherever.__all__)
    assert [ast.literal_eval(node.value) for node in STUB.body
            if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"] == [wherever.__all__]


def functions(body: list[Any]) -> dict[str, ast.FunctionDef]:
    """Functions by name, without those that are told in several forms."""
    found = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
    return {name: node for name, node in found.items() if not any(
        isinstance(word, ast.Name) and word.id in ("overload", "property") for word in node.decorator_list)}


def told(function: ast.FunctionDef) -> list[tuple[str, str, Any]]:
    """Name, kind and default of each parameter, without those that an instance is."""
    args, found = function.args, []
    plain = args.posonlyargs + args.args
    defaults = [inspect.Parameter.empty] * (len(plain) - len(args.defaults)) + [
        ast.literal_eval(default) for default in args.defaults]
    for place, (arg, default) in enumerate(zip(plain, defaults)):
        kind = "POSITIONAL_ONLY" if place < len(args.posonlyargs) else "POSITIONAL_OR_KEYWORD"
        found.append((arg.arg, kind, default))
    if args.vararg:
        found.append((args.vararg.arg, "VAR_POSITIONAL", inspect.Parameter.empty))
    for arg, default in zip(args.kwonlyargs, args.kw_defaults):
        found.append((arg.arg, "KEYWORD_ONLY", ast.literal_eval(default) if default else inspect.Parameter.empty))
    if args.kwarg:
        found.append((args.kwarg.arg, "VAR_KEYWORD", inspect.Parameter.empty))
    return [parameter for parameter in found if parameter[0] not in ("self", "cls")]


def seen(function: Any) -> list[tuple[str, str, Any]]:
    parameters = inspect.signature(function).parameters.values()
    return [(p.name, p.kind.name, p.default) for p in parameters if p.name != "self"]


@pytest.mark.parametrize("name", [name for name in functions(STUB.body) if not name.startswith("_")])
def test_a_function_has_the_parameters_that_are_told(name):
    assert told(DEFINED[name]) == seen(getattr(wherever, name))


@pytest.mark.parametrize("name", [name for name, node in DEFINED.items() if isinstance(node, ast.ClassDef)])
def test_a_class_has_the_members_that_are_told(name):
    cls, body = getattr(wherever, name), DEFINED[name].body
    for method, function in functions(body).items():
        if not method.startswith("__"):
            assert told(function) == seen(getattr(cls, method)), method
    members = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    members |= {node.target.id for node in body if isinstance(node, ast.AnnAssign)}
    public = {member for member in vars(cls) if not member.startswith("_")}
    assert {member for member in members if not member.startswith("_")} == public
    bases = [base.id for base in DEFINED[name].bases if isinstance(base, ast.Name)]
    assert [base.__name__ for base in cls.__bases__ if base is not object] == bases


def run(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True)
    return done.stdout + done.stderr


def test_the_stub_is_what_the_interpreter_sees():
    pytest.importorskip("mypy")
    # What is read of a promise is asked for by a slot that has another name.
    known = ("wherever.Promise.__getattr__ is not present at runtime",)
    said = run("mypy.stubtest", "wherever", "--concise", "--ignore-missing-stub", "--ignore-disjoint-bases",
               "--mypy-config-file", str(CONFIG))
    assert any(line in said for line in known), said
    wrong = [line for line in said.splitlines() if not line.startswith(("wherever._", "Found", *known))]
    assert wrong == []


USE = """
    import asyncio
    from typing import Any, assert_type
    import wherever

    def double(number: int) -> int: ...

    async def awaited() -> None:
        assert_type(await wherever.send(double, 1), int)

    with wherever.connect("unix:///run/lab.sock", policy="public", timeout=1.5) as peer:
        assert_type(peer, wherever.Peer)
        motor = peer.get("motor")
        assert_type(peer.stats().round_trips, int)
        assert_type(wherever.send(double, 2).result(timeout=1), int)
        assert_type(wherever.send(motor.arm).hand.close(1), wherever.Promise[Any])
        assert_type(wherever.copy([1]), list[int])
        assert_type(wherever.peer_of(motor), wherever.Peer | None)
        for number in wherever.buffered((n for n in (1, 2)), 10):
            assert_type(number, int)

    @wherever.value_type
    class Point: ...

    @wherever.value_type(name="org.example.Point", version=2)
    class Other: ...

    class Motor:
        @wherever.exposed
        def move(self, steps: int) -> int: ...

        @wherever.exposed(one_way=True)
        def note(self, text: str) -> None: ...

    assert_type(Motor().move(1), int)
    assert_type(Point(), Point)
    assert_type(Other(), Other)
    with wherever.serve("tcp://127.0.0.1:0", {"motor": Motor()}) as server:
        assert_type(server.url, str)

    wherever.connect("unix:///run/lab.sock", policy="none")  # WRONG
    wherever.send(double, "text")  # WRONG
    wherever.serve("unix:///run/lab.sock")  # WRONG
    peer.calls()  # WRONG
"""


def test_a_program_is_checked_by_the_stub(tmp_path):
    pytest.importorskip("mypy")
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(USE))
    said = run("mypy", "--strict", "--python-version", "3.11", "--cache-dir", str(tmp_path / "cache"),
               "--disable-error-code", "empty-body", str(program))
    found = sorted(int(line.split(":")[1]) for line in said.splitlines() if ": error:" in line)
    lines = program.read_text().splitlines()
    assert found == [number for number, line in enumerate(lines, 1) if line.endswith("# WRONG")], said
