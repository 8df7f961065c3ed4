"""The traceback of an error over there, opened here by an unmodified pdb and by all that reads tracebacks."""

from __future__ import annotations

import inspect
import pathlib
import re
import signal
import sys
import traceback

import pytest

import wherever
from pdb_session import FILE, INNER, LAUNCHER, OUTER, OWNER, spawn

CATCHES = """
mine = "mine"
try:
    m.outer(9)
except ValueError as e:
    error = e
"""
OPENS = CATCHES + """
pdb.post_mortem(error.__traceback__)
"""
# The code of the operation in the protocol.
GET = 2
SHOWN = rf"/<peer \d+>{FILE}"


@pytest.fixture
def session(tmp_path):
    session = spawn(tmp_path, OPENS)
    session.opened = session.prompt()
    yield session
    session.child.close(force=True)


def test_it_opens_where_it_failed(session):
    assert re.fullmatch(rf"> {SHOWN}\({INNER}\)inner\(\)\n-> raise AppError\(\"too big\", 7\)", session.opened)


def test_where_shows_local_and_remote_frames_in_one_list(session):
    lines = session.type("w").splitlines()
    assert [bool(re.search(SHOWN, line)) for line in lines[::2]] == [False, True, True]
    assert "here.py" in lines[0] and lines[1] == "-> m.outer(9)"
    assert lines[2].endswith(f"({OUTER})outer()") and lines[4].startswith("> ")
    assert lines[3] == '-> return inner(Box(n), list(range(n)), True, "r1", deep=1)'
    assert session.trips() == 0


def test_a_whole_session_takes_two_round_trips(session):
    assert "inner()" in session.type("w")
    assert "outer()" in session.type("u")
    assert session.type("p msg") == "'hello'"
    assert f"{OUTER}  ->" in session.type("l")
    # One for the frame's variables, one for the file's source: the issue allows three.
    assert session.trips() == 2
    assert session.end() == ""


# What is typed in the frame that failed, what it prints, how many round trips it takes.
COMMANDS = [
    ("a", "box = Box(9)\nitems = [0, 1, 2, 3, 4, 5, 6, 7, 8]\nflag = True\nrest = ('r1',)\nopts = {'deep': 1}", 4),
    ("p total", "36", 0),
    ("p x", "[1, 2, {'k': Box(9)}]", 1),
    ("pp x", "[1, 2, {'k': Box(9)}]", 1),
    ("p box.v", "9", 1),
    ("p len(items)", "9", 1),
    ("p flag, rest", "(True, ('r1',))", 0),
    ("!total = 1000", "", 1),
    ("p total", "1000", 0),
    ("p LIMIT", "10", 1),
    ("p [LIMIT for q in (1,)]", "[10]", 1),
    ("p (lambda: LIMIT)()", "10", 1),
    ("p input('?')", "'remote input'", 2),
    ("p len('abc')", "3", 0),
    ("zz = 5", "", 0),
    ("import json", "", 0),
    ("p json.dumps([zz])", "'[5]'", 0),
    ("whatis x", "<class 'wherever.list'>", 0),
    ("whatis total", "<class 'int'>", 0),
    ("p nosuch", "*** NameError: name 'nosuch' is not defined", 1),
    ("p 1 + 'a'", "*** TypeError: unsupported operand type(s) for +: 'int' and 'str'", 0),
    ("display total", "display total: 1000", 0),
    ("del flag", "", 1),
    ("p flag", "*** NameError: name 'flag' is not defined", 1),
    ("flag = 'again'", "", 1),
    ("p flag", "'again'", 0),
]


def test_each_command_prints_what_it_would_here_and_takes_so_many_round_trips(session):
    wanted = list(COMMANDS)
    if sys.version_info >= (3, 13):
        # From there on no variable of a function can be deleted by a debugger, here or elsewhere.
        at = wanted.index(("del flag", "", 1))
        wanted[at:at + 2] = [("del flag", "*** NameError: name 'flag' is not defined", 1), ("p flag", "True", 0)]
    seen = []
    for typed, _, _ in COMMANDS:
        printed = session.type(typed)
        seen.append((typed, printed, session.trips()))
    assert seen == wanted


def test_the_page_says_what_was_measured():
    page = pathlib.Path(__file__).parents[2] / "docs" / "debugging.md"
    rows = "".join(f"| `{typed}` | {trips} |\n" for typed, _, trips in COMMANDS)
    assert "| typed | round trips |\n|---|---|\n" + rows in page.read_text()


def test_list_and_longlist_fetch_the_source_once(session):
    listed = session.type("l").splitlines()
    assert session.trips() == 1
    assert len(listed) == 11 and listed[5] == f' {INNER}  ->\t        raise AppError("too big", 7)'
    whole = session.type("ll").splitlines()
    assert whole[0] == " 20  \tdef inner(box, items, flag, *rest, **opts):" and len(whole) == 8
    assert [line.split("\t")[1] for line in whole] == OWNER.splitlines()[19:27]
    session.type("u")
    assert 'msg = "hello"' in session.type("ll")
    assert session.trips() == 0


def test_what_is_written_is_written_over_there_and_names_of_this_side_are_not(tmp_path):
    session = spawn(tmp_path, """
    error = m.fast_frame()
    frame = m.frame_of(error)
    pdb.post_mortem(error.__traceback__.tb_next)
    print("THERE", frame.f_locals["total"], sorted(frame.f_locals.keys()))
    """, source=OWNER + """
def frame_of(error):
    return error.__traceback__.tb_next.tb_next.tb_frame
""")
    session.prompt()
    assert session.type("p total") == "36"
    session.type("!total = 1000")
    session.type("zz = 5")
    session.type("import json")
    assert session.type("p total, zz") == "(1000, 5)"
    there = session.end()
    assert "THERE 1000 ['box', 'flag', 'item', 'items', 'opts', 'rest', 'total', 'x']" in there


def test_up_to_the_callers_own_variables(session):
    session.type("u")
    assert session.type("p n, msg") == "(9, 'hello')"
    session.type("u")
    assert session.type("p mine") == "'mine'"
    assert session.trips() == 1


def test_interact_and_source_and_display(session):
    session.child.sendline("interact")
    session.child.expect_exact(">>> ")
    session.child.sendline("print(total, LIMIT)")
    session.child.expect_exact("36 10")
    session.child.expect_exact(">>> ")
    session.child.sendeof()
    session.child.expect_exact("(Pdb) ")
    printed = session.type("source inner")
    assert "def inner(box, items, flag, *rest, **opts):" in printed and "return total" in printed
    assert "display total: 36" in session.type("display total")


def test_the_remote_text_is_shown_though_the_same_path_exists_here(tmp_path):
    here = tmp_path / "rmod.py"
    here.write_text("# nothing of this\n" * 60)
    session = spawn(tmp_path, OPENS, file=str(here))
    opened = session.prompt()
    assert "-> raise AppError" in opened
    assert "nothing of this" not in session.type("l") + session.type("ll") + session.type("source inner")
    session.end()


def test_printing_costs_nothing_but_the_error_itself(tmp_path):
    session = spawn(tmp_path, """
    import io, inspect, logging
    outer = m.outer
    try:
        outer(0)
    except BaseException:
        pass
    def count():
        stats = peer.stats()
        return stats.messages_sent + stats.messages_received
    before = count()
    try:
        outer(9)
    except ValueError as e:
        error = e
        after = count()
        text = traceback.format_exc()
        for _ in range(3):
            traceback.print_exc()
        logging.exception("logged")
    print("MESSAGES", after - before, count() - after)
    # That one reads the whole of each file.
    inner = inspect.getinnerframes(error.__traceback__)
    print("INSPECTED", count() - after, [(frame.function, len(frame.code_context or ())) for frame in inner])
    print("CODE", error.code, type(error) is m.AppError)
    """)
    printed = session.child.read().replace("\r\n", "\n")
    assert "MESSAGES 2 0\n" in printed
    # Before 3.13 it looks for where each function begins, which takes the source.
    trips = 0 if sys.version_info >= (3, 13) else 1
    assert f"INSPECTED {trips * 2} [('<module>', 1), ('outer', 1), ('inner', 1)]" in printed
    assert "CODE 7 True" in printed
    assert 'raise AppError("too big", 7)' in printed and printed.count("AppError: too big\n") == 4
    if (3, 11) <= sys.version_info < (3, 13):
        # Under the call, and nowhere else. Later versions leave them out where all that is returned is a call.
        at = printed.index("return inner(Box(n)")
        line, carets = printed[at:].splitlines()[:2]
        assert carets.strip() == "^" * len('inner(Box(n), list(range(n)), True, "r1", deep=1)')


def test_after_the_peer_was_killed_what_was_seen_stays_and_the_rest_says_so(tmp_path):
    session = spawn(tmp_path, OPENS)
    session.prompt()
    session.type("u")
    session.type("p msg")
    session.type("l")
    session.type("d")
    session.type("u")
    session.type("u")
    killed = session.type("import subprocess; print(subprocess.run(['pkill', '-KILL', '-P', str(os.getpid()),"
                          " '-f', 'launcher.py']).returncode)")
    assert killed.endswith("0")
    assert "inner()" in session.type("w") and "outer()" in session.type("d")
    assert session.type("p msg, n") == "('hello', 9)"
    assert 'msg = "hello"' in session.type("ll")
    assert session.type("p LIMIT").startswith("*** wherever.Disconnected: ")
    session.type("d")
    assert f"{INNER}  ->" in session.type("l")
    assert session.type("p total").startswith("*** wherever.Disconnected: ")
    assert session.type("p 1 + 1") == "*** wherever.Disconnected" or session.type("p 1 + 1") == "2"
    session.child.sendline("interact")
    session.child.expect_exact(">>> ")
    session.child.sendline("print(globals()['...'])")
    session.child.expect_exact("not to be had: Disconnected")
    session.child.expect_exact(">>> ")
    session.child.sendeof()
    session.child.expect_exact("(Pdb) ")
    session.end()


def test_local_via_callback_is_one_list_and_all_variables_are_there(tmp_path):
    session = spawn(tmp_path, """
    def failing(where):
        deepest = "here again"
        raise KeyError(where)
    mine = "mine"
    try:
        m.via(failing)
    except KeyError as e:
        error = e
    pdb.post_mortem(error.__traceback__)
    """)
    assert "failing()" in session.prompt()
    lines = session.type("w").splitlines()[::2]
    assert [re.search(r"\)(\S+)\(\)$", line)[1] for line in lines] == ["<module>", "via", "failing"]
    assert session.type("p deepest, where") == "('here again', \"via's own\")"
    session.type("u")
    assert session.type("p inside") == "\"via's own\""
    assert "return callback(inside)" in session.type("l")
    session.type("u")
    assert session.type("p mine") == "'mine'"
    assert session.trips() == 2
    session.end()


def test_frames_behind_a_middle_are_there_too(tmp_path, start):
    far = tmp_path / "far.py"
    far.write_text(LAUNCHER % (FILE, OWNER, "open"))
    middle = start(f"""
    import sys, wherever
    far = wherever.connect_command([sys.executable, {str(far)!r}]).root
    def relay(n):
        between = "the middle's own"
        return far.outer(n)
    """)
    try:
        middle.get("relay")(9)
    except ValueError as caught:
        error = caught
    frames = {frame.f_code.co_name: frame for frame in there(error)}
    assert list(frames) == ["relay", "outer", "inner"]
    assert frames["relay"].f_locals["between"] == "the middle's own"
    assert frames["inner"].f_locals["total"] == 36
    assert eval("LIMIT", frames["inner"].f_globals, frames["inner"].f_locals) == 10
    frames["inner"].f_locals["total"] = 7
    assert there(error)[-1].f_locals["total"] == 7
    text = "".join(traceback.format_exception(error))
    assert "return far.outer(n)" in text and 'raise AppError("too big", 7)' in text
    assert 'msg = "hello"' in inspect.getsource(frames["outer"])


def test_the_chain_is_printed_with_frames_and_can_be_walked(tmp_path):
    session = spawn(tmp_path, """
    try:
        m.chained(9)
    except RuntimeError as e:
        error = e
    traceback.print_exception(error)
    pdb.post_mortem(error if sys.version_info >= (3, 13) else error.__traceback__)
    """)
    printed = session.prompt()
    assert "direct cause of the following exception" in printed
    assert printed.count(FILE) >= 4
    if sys.version_info >= (3, 13):
        assert "AppError" in session.type("exceptions")
        assert "inner()" in session.type("exceptions 0")
        assert session.type("p total") == "36"
    session.end()


def test_an_uncaught_one_in_a_script_and_pm_at_the_prompt(tmp_path):
    session = spawn(tmp_path, "m.outer(9)", runs=("-i",), prompt=">>> ")
    printed = session.prompt()
    assert "in inner" in printed and "AppError: too big" in printed
    session.child.sendline("import pdb; pdb.pm()")
    session.child.expect_exact("(Pdb) ")
    session.child.sendline("p total")
    session.child.expect_exact("36")
    session.child.close(force=True)


def test_an_uncaught_one_is_printed_with_its_lines(tmp_path):
    session = spawn(tmp_path, """
    wherever.install_excepthook()
    thread = threading.Thread(target=m.outer, args=[9], name="worker")
    thread.start()
    thread.join()
    m.outer(9)
    """)
    printed = session.child.read()
    assert "Exception in thread worker:" in printed
    assert printed.count('raise AppError("too big", 7)') == 2 == printed.count("AppError: too big")


def test_pdb_as_a_module_stops_in_the_remote_frame(tmp_path):
    session = spawn(tmp_path, "m.outer(9)", runs=("-m", "pdb"))
    session.child.expect_exact("(Pdb) ")
    assert "Uncaught exception" in session.type("c")
    assert session.type("p total") == "36"
    session.child.close(force=True)


def test_900_deep_is_printed_short(tmp_path):
    session = spawn(tmp_path, """
    try:
        m.deep(900)
    except ZeroDivisionError as e:
        text = traceback.format_exc()
    assert sys.version_info < (3, 11) or "    return 1 // 0\\n" + " " * 11 + "~~^^~~\\n" in text, text
    stats = peer.stats()
    print("DEEP", "Previous line repeated" in text, stats.bytes_received < 300_000, len(text) < 5000)
    """)
    assert "DEEP True True True" in session.child.read()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups of exceptions came with 3.11")
def test_members_of_a_group_keep_types_and_frames(tmp_path):
    session = spawn(tmp_path, """
    try:
        m.grouped()
    except* ValueError as group:
        traceback.print_exception(group)
        member = group.exceptions[0]
    except* KeyError:
        pass
    print("MEMBER", type(member) is m.AppError)
    pdb.post_mortem(member.__traceback__)
    """)
    printed = session.prompt()
    assert "MEMBER True" in printed and "+-+----" in printed
    assert session.type("p total") == "36"
    session.end()


def test_no_tracer_sees_events_in_remote_files(tmp_path):
    session = spawn(tmp_path, """
    seen = set()
    def trace(frame, event, arg):
        seen.add(frame.f_code.co_filename)
        return trace
    def call():
        try:
            m.outer(9)
        except ValueError as e:
            return e
    sys.settrace(trace)
    error = call()
    sys.settrace(None)
    print("EVENTS", [file for file in seen if "<peer" in file], any(file.endswith("here.py") for file in seen))
    """)
    assert "EVENTS [] True" in session.child.read()


def test_frames_that_were_cleared_are_opened_anew(tmp_path):
    session = spawn(tmp_path, """
    import unittest
    class Case(unittest.TestCase):
        def runTest(self):
            with self.assertRaises(ValueError):
                m.outer(9)
    print("PASSED", unittest.TextTestRunner(stream=sys.stdout).run(Case()).wasSuccessful())
    try:
        m.outer(9)
    except ValueError as e:
        error = e
    traceback.clear_frames(error.__traceback__)
    wherever.post_mortem(error)
    """)
    assert "PASSED True" in session.prompt()
    assert session.type("p total") == "36"
    session.end()


def test_failing_tests_show_remote_variables(tmp_path):
    session = spawn(tmp_path, """
    import unittest
    class Case(unittest.TestCase):
        def runTest(self):
            m.outer(9)
    unittest.TextTestRunner(stream=sys.stdout, tb_locals=True).run(Case())
    """)
    assert "total = 36" in session.child.read()


def test_pytest_stops_in_the_remote_frame(tmp_path):
    session = spawn(tmp_path, """
def test_it():
    m.outer(9)
""", runs=("-m", "pytest", "-p", "no:cacheprovider", "-q", "--pdb"))
    session.child.expect_exact("(Pdb) ")
    assert "AppError: too big" in session.child.before
    assert "> " in session.type("w").splitlines()[-2] and "inner()" in session.type("w")
    assert session.type("p total") == "36"
    session.end()


def test_rich_prints_source_and_variables(tmp_path):
    session = spawn(tmp_path, CATCHES + """
import rich.console, rich.traceback
console = rich.console.Console(file=sys.stdout, width=150, force_terminal=False)
whole = rich.traceback.Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True)
console.print(whole)
""")
    printed = session.child.read()
    assert "total = 36" in printed and "box = Box(9)" in printed and "msg = 'hello'" in printed
    assert 'raise AppError("too big", 7)' in printed and "def outer(n):" in printed


@pytest.mark.parametrize("policy", ["closed", "public"])
def test_where_the_policy_does_not_tell_variables_they_are_refused_clearly(tmp_path, policy):
    session = spawn(tmp_path, """
    try:
        m.outer(9)
    except ValueError as e:
        error = e
    pdb.post_mortem(error.__traceback__)
    """, policy=policy)
    assert "inner()" in session.prompt()
    assert "outer()" in session.type("w")
    assert session.type("p total").startswith("*** wherever.Denied: 'total' is not known here")
    assert session.type("p len('abc')") == "3"
    listed = session.type("l")
    if policy == "public":
        assert "the source is not told" in listed and "raise AppError" in listed
    else:
        assert listed == "[EOF]" and "raise" not in session.type("w")
    assert session.trips() == 0
    session.end()


def test_interrupting_a_wait_at_the_prompt_keeps_the_session(tmp_path):
    session = spawn(tmp_path, OPENS, source=OWNER + """
import time
def stuck():
    print("STUCK", file=sys.stderr, flush=True)
    time.sleep(600)
""")
    session.prompt()
    session.child.sendline("p stuck()")
    session.child.expect_exact("STUCK")
    session.child.kill(signal.SIGINT)
    session.child.expect_exact("(Pdb) ")
    assert "KeyboardInterrupt" in session.child.before
    assert session.type("p 1 + 1") == "2"
    session.child.close(force=True)


TELLS = """
import sys
import wherever
LIMIT = 10
class Box:
    def __init__(self, v):
        self.v = v
@wherever.exposed
def outer(n):
    msg, box = "hello", Box(n)
    raise ValueError("too big")
node = wherever.Node({"outer": outer}, policy="closed", tell_frames=%r)
node.serve("stdio:").wait()
"""


def caught_from(tmp_path, tell_frames):
    program = tmp_path / f"tells_{tell_frames}.py"
    program.write_text(TELLS % tell_frames)
    peer = wherever.connect_command([sys.executable, str(program)])
    try:
        peer.get("outer")(9)
    except ValueError as error:
        return peer, error


def there(error):
    """The frames of the other side: its own and what it told are behind those of this one."""
    made, at = [], error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename.startswith("/<peer"):
            made.append(at.tb_frame)
        at = at.tb_next
    return made


def test_a_node_tells_of_frames_what_it_is_made_to_tell(tmp_path):
    peer, error = caught_from(tmp_path, "nothing")
    assert there(error) == [] and str(error) == "too big"
    peer.close()
    peer, error = caught_from(tmp_path, "places")
    [frame] = there(error)
    assert frame.f_code.co_name == "outer" and frame.f_code.co_varnames == ()
    assert "raise" not in "".join(traceback.format_exception(error))
    peer.close()
    peer, error = caught_from(tmp_path, "source")
    [frame] = there(error)
    assert frame.f_code.co_varnames == ("n",) and dict(frame.f_locals.items()) == {}
    assert 'raise ValueError("too big")' in "".join(traceback.format_exception(error))
    peer.close()
    with pytest.raises(ValueError, match='"nothing", "places", "source" and "stacks"'):
        wherever.Node(tell_frames="all")


def test_who_is_told_stacks_by_a_closed_node_reads_variables_and_no_more_of_what_they_refer_to(tmp_path):
    peer, error = caught_from(tmp_path, "stacks")
    [frame] = there(error)
    held = dict(frame.f_locals.items())
    assert (held["n"], held["msg"]) == (9, "hello")
    with pytest.raises(wherever.Denied):
        held["box"].v
    assert eval("LIMIT", frame.f_globals, frame.f_locals) == 10
    peer.close()


@pytest.mark.parametrize("policy", ["closed", "public"])
def test_attempts_to_reach_frames_code_and_globals_are_refused_and_logged(start, tmp_path, policy):
    owner = start("""
    import logging, wherever
    logging.basicConfig(filename=%r)
    @wherever.exposed
    class Service:
        def fail(self):
            raise ValueError("no")
        def later(self):
            yield 1
    service = Service()
    @wherever.exposed
    def function():
        raise KeyError(1)
    """ % str(tmp_path / "log"), policy=policy)
    service, function = owner.get("service"), owner.get("function")
    error = None
    for call in (service.fail, function):
        try:
            call()
        except (ValueError, KeyError) as caught:
            error = caught
        assert all(dict(frame.f_locals.items()) == {} for frame in there(error))
        for reach in ("__traceback__", "__wherever_stack__", "__globals__", "__code__"):
            with pytest.raises((wherever.Denied, AttributeError)):
                wherever._wherever.request(error, GET, reach)
    for reach in ("__code__", "__globals__", "__closure__", "__wherever_source__", "__builtins__"):
        with pytest.raises((wherever.Denied, AttributeError)):
            wherever._wherever.request(function, GET, reach)
    for name in ("gi_frame", "gi_code", "f_globals"):
        with pytest.raises((wherever.Denied, AttributeError)):
            wherever._wherever.request(service.later(), GET, name)
    logged = (tmp_path / "log").read_text().splitlines()
    assert len(logged) == 13 and all(line.startswith("WARNING:wherever:refused: ") for line in logged), logged
    for reach in ("__traceback__", "__globals__", "__code__"):
        assert any(reach in line and policy in line for line in logged)
