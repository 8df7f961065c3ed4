"""The page "Python in five minutes": each of its files is written and each of its examples is run, as they stand."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).parent.parent.parent
PAGE = TOP / "docs" / "python.md"
RUST = TOP / "demos" / "src" / "bin" / "python_peer.rs"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"# (\w+\.py)\n")
# The folder with the demos, where they are built: `cargo xtask python` does it.
DEMOS = os.environ.get("WHEREVER_DEMOS")


def blocks(language: str) -> list[tuple[int, str]]:
    """The blocks of a language, with the lines that they begin at."""
    text = PAGE.read_text()
    found = [block for block in BLOCK.finditer(text) if block[1] == language]
    return [(text.count("\n", 0, block.start()) + 1, block[2]) for block in found]


def test_every_block_is_a_file_or_a_session():
    kinds = [block[1] for block in BLOCK.finditer(PAGE.read_text())]
    assert kinds and set(kinds) == {"sh", "python", "rust"}
    for line, text in blocks("python"):
        assert NAMED.match(text) or text.startswith(">>> "), f"line {line}"


def test_the_rust_on_the_page_is_the_demo():
    [(_, text)] = blocks("rust")
    assert text in RUST.read_text()


def written(text: str, folder: Path) -> str:
    """The text with files and sockets in a folder of the test's own."""
    return text.replace("unix:///tmp/lab.sock", f"unix://{folder}/lab.sock")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: Any) -> Any:
    """A folder with the page's files, in which `lab.py` runs."""
    for _, text in blocks("python"):
        named = NAMED.match(text)
        if named:
            (tmp_path / named[1]).write_text(written(text, tmp_path))
    # `import shapes` is as in a shell that was started there.
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    if DEMOS:
        monkeypatch.setenv("PATH", DEMOS, prepend=os.pathsep)
    lab = subprocess.Popen([sys.executable, "lab.py"], stdout=subprocess.PIPE, text=True)
    assert lab.stdout is not None and lab.stdout.readline().startswith("serving")
    yield tmp_path
    lab.kill()
    lab.communicate()
    sys.modules.pop("shapes", None)


def test_every_example_gives_what_it_shows(folder):
    pytest.importorskip("numpy")
    finder, examples = doctest.DocTestParser(), []
    for line, text in blocks("python"):
        if text.startswith(">>> "):
            if "exec:python_peer" in text and not DEMOS:
                continue
            for example in finder.get_examples(written(text, folder)):
                example.lineno += line
                examples.append(example)
    assert len(examples) > 50
    test = doctest.DocTest(examples, {"__name__": "__main__"}, PAGE.name, str(PAGE), 0, None)
    said: list[str] = []
    options = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    done = doctest.DocTestRunner(optionflags=options).run(test, out=said.append)
    assert done.attempted == len(examples)
    assert done.failed == 0, "".join(said)
