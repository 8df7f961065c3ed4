"""Editors at a Python process: the adapter `wherever-dap`, driven by the message channel of debugpy, which is no part
of it."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import time
from typing import Any

import pytest
from debugpy.common import messaging

DEMOS = os.environ.get("WHEREVER_DEMOS")
pytestmark = pytest.mark.skipif(DEMOS is None, reason="WHEREVER_DEMOS names the folder of what the gate has built")

# What is debugged. It fails at line 16, called at line 22; `inner` adds up in its loop.
RMOD = '''\
LIMIT = 10


class Box:
    def __init__(self, v): self.v = v
    def __repr__(self): return f"Box({self.v})"


def inner(box, items, flag, *rest, **opts):
    total = 0
    x = [1, 2, {"k": box}]
    for i in items:
        total += i
        last = i
    if total > LIMIT:
        raise ValueError("too big")
    return total


def outer(n):
    msg = "hello"
    return inner(Box(n), list(range(n)), True, "r1", deep=1)


def double(n):
    result = n * 2
    return result


def quadruple(n):
    half = double(n)
    return half + half


turns = 0
is_on = True


def spin():
    global turns
    while is_on:
        turns += 1
'''

PROGRAM = '''\
import sys, threading
import rmod, wherever.debug

server = wherever.debug.listen("unix://" + sys.argv[1])


def run(name, text):
    def work():
        try:
            print(name, eval(text, vars(rmod)), flush=True)
        except Exception as error:
            wherever.debug.keep(error)
            print(name, "failed", flush=True)
    threading.Thread(target=work, name=name, daemon=True).start()


def calls():
    return sum(peer.stats()["calls_received"] for peer in server._server.peers())


print("listening", flush=True)
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    if word == "run":
        run(*rest.split(" ", 1))
    else:
        print(eval(rest if word == "eval" else word), flush=True)
'''


class Process:
    """The debugged process, which does what it is told by its standard input."""

    def __init__(self, folder: Any) -> None:
        self.rmod = str(folder / "rmod.py")
        (folder / "rmod.py").write_text(RMOD)
        (folder / "program.py").write_text(PROGRAM)
        self.url = f"unix://{folder / 'debug'}"
        command = [sys.executable, str(folder / "program.py"), str(folder / "debug")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.says() == "listening"

    def tell(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def says(self) -> str:
        return self.process.stdout.readline().rstrip("\n")

    def eval(self, text: str) -> str:
        self.tell(f"eval {text}")
        return self.says()

    def calls(self) -> int:
        """Calls of peers that it has got."""
        return int(self.eval("calls()"))

    def fail(self) -> None:
        """Keeps an error."""
        self.tell("run failing outer(9)")
        assert self.says() == "failing failed"

    def end(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()


class Editor:
    """debugpy's channel to an adapter."""

    def __init__(self, stream: Any) -> None:
        self.events: queue.Queue[Any] = queue.Queue()
        self.channel = messaging.JsonMessageChannel(stream, self)
        self.channel.start()

    def event(self, event: Any) -> None:
        self.events.put((event.event, event.body))

    def disconnect(self) -> None:
        self.events.put(("the adapter is gone", {}))

    def wait(self, name: str) -> Any:
        """The next event of this name; what comes before it is passed over."""
        while True:
            found, body = self.events.get(timeout=60)
            if found == name:
                return body
            assert found != "the adapter is gone", name

    def ask(self, command: str, **arguments: Any) -> Any:
        return self.channel.send_request(command, arguments).wait_for_response()

    def refused(self, command: str, **arguments: Any) -> str:
        with pytest.raises(messaging.MessageHandlingError) as caught:
            self.ask(command, **arguments)
        return str(caught.value)

    def attach(self, **arguments: Any) -> None:
        self.ask("initialize", adapterID="wherever", pathFormat="path", supportsVariablePaging=True)
        self.ask("attach", **arguments)
        self.wait("initialized")

    def frames(self, thread: int) -> Any:
        return self.ask("stackTrace", threadId=thread)["stackFrames"]

    def scopes(self, frame: int) -> list[int]:
        return [scope["variablesReference"] for scope in self.ask("scopes", frameId=frame)["scopes"]]

    def variables(self, reference: int, **page: int) -> dict[str, Any]:
        found = self.ask("variables", variablesReference=reference, **page)["variables"]
        return {variable["name"]: variable for variable in found}


@pytest.fixture
def process(tmp_path):
    process = Process(tmp_path)
    yield process
    process.end()


@pytest.fixture
def adapter(process):
    """Starts adapters, which know where the process is."""
    started = []

    def start(*options: str, url: str | None = None) -> Editor:
        command = [os.path.join(DEMOS, "wherever-dap"), *options, process.url if url is None else url]
        child = subprocess.Popen([word for word in command if word], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        editor = Editor(messaging.JsonIOStream.from_process(child))
        editor.child = child
        started.append(editor)
        return editor

    yield start
    for editor in started:
        editor.child.kill()
        editor.child.wait()
        editor.channel.close()


@pytest.fixture
def failed(process, adapter):
    """An editor that has opened an error."""
    process.fail()
    editor = adapter()
    editor.attach()
    editor.ask("configurationDone")
    editor.wait("stopped")
    return editor


def counted(process: Process, act: Any) -> tuple[Any, int]:
    before = process.calls()
    done = act()
    return done, process.calls() - before


def test_an_error_is_open_once_attached(process, adapter):
    process.fail()
    editor = adapter()
    editor.ask("initialize", adapterID="wherever")
    assert counted(process, lambda: editor.ask("attach"))[1] == 3
    editor.wait("initialized")

    def look():
        editor.ask("configurationDone")
        stopped = editor.wait("stopped")
        assert (stopped["reason"], stopped["text"]) == ("exception", "ValueError: too big")
        thread = stopped["threadId"]
        assert [each["name"] for each in editor.ask("threads")["threads"]] == ["ValueError: too big"]
        frames = editor.frames(thread)
        assert [(frame["name"], frame["line"]) for frame in frames][:2] == [("inner", 16), ("outer", 22)]
        assert frames[0]["source"]["sourceReference"] > 0
        info = editor.ask("exceptionInfo", threadId=thread)
        assert (info["exceptionId"], info["description"]) == ("ValueError", "ValueError: too big")
        assert 'raise ValueError("too big")' in info["details"]["stackTrace"]
        assert len(editor.scopes(frames[0]["id"])) == 2

    assert counted(process, look)[1] == 0


def test_what_is_looked_into_is_one_request_each(process, failed):
    frames = failed.frames(1)
    frame, (local, glob) = frames[0]["id"], failed.scopes(frames[0]["id"])

    def once(act):
        done, calls = counted(process, act)
        assert calls == 1
        return done

    reference = frames[0]["source"]["sourceReference"]
    assert once(lambda: failed.ask("source", sourceReference=reference)["content"]) == RMOD
    assert counted(process, lambda: failed.ask("source", sourceReference=reference))[1] == 0
    variables = once(lambda: failed.variables(local))
    assert {name: each["value"] for name, each in variables.items()} == {
        "box": "Box(9)", "items": "[0, 1, 2, 3, 4, 5, 6, 7, 8]", "flag": "True", "rest": "('r1',)",
        "opts": "{'deep': 1}", "total": "36", "x": "[1, 2, {'k': Box(9)}]", "i": "8", "last": "8",
    }
    assert variables["total"]["type"] == "int" and variables["total"]["variablesReference"] == 0
    items = once(lambda: failed.variables(variables["x"]["variablesReference"]))
    inner = [each["variablesReference"] for each in items.values()]
    assert inner[:2] == [0, 0]
    (box,) = once(lambda: failed.variables(inner[2])).values()
    assert box["value"] == "Box(9)"
    # Of many, some.
    page = once(lambda: failed.variables(variables["items"]["variablesReference"], start=7, count=1))
    assert [each["value"] for each in page.values()] == ["7"]
    assert once(lambda: failed.variables(glob))["LIMIT"]["value"] == "10"
    for context in ("hover", "watch", "repl"):
        told = once(lambda: failed.ask("evaluate", expression="total + LIMIT", frameId=frame, context=context))
        assert told["result"] == "46"
    value = once(lambda: failed.ask("setVariable", variablesReference=local, name="total", value="LIMIT * 100"))
    assert value["value"] == "1000"
    assert failed.ask("evaluate", expression="total", frameId=frame)["result"] == "1000"
    part = once(lambda: failed.ask("setVariable", variablesReference=variables["x"]["variablesReference"],
                                   name=list(items)[0], value="77"))
    assert part["value"] == "77"
    assert failed.ask("evaluate", expression="x[0]", frameId=frame)["result"] == "77"
    outer = failed.frames(1)[1]["id"]
    assert failed.ask("evaluate", expression="n, msg", frameId=outer)["result"] == "(9, 'hello')"


def test_what_fails_is_an_unsuccessful_answer_and_the_session_lives(failed):
    frame = failed.frames(1)[0]["id"]
    assert failed.refused("evaluate", expression="nosuch", frameId=frame) == "NameError: name 'nosuch' is not defined"
    assert failed.refused("evaluate", expression="1 +", frameId=frame).startswith("SyntaxError")
    assert failed.refused("evaluate", expression="1/0", frameId=frame) == "ZeroDivisionError: division by zero"
    assert failed.refused("inventedRequest") == "`inventedRequest` is not possible here"
    assert "nothing of it runs any more" in failed.refused("continue", threadId=1)
    (local, _) = failed.scopes(frame)
    assert failed.refused("setVariable", variablesReference=local, name="total", value="nosuch").startswith("NameError")
    assert failed.ask("evaluate", expression="total", frameId=frame)["result"] == "36"


def test_a_file_here_is_shown_only_if_it_is_the_one_that_ran(process, adapter, tmp_path):
    process.fail()
    here = tmp_path / "here"
    here.mkdir()
    (here / "rmod.py").write_text(RMOD)
    mapping = {"localRoot": str(here), "remoteRoot": str(tmp_path)}
    editor = adapter()
    editor.attach(pathMappings=[mapping])
    source = editor.frames(1)[0]["source"]
    assert (source["path"], source.get("sourceReference", 0)) == (str(here / "rmod.py"), 0)
    (here / "rmod.py").write_text(RMOD.replace("too big", "far too big"))
    source = editor.frames(1)[0]["source"]
    assert editor.ask("source", source=source, sourceReference=source["sourceReference"])["content"] == RMOD


def test_sources_are_written_for_editors_that_do_not_ask(process, adapter, tmp_path):
    process.fail()
    editor = adapter("--sources", str(tmp_path / "fetched"))
    editor.attach()
    frames, calls = counted(process, lambda: editor.frames(1))
    # rmod.py, the program that called it, and `<string>`, which has no text and is not asked for again.
    assert calls == 3
    path = frames[0]["source"]["path"]
    assert path.startswith(str(tmp_path / "fetched")) and "sourceReference" not in frames[0]["source"]
    with open(path) as file:
        assert file.read() == RMOD
    assert counted(process, lambda: editor.frames(1))[1] == 0


def live(adapter: Any, *options: str) -> Editor:
    editor = adapter(*options)
    editor.attach(postMortem=False)
    return editor


def test_a_breakpoint_with_a_condition_and_a_value_that_is_changed(process, adapter):
    editor = live(adapter)
    line = {"line": 13, "condition": "total > 20"}
    source = {"path": process.rmod}
    (told,) = editor.ask("setBreakpoints", source=source, breakpoints=[line])["breakpoints"]
    assert told["verified"] and told["line"] == 13
    editor.ask("configurationDone")
    process.tell("run worker inner(None, range(9), False)")
    stopped = editor.wait("stopped")
    assert (stopped["reason"], stopped["hitBreakpointIds"]) == ("breakpoint", [told["id"]])
    thread = stopped["threadId"]
    assert {"id": thread, "name": "worker"} in editor.ask("threads")["threads"]
    frames, calls = counted(process, lambda: editor.frames(thread))
    assert (calls, frames[0]["line"]) == (0, 13)
    frame = frames[0]["id"]
    assert editor.ask("evaluate", expression="total, i", frameId=frame)["result"] == "(21, 7)"
    # Evaluated by the very thread that stopped.
    name = "__import__('threading').current_thread().name"
    assert editor.ask("evaluate", expression=name, frameId=frame)["result"] == "'worker'"
    (local, _) = editor.scopes(frame)
    editor.ask("setVariable", variablesReference=local, name="total", value="-100")
    editor.ask("setBreakpoints", source=source, breakpoints=[])
    editor.ask("continue", threadId=thread)
    # -100 + 7 + 8
    assert process.says() == "worker -85"
    assert "gone on since" in editor.refused("evaluate", expression="total", frameId=frame)


def test_steps_into_over_and_out_of_functions(process, adapter):
    editor = live(adapter)
    (told,) = editor.ask("setFunctionBreakpoints", breakpoints=[{"name": "rmod.quadruple"}])["breakpoints"]
    assert told["verified"], told
    editor.ask("configurationDone")
    process.tell("run worker quadruple(3)")
    thread = editor.wait("stopped")["threadId"]

    def place():
        frame = editor.frames(thread)[0]
        return frame["name"], frame["line"]

    def step(command):
        editor.ask(command, threadId=thread)
        assert editor.wait("stopped")["threadId"] == thread
        return place()

    assert place() == ("quadruple", 31)
    name, _ = step("stepIn")
    assert name == "double"
    assert step("next") == ("double", 26)
    assert step("stepOut") == ("quadruple", 32)
    target = editor.ask("gotoTargets", source={"path": process.rmod}, line=31)["targets"][0]
    editor.ask("goto", threadId=thread, targetId=target["id"])
    editor.wait("stopped")
    assert place() == ("quadruple", 31)
    editor.ask("continue", threadId=thread)
    assert process.says() == "worker 12"


def test_several_threads_are_stopped_and_each_goes_on_by_itself(process, adapter):
    editor = live(adapter)
    editor.ask("setBreakpoints", source={"path": process.rmod}, breakpoints=[{"line": 26}])
    editor.ask("configurationDone")
    threads = {}
    for name, number in (("one", 1), ("two", 2)):
        process.tell(f"run {name} double({number})")
        threads[name] = editor.wait("stopped")["threadId"]
    assert threads["one"] != threads["two"]
    for name, number in (("two", "2"), ("one", "1")):
        frame = editor.frames(threads[name])[0]["id"]
        assert editor.ask("evaluate", expression="n", frameId=frame)["result"] == number
    editor.ask("continue", threadId=threads["two"])
    assert process.says() == "two 4"
    frame = editor.frames(threads["one"])[0]["id"]
    assert editor.ask("evaluate", expression="n", frameId=frame)["result"] == "1"
    assert editor.refused("continue", threadId=threads["two"]) == "the thread is running; pause it first"
    editor.ask("disconnect")
    # Whoever was stopped went on.
    assert process.says() == "one 2"
    process.tell("run three double(3)")
    assert process.says() == "three 6"


def test_a_running_thread_is_paused_and_left(process, adapter):
    editor = live(adapter)
    # Before 3.12 a thread other than the main one can be stopped only if it began while something was watched for.
    editor.ask("setBreakpoints", source={"path": process.rmod}, breakpoints=[{"line": 26}])
    editor.ask("configurationDone")
    process.tell("run spinner spin()")
    deadline = time.monotonic() + 60
    while process.eval("rmod.turns") == "0":
        assert time.monotonic() < deadline
    (thread,) = [each["id"] for each in editor.ask("threads")["threads"] if each["name"] == "spinner"]
    editor.ask("pause", threadId=thread)
    stopped = editor.wait("stopped")
    assert (stopped["threadId"], stopped["reason"]) == (thread, "pause")
    turns = process.eval("rmod.turns")
    assert process.eval("rmod.turns") == turns
    editor.channel.close()
    # The editor is gone, without a word.
    assert editor.child.wait(60) == 0
    deadline = time.monotonic() + 60
    while process.eval("rmod.turns") == turns:
        assert time.monotonic() < deadline
    assert process.eval("setattr(rmod, 'is_on', False)") in ("None", "spinner None")


def test_a_process_that_dies_ends_the_session(process, adapter):
    editor = live(adapter)
    editor.ask("setBreakpoints", source={"path": process.rmod}, breakpoints=[{"line": 26}])
    editor.ask("configurationDone")
    process.tell("run worker double(1)")
    thread = editor.wait("stopped")["threadId"]
    frame = editor.frames(thread)[0]["id"]
    process.process.kill()
    assert "the process is gone" in editor.wait("output")["output"]
    editor.wait("terminated")
    assert editor.frames(thread)[0]["id"] == frame
    assert "the process is gone" in editor.refused("evaluate", expression="n", frameId=frame)
    editor.ask("disconnect")
    assert editor.child.wait(60) == 0


SCRIPTS = os.path.join(os.path.dirname(__file__), "../../demos/src/bin/debugger/scripts")


def script(tmp_path: Any, name: str, *options: str) -> tuple[subprocess.Popen[str], str]:
    """Runs a script of the demo of the debugger: no Python is in that process."""
    url = f"unix://{tmp_path / 'script'}"
    command = [os.path.join(DEMOS, "debugger"), "run", os.path.join(SCRIPTS, name), "--listen", url, *options]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert child.stdout.readline().startswith("listening")
    return child, url


def test_an_error_of_a_script_is_open_with_all_its_variables(adapter, tmp_path):
    child, url = script(tmp_path, "stock.rhai", "--record", "--hold")
    with child:
        assert "only 1 of lamps left" in child.stdout.readline()
        editor = adapter(url=url)
        editor.attach()
        editor.ask("configurationDone")
        assert "only 1 of lamps left" in editor.wait("stopped")["text"]
        frames = editor.frames(1)
        assert [frame["name"] for frame in frames] == ["take", "serve", "(script)"]
        with open(os.path.join(SCRIPTS, "stock.rhai")) as file:
            reference = frames[0]["source"]["sourceReference"]
            assert editor.ask("source", sourceReference=reference)["content"] == file.read()
        values = [{name: each["value"] for name, each in editor.variables(editor.scopes(frame["id"])[0]).items()}
                  for frame in frames]
        assert (values[0]["left"], values[1]["served"]) == ("-2", "2") and "stock" in values[2]
        count = editor.ask("evaluate", expression="stock.count + order.count", frameId=frames[0]["id"])
        assert count["result"] == "4"
        assert "nosuch" in editor.refused("evaluate", expression="nosuch", frameId=frames[0]["id"])
        child.kill()


def test_a_script_is_stepped_and_changed(adapter, tmp_path):
    child, url = script(tmp_path, "orders.rhai", "--wait")
    with child:
        editor = adapter(url=url)
        editor.attach()
        source = {"path": os.path.realpath(os.path.join(SCRIPTS, "orders.rhai"))}
        line = {"line": 6, "condition": "item.count > 1"}
        (told,) = editor.ask("setBreakpoints", source=source, breakpoints=[line])["breakpoints"]
        assert (told["verified"], told["line"]) == (True, 6)
        editor.ask("configurationDone")
        stopped = editor.wait("stopped")
        thread = stopped["threadId"]
        assert stopped["reason"] == "entry"
        editor.ask("continue", threadId=thread)
        assert editor.wait("stopped")["hitBreakpointIds"] == [told["id"]]
        frames = editor.frames(thread)
        assert [(frame["name"], frame["line"]) for frame in frames] == [("price", 6), ("total", 12), ("(script)", 27)]
        (local, _) = editor.scopes(frames[0]["id"])
        item = editor.variables(local)["item"]["variablesReference"]
        assert {name: each["value"] for name, each in editor.variables(item).items()} == {"count": "2", "price": "100"}
        editor.ask("setVariable", variablesReference=local, name="cut", value="full")
        editor.ask("setBreakpoints", source=source, breakpoints=[])
        editor.ask("stepOut", threadId=thread)
        editor.wait("stopped")
        assert editor.frames(thread)[0]["name"] == "total"
        editor.ask("continue", threadId=thread)
        # It would be 675: of two lamps at 100 less a tenth nothing is left.
        assert child.stdout.readline() == "all orders: 495\n"
        editor.wait("terminated")


def test_an_editor_comes_by_a_port(process):
    process.fail()
    command = [os.path.join(DEMOS, "wherever-dap"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            port = int(child.stdout.readline().rsplit(":", 1)[1])
            for _ in range(2):
                stream = messaging.JsonIOStream.from_socket(socket.create_connection(("127.0.0.1", port)))
                editor = Editor(stream)
                editor.ask("initialize", adapterID="wherever")
                assert "cannot have a program started" in editor.refused("attach", url="exec:true")
                editor.ask("attach", url=process.url)
                editor.ask("configurationDone")
                assert editor.wait("stopped")["reason"] == "exception"
                editor.ask("disconnect")
                editor.channel.close()
            # A browser that was led here.
            with socket.create_connection(("127.0.0.1", port)) as stranger:
                stranger.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n" + b"{}" * 10_000)
                stranger.shutdown(socket.SHUT_WR)
                with stranger.makefile("rb") as file:
                    assert b"the editor sent" in file.read()
        finally:
            child.kill()


@pytest.mark.parametrize(("sent", "told"), [
    (b"Content-Length: 999999999999\r\n\r\n", "a message has 4194304 at most"),
    (b"Content-Length: 4000000\r\n\r\n{", "told of 4000000 bytes, and ended after 1"),
    (b"Content-Length: 3\r\n\r\n{]}", "what is no JSON"),
    (b"Content-Length: x\r\n\r\n", "for a length"),
    (b"\xff\xfe\r\n", "for a line of a header"),
    (b"Content-Le", "an end within a header"),
    (b"Content-Length: 2\r\n\r\n[]", "neither a request nor a response"),
])
def test_what_is_no_message_ends_the_adapter(process, sent, told, tmp_path):
    log = tmp_path / "log"
    command = [os.path.join(DEMOS, "wherever-dap"), "--log", str(log), process.url]
    ended = subprocess.run(command, input=sent, capture_output=True, timeout=60)
    assert ended.returncode == 1
    assert told in ended.stderr.decode()
    body = json.loads(ended.stdout.split(b"\r\n\r\n", 1)[1].split(b"Content-Length", 1)[0])
    assert (body["event"], told in body["body"]["output"]) == ("output", True)
    assert b"terminated" in ended.stdout
    assert os.stat(log).st_mode & 0o077 == 0 and "terminated" in log.read_text()
