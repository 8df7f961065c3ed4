"""Exceptions: real types with all that they have, through callbacks and back, and tracebacks that read naturally."""

from __future__ import annotations

import copy
import gc
import json
import os
import pickle
import subprocess
import sys
import textwrap
import traceback
import weakref
from pathlib import Path

import pytest

import wherever

PROGRAM = '''
import json
import sys

LIMIT = 10

class AppError(ValueError):
    """Of the program."""

    def __init__(self, message, code):
        super().__init__(message, code)
        self.code = code

    def __str__(self):
        return f"{self.args[0]} ({self.code})"

    def advice(self):
        return f"not {self.code}"

class Quiet(AppError, KeyError):
    pass

class Slotted(Exception):
    __slots__ = ("depth",)

class Unreadable(Exception):
    def __str__(self):
        raise RuntimeError("no text")

class Taken(Exception):
    def __reduce__(self):
        raise RuntimeError("not to be run")

class Box:
    def __init__(self, value):
        self.value = value

def inner(box, items):
    total = sum(items)
    if total > LIMIT:
        raise AppError("too big", 7)

def outer(n):
    box = Box(n)
    return inner(box, list(range(n)))

def throw(error):
    raise error

def make(name, *args):
    error = globals()[name](*args)
    return error

def run(text):
    exec(compile(text, "program.txt", "exec"), {**globals()})

def via(call, *args):
    return call(*args)

def guarded(call):
    try:
        call()
    except BaseException as error:
        return error

def chained():
    try:
        try:
            outer(9)
        except ValueError as error:
            raise KeyError("k") from error
    except KeyError:
        raise RuntimeError("last")

def hidden():
    try:
        outer(9)
    except ValueError:
        raise KeyError("k") from None

def deep(n):
    return 1 / 0 if n == 0 else deep(n - 1)

kept = AppError("kept", 1)

def again():
    raise kept

def frames_of(error):
    import traceback
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]

def message_of(error):
    return str(error)
'''


@pytest.fixture
def peer(start):
    return start(PROGRAM)


def raised(call, *args):
    with pytest.raises(BaseException) as caught:
        call(*args)
    return caught.value


def test_it_is_caught_by_its_own_type_and_by_its_bases(peer):
    AppError = peer.get("AppError")
    with pytest.raises(ValueError) as caught:
        peer.get("outer")(9)
    error = caught.value
    assert type(error) is AppError
    assert issubclass(AppError, ValueError) and AppError.__mro__[1:] == ValueError.__mro__
    assert (AppError.__name__, AppError.__qualname__, AppError.__doc__) == ("AppError", "AppError", "Of the program.")
    assert error.args == ("too big", 7)
    assert str(error) == "too big (7)"
    try:
        peer.get("outer")(9)
    except AppError as again:
        assert again.code == 7
    error = raised(peer.get("run"), "raise Quiet('hush', 3)")
    assert isinstance(error, AppError) and isinstance(error, LookupError) and type(error) is peer.get("Quiet")


def test_what_it_has_is_asked_for_on_demand(peer, messages):
    error = raised(peer.get("outer"), 9)
    assert messages(peer, lambda: error.code) == (7, 2)
    assert messages(peer, lambda: error.advice()) == ("not 7", 2)
    assert messages(peer, lambda: error.args) == (("too big", 7), 0)
    for name in ("__notes__", "print_file_and_line"):
        # What the interpreter looks for when it prints one.
        assert messages(peer, lambda: hasattr(error, name)) == (False, 0)
    with pytest.raises(AttributeError):
        error.nothing
    assert {"code", "advice", "args", "__cause__"} <= set(dir(error))
    error.code = 8
    assert peer.get("message_of")(error) == "too big (8)" == str(error)
    del error.code
    assert not hasattr(error, "code")


def test_raise_and_catch_with_the_text_of_it_takes_two_messages(peer, messages):
    outer = peer.get("outer")
    raised(outer, 9)

    def report():
        try:
            outer(9)
        except ValueError:
            return traceback.format_exc()

    text, count = messages(peer, report)
    assert count == 2
    assert text.endswith("AppError: too big (7)\n")


def test_its_traceback_reads_naturally(peer):
    outer = peer.get("outer")
    try:
        outer(9)
    except ValueError as error:
        lines = traceback.format_exc().splitlines()
        names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert names[0] == "test_its_traceback_reads_naturally"
    assert names[-2:] == ["outer", "inner"]
    lines = [line for line in lines if set(line.strip()) - set("^~")]
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[2].strip() == "outer(9)"
    assert lines[-5].endswith(", in outer") and '"/<peer ' in lines[-5] and "program.py" in lines[-5]
    assert lines[-4].strip() == "return inner(box, list(range(n)))"
    assert lines[-2].strip() == 'raise AppError("too big", 7)'
    assert lines[-1].endswith("AppError: too big (7)")


BUILTIN = [
    "Exception('a', 1)", "ValueError()", "KeyError('k')", "KeyError(('a', 1))", "IndexError('i')",
    "StopAsyncIteration(4)", "GeneratorExit('g')", "SystemExit(3)", "SystemExit(1, 2)", "SystemExit()",
    "KeyboardInterrupt('k')",
    "OSError(2, 'gone', 'file.txt')", "OSError(18, 'other', 'one', None, 'two')", "OSError('only a text')",
    "FileNotFoundError(2, 'gone', b'name')", "PermissionError(13, 'no')", "BlockingIOError(11, 'later', 5)",
    "ConnectionResetError(104, 'reset')", "TimeoutError()",
    "ImportError('no', name='n', path='p')", "ModuleNotFoundError('no', name='n')", "NameError('n', name='nm')",
    "UnboundLocalError('u')", "AttributeError('a', name='attr')",
    "SyntaxError('bad')", "SyntaxError('bad', ('f.py', 3, 4, 'x = = 1\\n'))",
    "IndentationError('bad', ('f.py', 3, 4, 'x'))", "TabError('bad', ('f.py', 3, 4, None))",
    "UnicodeDecodeError('utf-8', b'ab\\xff', 2, 3, 'bad byte')", "UnicodeEncodeError('ascii', 'x\\xe9', 1, 2, 'no')",
    "UnicodeTranslateError('x\\xe9', 1, 2, 'no')",
    "ZeroDivisionError('z')", "OverflowError('o')", "FloatingPointError('f')", "AssertionError('x', 2)",
    "RecursionError('r')", "NotImplementedError('n')", "MemoryError('m')", "BufferError('b')", "EOFError('e')",
    "ReferenceError('r')", "LookupError('l')", "ArithmeticError('a')", "RuntimeError('r')", "TypeError('t')",
    "SystemError('s')", "UserWarning('w')", "DeprecationWarning('d')", "BytesWarning('b')", "BaseException('b')",
]
READ = ["args", "code", "errno", "strerror", "filename", "filename2", "characters_written", "name", "path", "msg",
        "lineno",
        "offset", "text", "end_lineno", "end_offset", "print_file_and_line", "encoding", "object", "start", "end",
        "reason", "value", "__cause__", "__suppress_context__"]


def looked_at(error):
    return {name: getattr(error, name, "not there") for name in READ}


@pytest.mark.parametrize("made", BUILTIN)
def test_a_builtin_exception_arrives_as_it_was_raised(peer, made):
    here = eval(made)
    there = raised(peer.get("run"), f"raise {made}")
    assert type(there) is type(here)
    assert looked_at(there) == looked_at(here)
    assert str(there) == str(here)
    assert repr(there) == repr(here)
    assert peer.get("via")(len, "the next call works") == 19


def test_every_builtin_exception_that_can_be_raised_is_among_these():
    known = {type(eval(made)) for made in BUILTIN}
    all_ = {value for value in vars(__import__("builtins")).values()
            if isinstance(value, type) and issubclass(value, BaseException)}
    left = {cls.__name__ for cls in all_ - known}
    same_layout = {cls.__name__ for cls in all_ if issubclass(cls, (ConnectionError, OSError, Warning, ValueError))}
    assert left - same_layout <= {"StopIteration", "BaseExceptionGroup", "ExceptionGroup", "EncodingWarning",
                                  "PythonFinalizationError", "_IncompleteInputError"}


def test_attributes_that_were_set_later_come_along(peer):
    error = raised(peer.get("run"), "e = OSError(2, 'gone'); e.filename = 'late'; raise e")
    assert (error.filename, str(error), error.args) == ("late", "[Errno 2] gone: 'late'", (2, "gone"))
    error = raised(peer.get("run"), "e = SystemExit(1); e.code = 5; raise e")
    assert (error.code, error.args) == (5, (1,))
    error = raised(peer.get("run"), "import foreign_module_of_nobody")
    assert (type(error), error.name) == (ModuleNotFoundError, "foreign_module_of_nobody")


def test_attributes_of_a_builtin_layout_come_with_a_users_class(peer):
    run = peer.get("run")
    error = raised(run, """
class Missing(OSError):
    def __init__(self, name):
        super().__init__(2, "missing", name)
        self.extra = 1
raise Missing("f")
""")
    assert (error.errno, error.filename, error.extra) == (2, "f", 1)
    assert isinstance(error, OSError) and str(error) == "[Errno 2] missing: 'f'"
    error = raised(run, "class Stop(SystemExit):\n def __init__(self): self.code = 9\nraise Stop")
    assert isinstance(error, SystemExit) and error.code == 9


def test_stop_iteration_has_its_value(peer):
    with pytest.raises(StopIteration) as caught:
        peer.get("run")("raise StopIteration(4)")
    assert caught.value.value == 4


def test_chains_notes_and_what_is_hidden(peer):
    error = raised(peer.get("chained"))
    assert type(error) is RuntimeError and error.__cause__ is None and not error.__suppress_context__
    middle = error.__context__
    assert type(middle) is KeyError and middle.__suppress_context__
    first = middle.__cause__
    assert type(first) is peer.get("AppError") and first.code == 7
    text = "".join(traceback.format_exception(error))
    assert "direct cause" in text and "During handling" in text
    assert text.index("in inner") < text.index("direct cause") < text.index("During handling")
    error = raised(peer.get("hidden"))
    assert (error.__suppress_context__, error.__cause__, error.__context__) == (True, None, None)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="notes came with 3.11")
def test_notes_come_along(peer):
    error = raised(peer.get("run"), "e = ValueError(1); e.add_note('one'); e.add_note('two'); raise e")
    assert error.__notes__ == ["one", "two"]
    error.add_note("three")
    assert "three" in "".join(traceback.format_exception(error))


def test_what_is_handled_here_is_the_context(peer):
    try:
        try:
            raise LookupError("here")
        except LookupError as error:
            here = error
            peer.get("chained")()
    except RuntimeError as error:
        middle = error.__context__
        assert middle.__context__ is middle.__cause__
        assert middle.__cause__.__context__ is here
        text = traceback.format_exc()
        assert text.index("LookupError: here") < text.index("AppError") < text.index("KeyError: 'k'")
    assert raised(peer.get("outer"), 9).__context__ is None


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups came with 3.11")
def test_groups_keep_their_members(peer):
    error = raised(peer.get("run"), """
errors = []
for act in (lambda: outer(9), lambda: {}["k"], lambda: int("x")):
    try:
        act()
    except Exception as e:
        errors.append(e)
raise ExceptionGroup("several", [errors[0], ExceptionGroup("inner", errors[1:])])
""")
    assert type(error) is ExceptionGroup and error.message == "several"
    app, inner = error.exceptions
    assert type(app) is peer.get("AppError") and app.code == 7
    assert [type(member) for member in inner.exceptions] == [KeyError, ValueError]
    text = "".join(traceback.format_exception(error))
    assert "in inner" in text and "ExceptionGroup: several (2 sub-exceptions)" in text
    values, rest = error.split(ValueError)
    assert [str(member) for member in rest.exceptions[0].exceptions] == ["'k'"]
    scope = {"error": error, "caught": []}
    exec("try:\n    raise error\nexcept* ValueError as group:\n    caught.append(group)\n"
         "except* KeyError as group:\n    caught.append(group)", scope)
    assert [len(group.exceptions) for group in scope["caught"]] == [2, 1]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups came with 3.11")
def test_a_group_of_a_users_class(peer):
    error = raised(peer.get("run"), """
class Several(ExceptionGroup):
    def __new__(cls, errors, code):
        made = super().__new__(cls, "of mine", errors)
        made.code = code
        return made
    def derive(self, errors):
        return Several(errors, self.code)
raise Several([ValueError(1), AppError("a", 2)], 5)
""")
    assert isinstance(error, ExceptionGroup) and type(error).__name__ == "Several"
    assert (error.message, error.code, len(error.exceptions)) == ("of mine", 5, 2)


class Mine(Exception):
    def __init__(self, where):
        super().__init__(where)
        self.where = where


def test_what_a_callback_raises_comes_home_as_the_very_same_object(peer):
    mine = Mine("here")

    def callback():
        inside = 1
        raise mine

    via = peer.get("via")
    with pytest.raises(Mine) as caught:
        via(callback)
    assert caught.value is mine and mine.where == "here"
    names = [frame.name for frame in traceback.extract_tb(mine.__traceback__)]
    assert names == ["test_what_a_callback_raises_comes_home_as_the_very_same_object", "via", "callback"]
    at = mine.__traceback__
    while at.tb_next:
        at = at.tb_next
    assert at.tb_frame.f_locals == {"inside": 1, "mine": mine}
    with pytest.raises(Mine):
        via(via, callback)
    names = [frame.name for frame in traceback.extract_tb(mine.__traceback__)]
    assert names[-3:] == ["via", "via", "callback"] or names[-2:] == ["via", "callback"]
    with pytest.raises(Mine) as caught:
        peer.get("throw")(Mine("thrown"))
    assert caught.value.where == "thrown"


def test_an_exception_of_this_side_is_itself_over_there(peer):
    mine = Mine("here")
    with pytest.raises(Mine) as caught:
        peer.get("throw")(mine)
    assert caught.value is mine

    def fail():
        raise mine

    assert peer.get("guarded")(fail) is mine
    assert peer.get("via")(lambda error: error is mine, mine)


def test_an_exception_passed_as_a_value_can_be_raised(peer, messages):
    make = peer.get("make")
    error = make("AppError", "made", 5)
    assert isinstance(error, ValueError) and error.args == ("made", 5) and error.code == 5
    with pytest.raises(peer.get("AppError")) as caught:
        raise error
    assert caught.value is error
    plain = peer.get("via")(peer.get("guarded"), lambda: {}["k"])
    assert type(plain) is KeyError and plain.args == ("k",)
    assert peer.get("kept") is peer.get("kept")
    assert raised(peer.get("again")) is raised(peer.get("again")) is peer.get("kept")
    assert raised(peer.get("throw"), error) is error
    far = peer.get("guarded")(lambda: int("x"))
    assert type(far) is ValueError
    made = peer.get("AppError")("local", 6)
    assert type(made) is peer.get("AppError") and made.advice() == "not 6"
    assert wherever.is_remote(made)


def test_an_exception_passed_as_a_value_has_its_chain(start):
    peer = start("""
    def failed():
        try:
            try:
                {}["k"]
            except KeyError as error:
                raise OSError(2, "gone", "f") from error
        except OSError as error:
            return error
    """, policy="public")
    error = peer.get("failed")()
    assert (type(error), error.filename, error.args) == (FileNotFoundError, "f", (2, "gone"))
    assert type(error.__cause__) is KeyError and error.__cause__.args == ("k",)
    assert [frame.name for frame in traceback.extract_tb(error.__traceback__)] == ["failed"]


def test_classes_that_are_awkward(peer):
    run = peer.get("run")
    error = raised(run, "raise Slotted('s')")
    assert error.args == ("s",) and type(error) is peer.get("Slotted")
    error = raised(run, "raise Unreadable('u')")
    assert error.args == ("u",) and str(error) == "<exception str() failed>"
    error = raised(run, "raise Taken(1, 2)")
    assert error.args == (1, 2)
    error = raised(run, "a, b = ValueError(1), KeyError(2); a.__context__ = b; b.__context__ = a; raise a")
    assert type(error.__context__) is KeyError and error.__context__.__context__ is None
    error = raised(run, "e = ValueError(object()); raise e")
    assert wherever.is_remote(error.args[0])
    error = raised(run, "raise ValueError('x' * 100_000)")
    assert error.args[0].startswith("xxx") and len(error.args[0]) < 100_000


def test_exit_and_interrupt_arrive_as_such(peer):
    assert raised(peer.get("run"), "import sys; sys.exit(3)").code == 3
    assert type(raised(peer.get("run"), "raise KeyboardInterrupt")) is KeyboardInterrupt
    assert peer.get("via")(len, "ab") == 2


def test_a_deep_recursion_is_printed_short(peer):
    error = raised(peer.get("deep"), 900)
    text = "".join(traceback.format_exception(error))
    assert "Previous line repeated" in text and len(text) < 300_000
    assert text.rstrip().endswith("ZeroDivisionError: division by zero")


def test_a_deep_recursion_of_a_callback_comes_home_once(peer):
    def deep(n):
        return 1 / 0 if n == 0 else deep(n - 1)

    error = raised(peer.get("via"), deep, 300)
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert names.count("via") == 1 and names.count("deep") == 301


def test_errors_of_wherever_itself_arrive_as_themselves(start, tmp_path):
    peer = start("""
    import wherever

    def call(what):
        try:
            return what()
        except wherever.NotFound:
            raise

    def deny(thing):
        return thing.hidden()

    def raises():
        raise wherever.Overloaded("mine")
    """)
    with pytest.raises(wherever.NotFound) as caught:
        peer.get("nothing")
    assert "nothing" in str(caught.value)

    def get():
        return peer.get("nothing")

    with pytest.raises(wherever.NotFound):
        peer.get("call")(get)

    class Hidden:
        def hidden(self):
            pass

    with pytest.raises(wherever.Denied) as caught:
        peer.get("deny")(Hidden())
    assert "hidden" in str(caught.value) and "closed" in str(caught.value)
    with pytest.raises(wherever.Overloaded) as caught:
        peer.get("raises")()
    assert caught.value.args == ("mine",) and type(caught.value) is wherever.Overloaded


def test_a_peer_that_ends_in_a_call_may_have_run_it(start):
    peer = start("""
    import os

    def end():
        os._exit(0)
    """)
    end = peer.get("end")
    with pytest.raises(wherever.Disconnected) as caught:
        end()
    assert caught.value.may_have_run and isinstance(caught.value, ConnectionError)
    with pytest.raises(wherever.Disconnected) as caught:
        end()
    assert not caught.value.may_have_run


def test_a_middle_passes_errors_on_unchanged(start, tmp_path):
    program = tmp_path / "owner.py"
    program.write_text(PROGRAM + "\nimport wherever\nwherever.serve_stdio({k: v for k, v in list(globals().items()) "
                       "if k[0] != '_'}, policy='open')\n")
    middle = start(f"""
    import sys
    import wherever
    owner = wherever.connect_command([sys.executable, {str(program)!r}], policy="open")
    outer, chained, run, throw = (owner.get(name) for name in ("outer", "chained", "run", "throw"))
    AppError = owner.get("AppError")

    def noted():
        try:
            outer(9)
        except ValueError as error:
            error.add_note("of the middle")
            raise
    """)
    error = raised(middle.get("outer"), 9)
    assert isinstance(error, ValueError) and type(error).__name__ == "AppError" and error.args == ("too big", 7)
    assert error.code == 7 and str(error) == "too big (7)"
    assert type(error) is middle.get("AppError")
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert names[-2:] == ["outer", "inner"]
    assert type(raised(middle.get("chained")).__context__.__cause__) is middle.get("AppError")
    error = raised(middle.get("run"), "raise OSError(2, 'gone', 'f')")
    assert (type(error), error.filename) == (FileNotFoundError, "f")
    mine = Mine("here")
    assert raised(middle.get("throw"), mine) is mine
    if sys.version_info >= (3, 11):
        assert raised(middle.get("noted")).__notes__ == ["of the middle"]


def test_a_class_here_can_derive_from_a_remote_exception(peer):
    AppError = peer.get("AppError")

    class Local(AppError):
        def __init__(self, code):
            Exception.__init__(self, "local", code)
            self.code = code

    try:
        raise Local(4)
    except AppError as error:
        assert error.code == 4 and isinstance(error, ValueError)
        error.other = 5
        assert error.other == 5
        with pytest.raises(AttributeError):
            error.nothing
        local = error
    assert raised(peer.get("throw"), local) is local


def test_a_remote_exception_is_neither_pickled_nor_copied(peer):
    error = raised(peer.get("outer"), 9)
    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            take(error)
    with pytest.raises(pickle.PicklingError, match="stays where it is"):
        pickle.dumps(type(error))
    plain = raised(peer.get("run"), "raise KeyError('k')")
    back = pickle.loads(pickle.dumps(plain))
    assert type(back) is KeyError and back.args == ("k",) and not wherever.is_remote(back)
    assert copy.deepcopy(plain).args == ("k",)


def test_frames_hold_nothing_that_a_caught_error_keeps(peer, start):
    owner = start("""
    import gc, weakref

    class Box:
        pass

    boxes = weakref.WeakSet()

    def fail():
        box = Box()
        boxes.add(box)
        raise ValueError(box)

    def left():
        gc.collect()
        return len(boxes)
    """)
    for _ in range(20):
        raised(owner.get("fail"))
    import gc
    gc.collect()
    owner.get("left")()
    assert owner.get("left")() <= 1


def test_json_names_what_it_cannot_read(peer):
    error = raised(peer.get("run"), "import json; json.loads('{')")
    assert isinstance(error, ValueError) and type(error).__name__ == "JSONDecodeError"
    assert (error.pos, error.lineno) == (json.JSONDecodeError("m", "{", 1).pos, 1)


def test_a_program_that_ends_before_it_answers_is_no_peer():
    with pytest.raises((wherever.Disconnected, OSError)) as caught:
        wherever.connect_command([sys.executable, "-c", "pass"])
    assert not isinstance(caught.value, AttributeError) and str(caught.value)
    with pytest.raises(wherever.Error, match="nonsense") as caught:
        wherever.serve("nonsense:here", {})
    assert isinstance(caught.value, OSError)


def test_it_is_printed_from_memory_when_the_peer_is_gone(peer):
    error = raised(peer.get("outer"), 9)
    peer.close()
    text = "".join(traceback.format_exception(error))
    assert 'raise AppError("too big", 7)' in text and text.endswith("AppError: too big (7)\n")
    with pytest.raises(wherever.Disconnected):
        error.code


def test_a_tracer_sees_nothing_of_places_over_there(peer):
    outer, seen = peer.get("outer"), set()

    def trace(frame, event, arg):
        seen.add(frame.f_code.co_filename)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    sys.setprofile(trace)
    try:
        raised(outer, 9)
    finally:
        sys.settrace(before)
        sys.setprofile(None)
    assert __file__ in seen
    assert not [name for name in seen if "peer" in name]


def test_places_over_there_keep_nothing_alive_of_who_called(peer):
    outer, gone = peer.get("outer"), []

    def call():
        held = type("Held", (), {})()
        gone.append(weakref.ref(held))
        with pytest.raises(ValueError) as caught:
            outer(9)
        return [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)][1:]

    frames = call()
    gc.collect()
    assert frames and [frame.f_back for frame in frames] == [None] * len(frames)
    assert gone[0]() is None


def run_here(tmp_path, program, *words):
    owner = tmp_path / "owner.py"
    owner.write_text(PROGRAM + "\nimport wherever\nwherever.serve_stdio({k: v for k, v in list(globals().items()) "
                     "if k[0] != '_'}, policy='open')\n")
    script = tmp_path / "script_test.py"
    script.write_text(f"import sys, wherever\nOWNER = {str(owner)!r}\n" + textwrap.dedent(program))
    folder = str(Path(wherever.__file__).parent.parent)
    return subprocess.run([sys.executable, *(word.format(script) for word in words)], capture_output=True, text=True,
                          cwd=tmp_path, env={**os.environ, "PYTHONPATH": folder}, timeout=60)


def test_uncaught_in_a_script_it_is_printed_with_the_places_over_there(tmp_path):
    done = run_here(tmp_path, """
        with wherever.connect_command([sys.executable, OWNER]) as peer:
            peer.get("outer")(9)
    """, "{}")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0].startswith("Traceback") and lines[-1].endswith("AppError: too big (7)")
    assert [line.rsplit(" ", 1)[1] for line in lines if line.strip().startswith("File")] == ["<module>", "outer",
                                                                                             "inner"]


def test_tools_of_tests_take_it_as_any_exception(tmp_path):
    program = """
        import unittest

        class Calls(unittest.TestCase):
            def setUp(self):
                self.peer = wherever.connect_command([sys.executable, OWNER])
                self.addCleanup(self.peer.close)

            def test_raises(self):
                with self.assertRaises(ValueError) as caught:
                    self.peer.get("outer")(9)
                assert caught.exception.code == 7

            def test_fails(self):
                self.peer.get("outer")(9)
    """
    done = run_here(tmp_path, program, "-m", "unittest", "--locals", "script_test")
    assert "FAILED (errors=1)" in done.stderr and "in inner" in done.stderr, done.stderr
    assert 'raise AppError("too big", 7)' in done.stderr
    done = run_here(tmp_path, program, "-m", "pytest", "-q", "-l", "-p", "no:cacheprovider", "{}")
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    assert "in outer" in done.stdout and "too big (7)" in done.stdout


def test_what_was_given_to_a_builtin_exception_comes_along(start):
    program = """
        import wherever
        @wherever.exposed
        def fail():
            error = ValueError("failed")
            error.code, error.where = 7, [1, 2]
            error._hidden = error.with_traceback = 5
            raise error
    """
    with pytest.raises(ValueError) as caught:
        start(program).get("fail")()
    assert (caught.value.code, list(caught.value.where)) == (7, [1, 2])
    assert not hasattr(caught.value, "_hidden") and callable(caught.value.with_traceback)
    # Nobody has exposed it.
    with pytest.raises(ValueError) as caught:
        start(program, policy="closed").get("fail")()
    assert not hasattr(caught.value, "code")
