"""The table of operations is what it was, what differs is explained, and the page is made of the table.

`UPDATE_PAGES=1` writes table and page anew.
"""

from __future__ import annotations

import os
import pathlib
import sys

import pytest

from operation_sentences import SENTENCES, sentence_of
from operation_texts import GROUPS
from operations import DATA, PROGRAM, Outcome, Row, known, run, written

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "python-differences.md"
# Under other versions of CPython some operations have other results, take other messages, or fail in other words: no
# more is asked there than that what differs is explained.
VERSION = (3, 11)
UPDATE = bool(os.environ.get("UPDATE_PAGES"))

INTRODUCTION = """\
# Python: what differs from a local object, and what it costs

Each operation below was done on a local object and on a remote one, in two processes, and its result, its error and the
object afterwards were compared. It is the *same*, or it is *refused* with an error and nothing was changed, or it
*differs*, and then a sentence says how. Nothing else differs silently as far as these {total} operations tell. The page
is made from `python/tests/operations.json`, and a test compares both with what the operations do.

The numbers are messages, both ways counted together: 2 is one round trip, 0 is nothing that leaves the process. Both
sides had the policy `open`; under others more is refused.

| object | same | refused | differs |
|---|---|---|---|
"""


def code(texts: list[str]) -> str:
    """Operations as a paragraph of code."""
    lines, line = [], ""
    for text in texts:
        word = f"`{text}`" if "`" not in text else f"`` {text} ``"
        if line and len(line) + len(word) + 2 > 118:
            lines.append(line)
            line = ""
        line = f"{line} {word}," if line else f"{word},"
    return "\n".join([*lines, line.rstrip(",")])


def filled(text: str) -> str:
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) + 1 > 118:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line])


def page(table: dict[str, dict[str, Row]]) -> str:
    rows = [row for of in table.values() for row in of.values()]
    parts = [INTRODUCTION.format(total=len(rows))]
    for group, of in table.items():
        counts = [sum(row.result == result for row in of.values()) for result in ("same", "refused", "differs")]
        parts.append(f"| {group} | {counts[0]} | {counts[1]} | {counts[2]} |\n")
    parts.append("\n## What differs\n")
    for sentence, _ in SENTENCES:
        texts = [text for of in table.values() for text, row in of.items()
                 if row.result == "differs" and sentence_of(text) == sentence]
        if texts:
            parts.append(f"\n{filled(sentence)}\n\n{code(list(dict.fromkeys(texts)))}\n")
    parts.append("\n## What is refused\n\n"
                 "A local object would do these; a remote one fails, with an error that says so.\n")
    for group, of in table.items():
        texts = [text for text, row in of.items() if row.result == "refused"]
        if texts:
            parts.append(f"\n**{group}**\n\n{code(texts)}\n")
    parts.append("\n## What operations cost\n\nIn messages, of those that give the same.\n")
    for group, of in table.items():
        parts.append(f"\n### {group}\n")
        for messages in sorted({row.messages for row in of.values() if row.result == "same"}):
            texts = [text for text, row in of.items() if row.result == "same" and row.messages == messages]
            parts.append(f"\n{messages}: {code(texts)}\n")
    return "".join(parts)


def fails_alike(local: Outcome, remote: Outcome) -> bool:
    """Whether both fail with the same type of error, and leave the same."""
    return (local.error is not None and remote.error is not None and local.error[:2] == remote.error[:2]
            and local.after == remote.after)


@pytest.fixture
def done(start, messages):
    return run(start(PROGRAM, here="open"), messages, GROUPS)


def test_operations_do_what_the_table_says(done):
    table, unlike = done
    unsaid = {(group, text): unlike[group, text] for group, of in table.items() for text, row in of.items()
              if row.result == "differs" and sentence_of(text) is None
              and not (sys.version_info[:2] != VERSION and fails_alike(*unlike[group, text]))}
    assert not unsaid
    if sys.version_info[:2] != VERSION:
        return
    if UPDATE:
        DATA.write_text(written(table))
        PAGE.write_text(page(table))
    before = known()
    assert table == before, {
        (group, text): (row, before.get(group, {}).get(text), unlike.get((group, text)))
        for group, of in table.items() for text, row in of.items() if row != before.get(group, {}).get(text)}


def test_no_sentence_is_said_of_nothing():
    differing = {text for of in known().values() for text, row in of.items() if row.result == "differs"}
    assert not [text for _, texts in SENTENCES for text in texts if text not in differing]


def test_the_page_is_made_of_the_table():
    assert PAGE.read_text() == page(known()), "set UPDATE_PAGES=1 to write it anew"

