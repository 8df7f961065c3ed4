"""What the Python package costs beside `multiprocessing.managers`, RPyC and Pyro5: `cargo xtask bench python`.

Each library has two processes of its own, which talk over a Unix socket; all do the same work (`subject.py`), by turns,
in each round of a run. What is told is the median of the rounds, and of their own ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
TOOLS = {"wherever": "wherever", "managers": "managers", "rpyc": "RPyC", "pyro5": "Pyro5"}
OTHERS = [tool for tool in TOOLS if tool != "wherever"]
ROWS = {
    "call": "call, `x.foo(1)`",
    "attribute": "attribute, `x.v`",
    "iterate": "iteration, 10,000 integers of a list",
    "callback": "call that calls back once",
    "echo": "1 MiB of bytes there and back",
}
PLACEMENTS = {"one-cpu": "All processes on one CPU", "unpinned": "Unpinned"}
ROUNDS, ROUNDS_QUICK = 15, 1
# How long a turn of one library at one row is to take, in seconds.
TURN, TURN_QUICK = 0.05, 0.001

# What is to be reached on one CPU: row, whom it is measured by (all of them, for the fastest), and how many times.
GOALS = [("call", OTHERS, 2), ("attribute", OTHERS, 2), ("call", ["rpyc"], 6), ("iterate", ["rpyc"], 100)]

# Rows by library, and in them the seconds of one piece of work in each round.
Times = dict[str, dict[str, list[float]]]


class Library:
    """A library with its two processes."""

    def __init__(self, tool: str, folder: str) -> None:
        path = f"{folder}/{tool}"
        self.processes: list[subprocess.Popen[str]] = []
        server = self._start("subject.py", tool, path)
        if server.readline() != "ready\n":
            raise RuntimeError(f"{tool} does not serve")
        self.rows: list[str] = json.loads(self._start("client.py", tool, path).readline())
        self.counts: dict[str, int] = {}

    def _start(self, program: str, tool: str, path: str) -> Any:
        words = [sys.executable, str(HERE / program), tool, path]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process.stdout

    def run(self, row: str, count: int) -> float:
        """The seconds that each of so many pieces of work took."""
        asked, told = self.processes[1].stdin, self.processes[1].stdout
        assert asked is not None and told is not None
        asked.write(json.dumps([row, count]) + "\n")
        asked.flush()
        return float(json.loads(told.readline())) / count

    def turn(self, row: str, seconds: float) -> float:
        """As `run`, as often as fits into so many seconds."""
        if row not in self.counts:
            self.run(row, 1)
            self.counts[row] = max(1, round(seconds / self.run(row, 1)))
            # Twice: the first count comes of what was cold.
            self.counts[row] = max(1, round(seconds / self.run(row, self.counts[row])))
        return self.run(row, self.counts[row])

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()


def pin() -> None:
    """Places this process, and all that it starts, on one CPU: the last, for systems give the first the most to do."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def measured(rows: list[str], rounds: int, seconds: float) -> Times:
    libraries: dict[str, Library] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for tool in TOOLS:
                libraries[tool] = Library(tool, folder)
            times: Times = {row: {tool: [] for tool, has in libraries.items() if row in has.rows} for row in rows}
            for _ in range(rounds):
                for row, by_tool in times.items():
                    for tool, taken in by_tool.items():
                        taken.append(libraries[tool].turn(row, seconds))
            return times
        finally:
            for library in libraries.values():
                library.end()


def ratios(by_tool: dict[str, list[float]], others: list[str]) -> list[float]:
    """How many times longer than this package the fastest of others took, in each round."""
    others = [tool for tool in others if tool in by_tool]
    return [min(by_tool[tool][at] for tool in others) / ours for at, ours in enumerate(by_tool["wherever"])]


def shown(values: list[float]) -> str:
    """The median, and the range that holds the middle half."""
    values = sorted(values)
    low, high = values[len(values) // 4], values[-1 - len(values) // 4]
    return f"{number(median(values))} ({number(low)} to {number(high)})"


def number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def table(placement: str, times: Times) -> str:
    head = f"{PLACEMENTS[placement]}, µs"
    lines = [f"| {head} | {' | '.join(TOOLS.values())} | fastest other / wherever | RPyC / wherever |",
             "|---" * (len(TOOLS) + 3) + "|"]
    for row, by_tool in times.items():
        cells = [number(median(by_tool[tool]) * 1e6) if tool in by_tool else "–" for tool in TOOLS]
        cells += [shown(ratios(by_tool, OTHERS)), shown(ratios(by_tool, ["rpyc"]))]
        lines.append(f"| {ROWS[row]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def goals(times: Times) -> str:
    lines = []
    for row, others, wanted in GOALS:
        if row in times:
            reached = ratios(times[row], others)
            whom = "the fastest of the three" if others is OTHERS else TOOLS[others[0]]
            met = "met" if median(reached) >= wanted else "NOT MET"
            lines.append(f"{met}: {row}, {wanted} times {whom}: {shown(reached)}")
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cargo xtask bench python", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round: shows that every row runs, no more")
    parser.add_argument("--rounds", type=int, help=f"rounds (default: {ROUNDS})")
    parser.add_argument("--json", action="store_true", help="all that was measured, instead of tables")
    parser.add_argument("row", nargs="*", metavar="ROW", help=f"only these of: {', '.join(ROWS)}")
    wish = parser.parse_args()
    unknown = [row for row in wish.row if row not in ROWS]
    if unknown:
        parser.error(f"no row {unknown[0]!r}; there are: {', '.join(ROWS)}")
    if wish.rounds is not None and wish.rounds < 1:
        parser.error("rounds are a number from 1")
    return wish


def main() -> None:
    wish = arguments()
    rounds = wish.rounds or (ROUNDS_QUICK if wish.quick else ROUNDS)
    rows = wish.row or list(ROWS)
    told: dict[str, Times] = {}
    for placement in ("unpinned", "one-cpu"):
        # The second placement is for good.
        if placement == "one-cpu":
            pin()
        told[placement] = measured(rows, rounds, TURN_QUICK if wish.quick else TURN)
    if wish.json:
        print(json.dumps(told))
        return
    if wish.quick:
        print("A quick run: every row runs; the figures mean nothing.\n")
    for placement in PLACEMENTS:
        print(table(placement, told[placement]), end="\n\n")
    print(f"CPython {platform.python_version()}. Medians of {rounds} rounds, in each of which all take turns.")
    print("A ratio is the median of the rounds' own, and in brackets what the middle half of them lies within.")
    print("managers has no callbacks. Pyro5 copies a list instead of referring to it: its iteration is one call.\n")
    print(goals(told["one-cpu"]))


if __name__ == "__main__":
    main()
