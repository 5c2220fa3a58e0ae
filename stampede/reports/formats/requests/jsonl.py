"""One JSON object per line and request."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from stampede.reports.requests import COLUMNS, Recorded, rows


def render(recorded: Recorded) -> Iterator[bytes]:
    """The file, trial by trial; a time that never came is null."""
    for trial, requests in recorded:
        objects = (dict(zip(COLUMNS, row, strict=True)) for row in rows(trial, requests))
        yield b"".join(msgspec.json.encode(each) + b"\n" for each in objects)
