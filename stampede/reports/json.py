"""The whole run as JSON."""

from __future__ import annotations

import msgspec

from stampede.measure.run import Run


def render(run: Run) -> bytes:
    """The JSON document, indented, with a final newline."""
    return msgspec.json.format(msgspec.json.encode(run, enc_hook=str), indent=2) + b"\n"
