"""The prompt of pdb over a script in Rhai, whose process has no Python in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wherever import _pdb

TOP = Path(__file__).parents[2]
SCRIPT = TOP / "demos" / "src" / "bin" / "debugger" / "scripts" / "orders.rhai"

# What is typed, and what must be printed then.
TYPED = [
    ("b 12", "Breakpoint 1 at"), ("c", "total()\n-> sum += price(item, discount);"), ("p sum, discount", "(0, 10)"),
    ("!sum = 1000", ""), ("w", "(script)()\n-> all += total(order, discount);"), ("u", "-> all += total"),
    ("cl 1", "Deleted breakpoint 1"), ("n", "(27)(script)()"), ("l 17", "let discount = 10;"),
    ("j 20", "Rhai cannot jump"), ("p nosuch", "NameError: name 'nosuch' is not defined"), ("detach", ""),
]


@pytest.mark.skipif("WHEREVER_DEMOS" not in os.environ, reason="the demos are built by cargo xtask python")
def test_a_script_is_debugged_by_pdb(tmp_path: Path) -> None:
    url = f"unix://{tmp_path}/script.sock"
    runner = [os.path.join(os.environ["WHEREVER_DEMOS"], "debugger"), "run", str(SCRIPT), "--listen", url, "--wait"]
    with subprocess.Popen(runner, stdout=subprocess.PIPE, text=True) as script:
        try:
            assert script.stdout is not None and url in script.stdout.readline()
            lines = "".join(f"{line}\n" for line, _ in TYPED)
            done = subprocess.run([sys.executable, "-m", "wherever.pdb", url], input=lines, text=True,
                                  capture_output=True, timeout=60)
            printed, _ = script.communicate(timeout=60)
        finally:
            script.kill()
    assert done.returncode == 0, done.stderr
    answers = done.stdout.split("(Pdb) ")[1:]
    for (line, wanted), answer in zip(TYPED, answers, strict=True):
        assert wanted in answer, (line, answer)
    assert "all orders: 1675" in printed


def test_what_the_other_side_says_gives_the_terminal_no_orders(capsys: pytest.CaptureFixture[str]) -> None:
    prompt = _pdb.Prompt(None)
    prompt.message("--Thread \x1b[2J\u202eworker--\n\tnext")
    prompt.error("\x07no")
    assert capsys.readouterr().out == "--Thread ?[2J?worker--\n\tnext\n*** ?no\n"
