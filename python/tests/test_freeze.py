"""A traceback that is kept in a file: bounded, without secrets, and opened later where nothing of it runs any more."""

from __future__ import annotations

import base64
import builtins
import json
import os
import re
import stat
import subprocess
import sys
import traceback

import pexpect
import pytest

import wherever
from pdb_session import OWNER, Session, spawn
from wherever import _frozen

KEEPS = """
import datetime
class Account:
    def __init__(self):
        self.name = "ada"
        self.password = "hunter2-hunter2"
        self.when = datetime.date(2026, 11, 22)
    def __repr__(self):
        return f"Account({self.name}, {self.password})"
LIMIT = 10
def check(account, items, api_key="sk-123456"):
    big = list(range(100_000))
    nested = {"token": "abcdefgh", "deep": [[[[[[1]]]]]], 3: (1.5, float("nan"), 2 ** 80, b"bytes", {1})}
    long = "x" * 5000
    if len(items) < LIMIT:
        raise ValueError(f"refused for {account.password}")
try:
    try:
        check(Account(), [1, 2])
    except ValueError as error:
        raise RuntimeError("not checked") from error
except RuntimeError as error:
    wherever.freeze(error, KEPT)
"""


@pytest.fixture
def kept(tmp_path):
    """A file that another process wrote, which has ended."""
    path = tmp_path / "failure.json"
    program = tmp_path / "keeps.py"
    program.write_text(f"import wherever\nKEPT = {str(path)!r}\n{KEEPS}")
    subprocess.run([sys.executable, str(program)], check=True)
    program.write_text("# nothing of it is there any more\n")
    return path


def frames(error):
    found, at = {}, error.__traceback__
    while at is not None:
        found[at.tb_frame.f_code.co_name] = at.tb_frame
        at = at.tb_next
    return found


def test_it_is_the_users_alone_and_bounded(kept):
    assert stat.S_IMODE(os.stat(kept).st_mode) == 0o600
    assert kept.stat().st_size < 30_000
    assert json.loads(kept.read_text())["format"] == "wherever traceback"


def test_no_secret_is_in_it(kept):
    text = kept.read_text()
    for secret in ("hunter2", "sk-123456", "abcdefgh"):
        assert secret not in text
    assert "<redacted>" in text


def test_it_comes_back_as_an_exception_with_frames(kept):
    error = _frozen.load(str(kept))
    assert type(error).__name__ == "RuntimeError" and isinstance(error, RuntimeError)
    assert type(error.__cause__).__name__ == "ValueError" and str(error.__cause__) == "refused for <redacted>"
    text = "".join(traceback.format_exception(error))
    assert 'raise ValueError(f"refused for {account.password}")' in text and "direct cause" in text
    frame = frames(error.__cause__)["check"]
    variables = dict(frame.f_locals.items())
    assert variables["items"] == [1, 2] and repr(variables["account"]) == "Account(ada, <redacted>)"
    assert variables["account"].name == "ada" and repr(variables["account"].when) == "datetime.date(2026, 11, 22)"
    assert repr(variables["account"].password) == "<redacted>" == repr(variables["api_key"])
    assert variables["big"][:50] == list(range(50)) and repr(variables["big"][50]) == "... 99950 more"
    assert len(variables["long"]) == 1000
    nested = variables["nested"]
    assert repr(nested["token"]) == "<redacted>" and repr(nested["deep"][0][0]) == "[<list of 1>]"
    assert nested[3][0] == 1.5 and nested[3][1] != nested[3][1] and nested[3][2:] == (2 ** 80, b"bytes", {1})
    assert eval("LIMIT", frame.f_globals, frame.f_locals) == 10
    with pytest.raises(AttributeError, match="without the attribute 'colour'"):
        variables["account"].colour


def test_pdb_opens_the_file(kept):
    child = pexpect.spawn(sys.executable, ["-m", "wherever.pdb", str(kept)], encoding="utf-8", timeout=60, echo=False,
                          dimensions=(50, 200), env={**os.environ, "NO_COLOR": "1", "PYTHON_COLORS": "0"})
    session = Session(child, kept)
    child.expect_exact("(Pdb) ")
    assert "RuntimeError: not checked" in child.before
    if sys.version_info >= (3, 13):
        session.type("exceptions 0")
    else:
        # Before, the debugger opens one error of a chain.
        child.close(force=True)
        return
    assert session.type("p items, LIMIT") == "([1, 2], 10)"
    assert "def check(account, items" in session.type("ll")
    assert session.type("items.append(3)") == ""
    assert session.type("p items") == "[1, 2, 3]"
    child.close(force=True)


def test_remote_frames_are_kept_with_what_they_hold(tmp_path):
    path = tmp_path / "failure.json"
    session = spawn(tmp_path, f"""
    try:
        m.outer(9)
    except ValueError as e:
        before = peer.stats().messages_sent
        wherever.freeze(e, {str(path)!r})
        print("TRIPS", peer.stats().messages_sent - before)
    """, source=OWNER)
    # Two for each frame's variables and how they are shown, one for the file's source.
    assert "TRIPS 5" in session.child.read()
    error = _frozen.load(str(path))
    held = dict(frames(error)["inner"].f_locals.items())
    assert held["total"] == 36 and held["flag"] is True and repr(held["box"]) == "Box(9)"
    assert repr(held["x"]) == "[1, 2, {'k': Box(9)}]"
    assert 'raise AppError("too big", 7)' in "".join(traceback.format_exception(error))
    assert type(error).__name__ == "AppError" and isinstance(error, ValueError)


def test_other_names_can_be_called_secret_or_none(tmp_path):
    def fail(colour, password):
        raise KeyError(colour)

    try:
        fail("reddish", "hunter2")
    except KeyError as error:
        wherever.freeze(error, tmp_path / "other", redact=lambda name: name == "colour")
        wherever.freeze(error, tmp_path / "none", redact=None)
    other, none = (_frozen.load(str(tmp_path / name)) for name in ("other", "none"))
    assert "reddish" not in (tmp_path / "other").read_text()
    assert dict(frames(none)["fail"].f_locals.items())["password"] == "hunter2"
    assert repr(dict(frames(other)["fail"].f_locals.items())["colour"]) == "<redacted>"


SECRET = "hunter22-hunter22"


class Shows:
    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return f"Shows({self.text!r})"


@pytest.mark.parametrize("variables", [
    {"password": SECRET, "payload": b"ada:" + SECRET.encode()},
    {"password": SECRET, "long": "y" * 985 + SECRET},
    {"password": SECRET, "raw": b"y" * 990 + SECRET.encode()},
    {"password": "hunter\n22", "shown": Shows("hunter\n22")},
    {"passwords": {"ada": [SECRET]}, "said": f"{SECRET} is wrong"},
    {"said": f"Authorization: Bearer {SECRET}"},
    {"raw": b"Authorization: Basic " + SECRET.encode()},
    {"headers": [(b"authorization", SECRET.encode()), ("cookie", SECRET)]},
    {"headers": {b"authorization": SECRET}},
    {"db_pwd": SECRET},
    {"said": f"UID=ada;PWD={SECRET}"},
    {"said": "password=" + repr(f"a'\"{SECRET}")},
    {"shown": Shows({"password": SECRET.encode()})},
    {"said": f"token=Token('{SECRET}')"},
    {"said": "z" * 975 + f"password='{SECRET}" + "z" * 100 + "'"},
])
def test_a_secret_is_left_out_in_every_form(tmp_path, variables):
    def fail(variables):
        raise KeyError(1)

    try:
        fail(Shows(variables) if "shown" in variables else variables)
    except KeyError as error:
        wherever.freeze(error, tmp_path / "kept")
    # The source of this file has them.
    text = json.dumps(json.loads((tmp_path / "kept").read_text())["errors"])
    data = [base64.b64decode(found).decode() for found in re.findall('"bytes": "([^"]*)"', text)]
    assert "hunter" not in "".join([text, *data])
    assert repr(_frozen.load(str(tmp_path / "kept"))) == "KeyError('1')"


def test_what_is_no_secret_is_kept(tmp_path):
    def fail(variables):
        raise KeyError(1)

    kept = {"PWD": "/home/ada", "said": "y" * 990 + "/home/ada", "pair": ("colour", "red"), "raw": bytes(range(256))}
    try:
        fail(kept)
    except KeyError as error:
        wherever.freeze(error, tmp_path / "kept")
    held = dict(frames(_frozen.load(str(tmp_path / "kept")))["fail"].f_locals.items())
    assert held["variables"] == kept


def test_errors_of_every_builtin_class_come_back(tmp_path):
    classes = [kind for kind in vars(builtins).values() if isinstance(kind, type) and issubclass(kind, BaseException)]
    for kind in classes:
        if "Group" in kind.__name__:
            continue
        error = kind.__new__(kind)
        error.args = ("told",)
        wherever.freeze(error, tmp_path / "kept")
        back = _frozen.load(str(tmp_path / "kept"))
        assert isinstance(back, kind) and type(back).__name__ == kind.__name__
    wherever.freeze(FileNotFoundError(2, "No such file", "till.db"), tmp_path / "kept")
    assert str(_frozen.load(str(tmp_path / "kept"))) == "[Errno 2] No such file: 'till.db'"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups are since 3.11")
def test_a_group_whose_members_are_left_out_comes_back_by_its_text(tmp_path):
    error = ValueError(0)
    for n in range(30):
        error = ExceptionGroup(f"level {n}", [error])  # noqa: F821
    wherever.freeze(error, tmp_path / "kept")
    back = _frozen.load(str(tmp_path / "kept"))
    for n in range(29, 14, -1):
        assert str(back) == f"level {n} (1 sub-exception)"
        back = back.exceptions[0]
    assert type(back) is not type(error) and str(back) == "level 14 (1 sub-exception)"


def test_what_cannot_be_written_or_read_is_said(tmp_path):
    error = ValueError("never raised")
    with pytest.raises(FileNotFoundError):
        wherever.freeze(error, tmp_path / "no" / "such")
    for text in ("", "[]", '{"format": "other"}', '{"format": "wherever traceback", "version": 9}',
                 '{"format": "wherever traceback", "version": 1, "errors": [{}]}', "{" * 100_000):
        (tmp_path / "wrong").write_text(text)
        with pytest.raises(ValueError):
            _frozen.load(str(tmp_path / "wrong"))
    command = [sys.executable, "-m", "wherever.pdb", str(tmp_path / "wrong")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith(str(tmp_path / "wrong")) and "Traceback" not in done.stderr


def test_what_is_shown_by_failing_code_and_huge_integers_is_kept_by_what_can_be_said(tmp_path):
    class Rude:
        def __repr__(self):
            raise RuntimeError("no")

    def fail():
        rude, huge = Rude(), 1 << 100_000
        itself = []
        itself.append(itself)
        raise KeyError(1)

    try:
        fail()
    except KeyError as error:
        wherever.freeze(error, tmp_path / "kept")
    held = dict(frames(_frozen.load(str(tmp_path / "kept")))["fail"].f_locals.items())
    assert "whose text failed" in repr(held["rude"]) and repr(held["huge"]) == "an integer of 100001 bits"
    assert repr(held["itself"]) == "[[[[<list of 1>]]]]"


def test_a_file_gives_the_terminal_no_orders(tmp_path):
    try:
        raise ValueError("\x1b[2J")
    except ValueError as error:
        wherever.freeze(error, tmp_path / "kept")
    assert _frozen.heading(_frozen.load(str(tmp_path / "kept"))) == "ValueError: ?[2J"
