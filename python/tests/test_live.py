"""The prompt of pdb over a process that runs: what is typed, what is seen, and the messages that it takes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import Any

import pexpect
import pytest

import wherever
from live_session import ASKED, Debuggee, attach

NEXT_CALL = "subject.outer(9)"


@pytest.fixture
def debuggee(tmp_path: Any) -> Any:
    made: list[Debuggee] = []

    def start(code: str = ASKED, **words: Any) -> Debuggee:
        made.append(Debuggee(tmp_path, code, **words))
        return made[-1]

    yield start
    for each in made:
        each.kill()


@pytest.fixture
def prompt(tmp_path: Any) -> Any:
    made: list[Any] = []

    def attached(to: Debuggee) -> Any:
        made.append(attach(tmp_path, to))
        return made[-1]

    yield attached
    for each in made:
        each.child.close(force=True)


def at(line: int, function: str, prompted: str) -> bool:
    return f"subject.py({line}){function}()" in prompted


def stopped_in(debuggee: Debuggee, session: Any, where: str = "outer", call: str = NEXT_CALL) -> str:
    """Has the process stop at the beginning of a call, with the prompt there."""
    session.child.expect_exact("Attached to process")
    debuggee.ask("1")
    session.prompt()
    session.type(f"tbreak subject.{where}")
    session.child.sendline("c")
    assert debuggee.told() == ["done", 1]
    debuggee.ask(call)
    return session.prompt()


def test_a_variable_that_is_changed_changes_the_result(debuggee: Any, prompt: Any) -> None:
    process = debuggee()
    session = prompt(process)
    assert at(18, "outer", stopped_in(process, session))
    assert at(19, "outer", session.type("n"))
    # The box that the call is given is made first.
    assert "--Call--" in session.type("s")
    assert "--Return--" in session.type("r")
    assert at(10, "inner", session.type("s"))
    assert at(11, "inner", session.type("n"))
    assert at(12, "inner", session.type("n"))
    assert session.type("!total = -100") == ""
    assert session.type("p total") == "-100"
    session.child.sendline("c")
    assert process.told() == ["done", -64]


def test_a_breakpoint_with_a_condition_stops_when_it_holds_and_costs_nothing_until_then(debuggee: Any, prompt: Any
                                                                                        ) -> None:
    process = debuggee()
    session = prompt(process)
    stopped_in(process, session)
    session.trips()
    assert re.fullmatch(r"Breakpoint 2 at .*/subject.py:13", session.type("b 13, total > 20"))
    assert at(13, "inner", session.type("c"))
    assert session.type("p total, i") == "(21, 7)"
    # One to set it, one to go on and stop, one for the variables.
    assert session.trips() == 3
    session.child.sendline("detach")
    assert process.told() == ["done", 36]


def test_what_is_displayed_is_followed_from_stop_to_stop(debuggee: Any, prompt: Any) -> None:
    process = debuggee()
    session = prompt(process)
    stopped_in(process, session)
    session.type("tbreak 13")
    session.type("c")
    assert session.type("display total") == "display total: 0"
    session.type("n")
    session.type("n")
    assert "display total: 1  [old: 0]" in session.type("n")


def test_callers_until_return_jump_and_quit(debuggee: Any, prompt: Any) -> None:
    process = debuggee()
    session = prompt(process)
    stopped_in(process, session)
    session.type("b 15")
    assert at(15, "inner", session.type("c"))
    assert at(19, "outer", session.type("u"))
    assert session.type("p n, msg") == "(9, 'hello')"
    session.type("d")
    session.type("cl 2")
    shown = session.type("r")
    assert "--Return--" in shown and shown.splitlines()[-2].endswith("inner()->36")
    assert at(20, "outer", session.type("n"))
    # Back to where the call was: it is made again.
    assert at(19, "outer", session.type("j 19"))
    session.type("tbreak inner")
    assert at(11, "inner", session.type("c"))
    assert at(14, "inner", session.type("until 14"))
    assert at(15, "inner", session.type("until"))
    assert "can only jump" in session.type("j 2000") or "comes after" in session.type("j 2000")
    assert "the prompt is over" in session.end("q")
    assert process.told() == ["failed", "BdbQuit", ""]
    # It serves on, and whoever comes next may debug it.
    assert process.asked(NEXT_CALL) == 36
    assert process.asked("traced()") == []
    again = prompt(process)
    assert at(18, "outer", stopped_in(process, again))


COUNTS = """
def go():
    n = 0
    tell("going")
    while n < 2_000_000:
        n += 1
        if n % 1000 == 0:
            time.sleep(0.001)
    tell("counted", n, traced())
go()
sys.stdin.readline()
"""


def test_a_process_that_runs_is_attached_to_and_goes_on_from_what_was_set(debuggee: Any, prompt: Any) -> None:
    process = debuggee(COUNTS)
    assert process.told() == ["going"]
    session = prompt(process)
    assert "program.py" in session.prompt()
    assert "while n < 2_000_000:" in session.type("ll")
    assert 0 < int(session.type("p n")) < 1_000_000
    session.type("!n = 1_000_000")
    session.child.sendline("c")
    word, n, traced = process.told()
    assert (word, n, traced) == ("counted", 2_000_000, [])


# What is typed at a stop in `inner`, behind what was typed before it; what it prints; round trips.
COMMANDS = [
    ("w", r"(?s).*serve\(\).*outer\(\).*> .*inner\(\).*", 0),
    ("u", r"(?s)> .*outer\(\).*", 0),
    ("d", r"(?s)> .*inner\(\).*", 0),
    # The source of the file, once.
    ("l", r"(?s).* 11  ->\s+total = 0.*", 1),
    ("ll", r"(?s) 10 .*def inner.* 15 .*return total", 0),
    # All variables of the frame, at the first look.
    ("p flag", "True", 1),
    ("p rest", r"\('r1',\)", 0),
    ("p LIMIT", "10", 1),
    # What stays over there shows itself.
    ("p box", r"Box\(9\)", 1),
    ("p items", r"\[0, 1, 2, 3, 4, 5, 6, 7, 8\]", 1),
    ("a", r"(?s)box = Box\(9\)\nitems = .*opts = \{'deep': 1\}", 3),
    ("!flag = False", "", 1),
    ("p flag", "False", 0),
    ("display flag", "display flag: False", 0),
    ("undisplay flag", "", 0),
    ("threads", r"  1 MainThread stopped  .*subject.py:11 in inner", 1),
    ("b 13, i == 5", r"Breakpoint 2 at .*subject.py:13", 1),
    ("condition 2 i == 6", "", 2),
    ("ignore 2 0", "Will stop next time breakpoint 2 is reached.", 2),
    ("b", r"(?s)Num .*2   breakpoint   keep yes  at .*subject.py:13\n\tstop only if i == 6", 1),
    ("b nosuch", r"\*\*\* LookupError: there is no function nosuch.*", 1),
    ("commands 2\nsilent\np total, i\nend", "", 0),
    ("n", r"(?s)> .*subject.py\(12\)inner\(\)\n-> for i in items:", 1),
    ("c", r"\(15, 6\)", 2),
    ("disable 2", r"Disabled breakpoint 2 at .*", 1),
    ("enable 2", r"Enabled breakpoint 2 at .*", 1),
    ("cl 2", r"Deleted breakpoint 2 at .*", 1),
    ("until 14", r"(?s)> .*subject.py\(14\)inner\(\).*", 1),
    ("s", r"(?s)> .*subject.py\(15\)inner\(\).*", 1),
    ("r", r"(?s)--Return--\n> .*subject.py\(15\)inner\(\)->36\n.*", 1),
    ("n", r"(?s)> .*subject.py\(20\)outer\(\).*", 1),
    ("j 21", r"(?s)> .*subject.py\(21\)outer\(\).*", 1),
    ("tbreak inner", r"Breakpoint 3 at .*subject.py:11", 1),
]


def test_each_command_takes_the_round_trips_that_are_told(debuggee: Any, prompt: Any) -> None:
    process = debuggee()
    session = prompt(process)
    stopped_in(process, session, "inner")
    session.trips()
    found = []
    for line, printed, trips in COMMANDS:
        *before, last = line.split("\n")
        for each in before:
            session.child.sendline(each)
            session.child.expect_exact("(com) ")
        shown = session.type(last)
        found.append((line, bool(re.fullmatch(printed, shown)) or shown, session.trips()))
    assert found == [(line, True, trips) for line, _, trips in COMMANDS]
    assert "the prompt is over" in session.end("detach")
    assert process.told() == ["done", 36]


def test_the_table_of_commands_in_the_guide_is_what_is_measured() -> None:
    page = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "debugging.md")
    with open(page, encoding="utf-8") as file:
        told = re.split(r"^## ", file.read(), flags=re.MULTILINE)
    live, = (section for section in told if section.startswith("Live\n"))
    rows = re.findall(r"^\| `([^`]+)` \|.*\| (\d+) \|$", live, re.MULTILINE)
    measured = [(line.split("\n")[0], trips) for line, _, trips in COMMANDS]
    assert len(rows) > 20 and {(line, int(trips)) for line, trips in rows} <= set(measured)


def test_ctrl_c_interrupts_what_runs(debuggee: Any, prompt: Any) -> None:
    process = debuggee(COUNTS.replace("2_000_000", "10_000_000_000"))
    assert process.told() == ["going"]
    session = prompt(process)
    session.prompt()
    before = int(session.type("p n"))
    session.child.sendline("c")
    with wherever.connect(process.url) as peer:
        debugger = peer.get("debugger")
        stack = debugger.stack(debugger.threads()[0][0])
        while dict(stack.contents(1)[0])["n"] == before or debugger.threads()[0][2]:
            pass
    session.child.sendintr()
    session.prompt()
    assert int(session.type("p n")) > before
    # At the prompt it only takes back what was typed so far.
    session.child.sendintr()
    while session.child.expect_exact(["--KeyboardInterrupt--", pexpect.TIMEOUT], timeout=1):
        # It came just before the wait for a line, which does not notice.
        session.child.sendintr()
    session.prompt()
    assert session.type("p 1 + 1") == "2"
    assert "the prompt is over" in session.end("detach")


FOREVER = """
def forever():
    tell("begun")
    threading.Event().wait()
"""


def test_ctrl_c_ends_what_is_computed_here_and_leaves_what_does_not_answer(debuggee: Any, prompt: Any) -> None:
    process = debuggee(FOREVER + COUNTS.replace("2_000_000", "10_000_000_000"))
    assert process.told() == ["going"]
    session = prompt(process)
    session.prompt()
    session.child.sendline("!print('beg' + 'un'), all(True for _ in iter(int, 1))")
    session.child.expect_exact("begun")
    session.child.sendintr()
    assert "*** KeyboardInterrupt" in session.prompt()
    session.child.sendline("p forever()")
    assert process.told() == ["begun"]
    session.child.sendintr()
    session.child.expect_exact("Once more, and the process is left alone.")
    session.child.sendintr()
    session.child.expect_exact("the prompt is over")
    # It serves whoever comes next, though its main thread still does what it was asked for.
    with wherever.connect(process.url) as peer:
        assert peer.get("debugger").threads()[0][2] is True


def test_what_waits_in_the_system_is_looked_at_and_given_breakpoints(debuggee: Any, prompt: Any) -> None:
    process = debuggee()
    session = prompt(process)
    session.child.expect_exact("Attached to process")
    session.child.sendintr()
    shown = session.prompt()
    assert "It has not stopped yet" in shown and "serve()" in shown
    assert "serve()" in session.type("w")
    assert session.type("n") == "*** this thread runs: Ctrl-C stops it, where it can be stopped"
    assert "subject.py:11" in session.type("b subject.inner")
    session.child.sendline("c")
    process.ask(NEXT_CALL)
    # Where it is paused first depends on what it does with the line.
    shown = session.prompt()
    while not at(11, "inner", shown):
        shown = session.type("c")
    assert "the prompt is over" in session.end("detach")
    assert process.told() == ["done", 36]


def test_another_thread_is_looked_at(debuggee: Any, prompt: Any) -> None:
    process = debuggee("""
ready, end = threading.Event(), threading.Event()
def other():
    mine = 17
    ready.set()
    end.wait()
threading.Thread(target=other, name="other").start()
ready.wait()
""" + ASKED)
    session = prompt(process)
    stopped_in(process, session)
    listed = session.type("threads").splitlines()
    assert "MainThread stopped" in listed[0] and "other runs" in listed[1]
    session.type("thread 2")
    while "other()" not in session.type("u"):
        pass
    assert session.type("p mine") == "17"
    assert session.type("thread 7") == "*** a number from 1 to 2 is wanted: see `threads`"
    assert at(18, "outer", session.type("thread 1"))
    assert session.type("p n") == "9"
    session.end("detach")
    assert process.told() == ["done", 36]
    process.asked("end.set()")


def test_when_the_prompt_is_killed_the_process_goes_on(debuggee: Any, prompt: Any) -> None:
    process = debuggee()
    session = prompt(process)
    stopped_in(process, session)
    session.child.kill(signal.SIGKILL)
    assert process.told() == ["done", 36]
    assert process.asked("traced()") == []


def test_when_the_process_is_killed_what_was_seen_stays_and_the_rest_says_so(debuggee: Any, prompt: Any) -> None:
    process = debuggee()
    session = prompt(process)
    stopped_in(process, session, "inner")
    assert session.type("p flag") == "True"
    source = session.type("ll")
    process.kill()
    assert "outer()" in session.type("w")
    assert session.type("ll") == source
    assert session.type("p flag") == "True"
    assert session.type("p 1 + 1") == "2"
    assert "Disconnected" in session.type("p box")
    assert "The process has gone." in session.end("c")


def test_a_second_prompt_is_refused_and_says_why(debuggee: Any, prompt: Any) -> None:
    process = debuggee()
    first = prompt(process)
    stopped_in(process, first)
    second = prompt(process)
    second.child.expect(r"RuntimeError: process \d+ is being debugged by .*: one can at a time")
    second.child.expect(pexpect.EOF)
    assert first.type("p n") == "9"
    first.end("detach")
    assert process.told() == ["done", 36]


def test_end_of_input_detaches(debuggee: Any, prompt: Any) -> None:
    process = debuggee()
    session = prompt(process)
    stopped_in(process, session)
    session.child.sendeof()
    session.child.expect_exact("the prompt is over")
    assert process.told() == ["done", 36]


def test_the_short_way_from_a_shell_reads_its_commands_from_whatever_its_input_is(debuggee: Any) -> None:
    process = debuggee(COUNTS)
    assert process.told() == ["going"]
    typed = "p n < 2_000_000\n!n = 1_999_999\n"
    done = subprocess.run([sys.executable, "-m", "wherever.pdb", process.url], input=typed, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "program.py" in done.stdout and "True" in done.stdout
    # The end of the input detaches, and the process goes on from what was set.
    assert process.told() == ["counted", 2_000_000, []]


def test_what_does_not_let_itself_be_debugged_says_so(debuggee: Any) -> None:
    process = debuggee("""
        with wherever.serve(server.url + ".plain", {"subject": subject, "class": wherever.debug.Debugger()}):
        """ + "\n".join("            " + line for line in ASKED.splitlines()))
    url = process.url + ".plain"
    done = subprocess.run([sys.executable, "-c", "import sys, wherever.debug; wherever.debug.attach(sys.argv[1])", url],
                          capture_output=True, text=True, timeout=60)
    assert "does not let itself be debugged" in done.stderr and "wherever.debug.listen" in done.stderr
    with wherever.connect(url) as peer:
        # Whatever else is handed out: the closed policy lets nobody debug.
        for act in (lambda: peer.get("class").about(), lambda: peer.get("class").stack(1),
                    lambda: peer.get("class").attach(7)):
            with pytest.raises(wherever.Denied, match="policy"):
                act()
