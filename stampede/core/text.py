"""Text of strangers, fit to be shown: what a terminal would obey instead of showing it is written out."""

from __future__ import annotations

import re
from typing import Any

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_OBEYED = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_BIDI}]")
"""Control characters (C0 with tab and line feed, DEL, C1), what else ends a line or turns its direction, and what is
no character at all."""

_OBEYED_IN_LINES = re.compile(f"(?![\n\t]){_OBEYED.pattern}")


def visible(text: str) -> str:
    """The text on one line, each control character written as Python writes it: `\\x1b`, `\\n`, `\\u202e`."""
    return _OBEYED.sub(_escape, text)


def visible_lines(text: str) -> str:
    """The same for a text of our own of several lines: its line feeds and tabs stay."""
    return _OBEYED_IN_LINES.sub(_escape, text)


def without_controls(text: str) -> str:
    """The same text as wide as it was measured: control characters have no width, and are left out."""
    return _OBEYED_IN_LINES.sub("", text)


def json_escaped(document: bytes) -> bytes:
    """The same JSON with those that it may have as they are, in strings only, as `\\u009b`."""
    return _OBEYED_IN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", document.decode()).encode()


def visible_in(data: Any) -> Any:
    """Decoded JSON or TOML with every string in it made `visible`, keys too."""
    if isinstance(data, str):
        return visible(data)
    if isinstance(data, list):
        return [visible_in(each) for each in data]
    if isinstance(data, dict):
        return {visible_in(key): visible_in(value) for key, value in data.items()}
    return data


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode("ascii")
