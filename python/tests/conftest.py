"""Two real processes that share no source: what the tests have in common."""

from __future__ import annotations

import signal
import sys
import textwrap
from typing import Any, Callable

import pytest

import wherever

# Whoever starts the tests in the background may have had this signal ignored; those that they start would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What stands at the end of the other process's program: its own names are what it exports.
SERVES = """

import wherever as _wherever
_wherever.serve_stdio({name: value for name, value in list(globals().items()) if not name.startswith("_")},
                      policy=%r)
"""


@pytest.fixture
def start(tmp_path: Any) -> Any:
    """Starts another process with this program, which exports its global names, and connects to it.

    The program is in no folder that this process imports from, so that nothing of it is known here.
    """
    peers = []

    def start(program: str, *, policy: str = "open", here: str = "closed", exports: Any = None) -> wherever.Peer:
        file = tmp_path / f"owner_{len(peers)}" / "program.py"
        file.parent.mkdir()
        file.write_text(textwrap.dedent(program) + SERVES % policy)
        peer = wherever.connect_command([sys.executable, str(file)], policy=here, exports=exports)
        peers.append(peer)
        return peer

    yield start
    for peer in peers:
        peer.close()


@pytest.fixture
def messages() -> Callable[..., Any]:
    """Does something, and gives what it came to and how many messages that took, both ways."""

    def messages(peer: wherever.Peer, act: Callable[[], Any]) -> tuple[Any, int]:
        before = peer.stats()
        done = act()
        after = peer.stats()
        return done, sum(after[name] - before[name] for name in ("messages_sent", "messages_received"))

    return messages
