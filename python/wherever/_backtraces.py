"""Backtraces of errors of Rust: resolved over there when somebody asks, and shown where the error was raised."""

from __future__ import annotations

import types
from typing import Any

from wherever import _frames, _sources, _wherever
from wherever._errors import Error
from wherever._variables import Place


def with_backtraces(made: types.TracebackType | None) -> types.TracebackType | None:
    """The traceback, with the frames of the backtraces that are to be had. Each error that has one is asked once."""
    entries = []
    while made is not None:
        entries.append(made)
        made = made.tb_next
    places = [_frames.place_in(entry.tb_frame) for entry in entries]
    last: dict[Any, int] = {}
    most: dict[Any, int] = {}
    for at, place in enumerate(places):
        if place is not None and isinstance(place.owner, _wherever.FrameOwner) and place.owner.has("backtrace"):
            last[place.owner] = at
            most[place.owner] = max(place.index, most.get(place.owner, 0))
    for at in range(len(entries) - 1, -1, -1):
        entry, place = entries[at], places[at]
        # Of the frames that an error of Rust has told, the place where it was raised is the last.
        # Where there are frames behind it, they were asked for before.
        if place is not None and last.get(place.owner) == at and most[place.owner] == place.index:
            made = _behind(entry, place, made)
        else:
            made = types.TracebackType(made, entry.tb_frame, entry.tb_lasti, entry.tb_lineno or 0)
    return made


def _behind(entry: types.TracebackType, place: Place, made: types.TracebackType | None) -> types.TracebackType:
    """The entry of a place, behind the frames that lead there."""
    try:
        told = [Place(*parts, place.owner, place.index + 1 + at)
                for at, parts in enumerate(place.owner.call("places")[place.index + 1:])]
    except (Error, TypeError):
        # Its side is gone, or says something else: what came with the error is there.
        told = []
    file = entry.tb_frame.f_code.co_filename
    session = _sources.session_of(file)
    frame: types.FrameType | None = entry.tb_frame
    if told:
        # The innermost is the place itself, which knows the variables, and not always the function.
        inner = told.pop()
        known = place._replace(name=place.name or inner.name, text=place.text or inner.text)
        frame = _frames.new_frame(known, session) or frame
    assert frame is not None
    made = types.TracebackType(made, frame, 0, entry.tb_lineno or 0)
    return _frames.traceback(told, session, made) or made
