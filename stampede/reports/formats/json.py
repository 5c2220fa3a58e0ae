"""The whole run as JSON."""

from __future__ import annotations

import msgspec

from stampede.measure.run import Run


def render(run: Run) -> bytes:
    """The JSON document on one line, for its timelines would fill a page each with indentation."""
    return msgspec.json.encode(run, enc_hook=str) + b"\n"
