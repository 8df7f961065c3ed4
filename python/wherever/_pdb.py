"""pdb with its commands sent to where the code runs: all that only looks is pdb's own."""

from __future__ import annotations

import contextlib
import pdb
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from wherever import _frames, _sources, _stack

Command = tuple[Any, ...]
# A place as it is told, behind that are its stack and its index.
FILE, LINE, FUNCTION, FIRST = 0, 1, 5, 6


class Owner:
    """A stack as the frames here ask it."""

    __slots__ = ("_stack", "__weakref__")

    def __init__(self, stack: Any) -> None:
        self._stack = stack

    def call(self, member: str, *args: Any) -> Any:
        return getattr(self._stack, member)(*args)


class Text:
    """A value that is known by how it is shown."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


@dataclass
class Mark:
    """A breakpoint: its number here stays, whatever it is set as over there."""

    number: int
    id: int
    file: str
    line: int
    condition: str = ""
    ignore: int = 0
    temporary: bool = False
    enabled: bool = True
    function: str = ""
    hits: int = field(default=0, compare=False)


class Typed:
    """What is typed, as the prompt's input."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt

    def readline(self) -> str:
        return self._prompt.read()


class Prompt(pdb.Pdb):
    """Its commands until one by which the thread goes on."""

    def __init__(self, live: Any) -> None:
        self._live = live
        self._prompt = ""
        super().__init__(stdin=Typed(self), nosigint=True)
        self.use_rawinput = False
        self._marks: dict[int, Mark] = {}
        self._last_number = 0
        self._entries: list[tuple[types.FrameType, int]] = []
        self._keys: dict[tuple[Any, ...], types.FrameType] = {}
        self._places: tuple[Any, ...] = ()
        self._stack: Any = None
        self._is_stopped = False
        self._is_refused = False
        self._command: Command = ("continue",)

    def message(self, msg: Any, *words: Any, **named: Any) -> None:
        # Much of it is the other side's to say.
        super().message(_sources.harmless(str(msg)), *words, **named)

    def error(self, msg: Any) -> None:
        super().error(_sources.harmless(str(msg)))

    def stopped(self, stop: tuple[Any, ...]) -> Command:
        """Shows a stop, and asks what to do."""
        reason, _, thread, places, stack, detail, ids = stop
        self._is_stopped = True
        self._show(places, stack)
        here = self._entries[-1][0]
        numbers = [mark for mark in list(self._marks.values()) if mark.id in ids]
        if thread != self._thread_name:
            self.message(f"--Thread {thread}--")
            self._thread_name = thread
        if reason == "call":
            self.message("--Call--")
        elif reason == "return":
            here.f_locals["__return__"] = Text(detail)
            self.message("--Return--")
        elif detail:
            self.message(detail if reason == "exception" else f"*** {detail}")
        for mark in numbers:
            if mark.temporary:
                self._marks.pop(mark.number)
                self.message(f"Deleted {self._told(mark)}")
        self.currentbp = numbers[0].number if numbers else 0
        return self._ask(here)

    _thread_name = "MainThread"

    def look(self, thread: int) -> Command:
        """Shows a thread that runs, and asks what to do."""
        self._is_stopped = False
        stack = self._live.debugger.stack(thread)
        self.message("It has not stopped yet: it may be waiting for something. This is where it is; what it does"
                     " changes that. `c` waits again, `detach` leaves it.")
        self._show(stack.places(), stack)
        return self._ask(self._entries[-1][0])

    @property
    def prompt(self) -> str:  # type: ignore[override,unused-ignore]
        """Nothing: whoever reads the line prints the prompt."""
        return ""

    @prompt.setter
    def prompt(self, prompt: str) -> None:
        self._prompt = prompt

    def read(self) -> str:
        return str(self._live.read(self._prompt))

    @contextlib.contextmanager
    def completing(self) -> Iterator[None]:
        """With names completed by the tabulator, where lines are edited."""
        try:
            import readline
        except ImportError:
            yield
            return
        before = readline.get_completer()
        readline.set_completer(self.complete)
        readline.parse_and_bind("tab: complete")
        try:
            yield
        finally:
            readline.set_completer(before)

    def _ask(self, here: types.FrameType) -> Command:
        self._command = ("continue",)
        if self.bp_commands(here):  # type: ignore[no-untyped-call,unused-ignore]
            self.interaction(here, None)
        return self._command

    def _show(self, places: tuple[Any, ...], stack: Any) -> None:
        """From now on the prompt is over these frames."""
        owner = Owner(stack)
        made = _frames.traceback([(*place, owner, index) for index, place in enumerate(places)],
                                 self._session)
        frames, keys, path = [], {}, ()
        for place, entry in zip(places, _entries(made)):
            # A frame stays the same as long as it and those that called it are the same functions.
            path = (*path, place[FILE], place[FUNCTION], place[FIRST])
            keys[path] = entry.tb_frame
            if path in self._keys and self._keys[path] in self.displaying:
                self.displaying[entry.tb_frame] = self.displaying.pop(self._keys[path])
            frames.append((entry.tb_frame, entry.tb_lineno or 0))
        self._entries, self._keys, self._places, self._stack = frames, keys, places, stack

    def get_stack(self, _frame: Any, _traceback: Any) -> tuple[list[tuple[types.FrameType, int]], int]:
        return list(self._entries), len(self._entries) - 1

    @property
    def _session(self) -> int:
        return int(hash(self._live.peer))

    # How the thread goes on: pdb's commands end in these.

    def _go(self, *command: Any) -> None:
        if not self._is_stopped and command[0] not in ("continue", "detach"):
            self.error("this thread runs: Ctrl-C stops it, where it can be stopped")
            self._is_refused = True
            return
        self._command = command

    def postcmd(self, stop: bool, line: str) -> bool:
        if self._is_refused:
            self._is_refused = False
            return False
        return super().postcmd(stop, line)

    def _chosen(self) -> tuple[int, ...]:
        """The frame that was chosen, if it is not the one that stopped."""
        return () if self.curindex == len(self._entries) - 1 else (self.curindex,)

    def set_step(self) -> None:
        self._go("step")

    def set_next(self, frame: Any) -> None:
        self._go("next", *self._chosen())

    def set_return(self, frame: Any) -> None:
        self._go("return", *self._chosen())

    def set_until(self, frame: Any, lineno: int | None = None) -> None:
        self._go("until", self._line() + 1 if lineno is None else lineno, *self._chosen())

    def set_continue(self) -> None:
        self._go("continue")

    def set_quit(self) -> None:
        self._go("quit")

    def do_jump(self, arg: str) -> bool | None:
        """j(ump) lineno: the innermost frame goes on at this line."""
        if self._chosen():
            self.error("You can only jump within the bottom frame")
            return None
        try:
            line = int(arg)
        except ValueError:
            self.error("The 'jump' command requires a line number")
            return None
        self._go("jump", line)
        return True

    do_j = do_jump

    def do_detach(self, arg: str) -> bool:
        """detach: leaves the process as it was before, and ends."""
        self._go("detach")
        return True

    def do_EOF(self, arg: str) -> bool:
        """EOF: as detach."""
        self.message("")
        return self.do_detach(arg)

    def do_run(self, arg: str) -> None:
        """run: what was not started here is not started again from here."""
        self.error("the process was not started here")

    do_restart = do_run

    def do_debug(self, arg: str) -> None:
        """debug: not over there."""
        self.error("code over there cannot be debugged by an expression: set a breakpoint in it")

    # Threads.

    def do_threads(self, arg: str) -> None:
        """threads: the threads of the process, and where they are."""
        for number, (_, name, is_stopped, place) in enumerate(self._live.debugger.threads(), 1):
            where = f"{place[FILE]}:{place[LINE]} in {place[FUNCTION]}" if place else "no code of its own"
            self.message(f"{number:3} {name} {'stopped' if is_stopped else 'runs'}  {where}")

    def do_thread(self, arg: str) -> None:
        """thread number: looks at another thread, by its number in `threads`. What makes a thread go on is for the one
        that stopped."""
        threads = self._live.debugger.threads()
        try:
            ident = threads[int(arg) - 1][0] if int(arg) > 0 else None
        except (ValueError, IndexError):
            ident = None
        if ident is None:
            self.error(f"a number from 1 to {len(threads)} is wanted: see `threads`")
            return
        stack = self._live.debugger.stack(ident)
        places = stack.places()
        if not places:
            self.error("it runs no code")
            return
        self._show(places, stack)
        self.setup(self._entries[-1][0], None)  # type: ignore[no-untyped-call,unused-ignore]
        self.print_stack_entry(self.stack[self.curindex])

    # Breakpoints: over there, by their numbers here.

    def do_break(self, arg: str, temporary: Any = 0) -> None:
        """b(reak) [([file:]line | function) [, condition]]: without arguments, all of them."""
        if not arg.strip():
            self._list()
            return
        where, _, condition = arg.partition(",")
        where, condition = where.strip(), condition.strip()
        file, colon, line = where.rpartition(":")
        try:
            if colon or where.isdigit():
                named = file.strip() if colon else self._places[self.curindex][FILE]
                mark = Mark(0, 0, _plain(named), int(line), condition, 0, bool(temporary))
            else:
                mark = Mark(0, 0, "", 0, condition, 0, bool(temporary), function=where)
            self._set(mark)
        except Exception as failed:
            self.error(_stack.title_of(failed))
            return
        self._last_number += 1
        mark.number = self._last_number
        self._marks[mark.number] = mark
        self.message(f"B{self._told(mark)[1:]}")

    do_b = do_break

    def do_tbreak(self, arg: str) -> None:
        """tbreak: as break, for one stop."""
        self.do_break(arg, True)

    def _set(self, mark: Mark) -> None:
        at = (mark.file, mark.line, "") if not mark.function else ("", 0, mark.function)
        mark.id, mark.file, mark.line = self._live.debugger.set_breakpoint(
            *at, mark.condition, mark.ignore, mark.temporary)

    def _change(self, mark: Mark) -> None:
        """Sets it anew as it now is."""
        if mark.enabled:
            old = mark.id
            self._set(mark)
            self._live.debugger.clear_breakpoint(old)

    def _told(self, mark: Mark) -> str:
        return f"breakpoint {mark.number} at {mark.file}:{mark.line}"

    def _list(self) -> None:
        if not self._marks:
            return
        now = {told[0]: told for told in self._live.debugger.breakpoints()}
        self.message("Num Type         Disp Enb   Where")
        for mark in list(self._marks.values()):
            kind, is_on = "del " if mark.temporary else "keep", "yes" if mark.enabled else "no "
            self.message(f"{mark.number:<4d}breakpoint   {kind} {is_on}  at {mark.file}:{mark.line}")
            if mark.condition:
                self.message(f"\tstop only if {mark.condition}")
            _, _, _, _, _, ignore, _, hits = now.get(mark.id, (0, "", 0, "", "", mark.ignore, False, 0))
            if ignore:
                self.message(f"\tignore next {ignore} hits")
            if hits + mark.hits:
                self.message(f"\tbreakpoint already hit {hits + mark.hits} time{'s' if hits + mark.hits > 1 else ''}")

    def get_bpbynumber(self, arg: Any) -> Any:
        try:
            return self._marks[int(arg)]
        except (ValueError, TypeError):
            raise ValueError(f"Non-numeric breakpoint number {arg}") from None
        except KeyError:
            raise ValueError(f"Breakpoint {arg} does not exist") from None

    def get_file_breaks(self, filename: str) -> list[int]:
        return [mark.line for mark in self._marks.values() if filename.endswith(f">{mark.file}")]

    def _chosen_marks(self, arg: str) -> list[Mark]:
        chosen = []
        for word in arg.split():
            try:
                chosen.append(self.get_bpbynumber(word))
            except ValueError as wrong:
                self.error(wrong)
        return chosen

    def do_clear(self, arg: str) -> None:
        """cl(ear) [file:line | numbers]: without arguments, all of them, when asked again."""
        if not arg.strip():
            if self._live.read("Clear all breaks? ").strip().lower() not in ("y", "yes"):
                return
            chosen = list(self._marks.values())
        elif ":" in arg:
            file, _, line = arg.strip().rpartition(":")
            chosen = [mark for mark in self._marks.values()
                      if line == str(mark.line) and f"/{mark.file}".endswith(f"/{_plain(file)}")]
            if not chosen:
                self.error(f"There are no breakpoints at {arg}")
        else:
            chosen = self._chosen_marks(arg)
        for mark in chosen:
            if mark.enabled:
                self._live.debugger.clear_breakpoint(mark.id)
            del self._marks[mark.number]
            self.message(f"Deleted {self._told(mark)}")

    do_cl = do_clear

    def do_condition(self, arg: str) -> None:
        """condition number [condition]: stops there only if it holds; always, if there is none."""
        number, _, condition = arg.strip().partition(" ")
        for mark in self._chosen_marks(number):
            before, mark.condition = mark.condition, condition.strip()
            try:
                self._change(mark)
            except Exception as failed:
                mark.condition = before
                self.error(_stack.title_of(failed))
                return
            if not mark.condition:
                self.message(f"Breakpoint {mark.number} is now unconditional.")

    def do_ignore(self, arg: str) -> None:
        """ignore number [count]: goes past it so many times."""
        number, _, count = arg.strip().partition(" ")
        for mark in self._chosen_marks(number):
            try:
                mark.ignore = max(int(count or 0), 0)
            except ValueError:
                self.error("a number of times is wanted")
                return
            self._change(mark)
            self.message(f"Will ignore next {mark.ignore} crossings of breakpoint {mark.number}." if mark.ignore else
                         f"Will stop next time breakpoint {mark.number} is reached.")

    def do_enable(self, arg: str) -> None:
        """enable numbers"""
        for mark in self._chosen_marks(arg):
            if not mark.enabled:
                self._set(mark)
                mark.enabled = True
            self.message(f"Enabled {self._told(mark)}")

    def do_disable(self, arg: str) -> None:
        """disable numbers"""
        for mark in self._chosen_marks(arg):
            if mark.enabled:
                self._live.debugger.clear_breakpoint(mark.id)
                mark.enabled = False
            self.message(f"Disabled {self._told(mark)}")

    def do_commands(self, arg: str) -> Any:
        """commands [number]: what is typed when it stops there, up to a line `end`."""
        before = self._prompt
        try:
            return super().do_commands(arg or str(self._last_number))
        finally:
            # It could not be read.
            self._prompt = before

    def _line(self) -> int:
        return int(self._places[self.curindex][LINE])


def _entries(made: types.TracebackType | None) -> list[types.TracebackType]:
    entries = []
    while made is not None:
        entries.append(made)
        made = made.tb_next
    return entries


def _plain(file: str) -> str:
    """The name as its own side has it, of one as it is shown here too."""
    return file.partition(">")[2] if file.startswith(_stack.SHOWN) else file

