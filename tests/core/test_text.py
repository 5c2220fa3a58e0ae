"""Text of strangers."""

from __future__ import annotations

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from stampede.core.text import json_escaped, visible, visible_in, visible_lines, without_controls

BIDI = "\u202a\u202e\u2066\u2069\u200e\u200f\u061c"


def obeyed(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in BIDI)


def test_control_characters_are_written_out() -> None:
    assert (
        visible("a\x1b]52;c;x\x07\r\n\t\x7f\x9b\u202e\u2028é")
        == "a\\x1b]52;c;x\\x07\\r\\n\\t\\x7f\\x9b\\u202e\\u2028é"
    )
    assert visible_lines("a\n\tb\r\x1b") == "a\n\tb\\r\\x1b"
    assert without_controls("a\n\tb\r\x1b[2J") == "a\n\tb[2J"


@given(st.text(st.characters()) | st.text("ab\x00\x1b\x9b\n\r\t\ud800" + BIDI))
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    assert obeyed(visible(text)) == ""
    assert set(obeyed(visible_lines(text))) <= {"\n", "\t"}
    assert set(obeyed(without_controls(text))) <= {"\n", "\t"}


@given(st.text(st.characters(codec="utf-8")))
def test_a_json_document_says_the_same_without_them(text: str) -> None:
    document = json.dumps({text: text}, ensure_ascii=False, indent=1).encode()
    escaped = json_escaped(document)
    assert json.loads(escaped) == {text: text}
    assert set(obeyed(escaped.decode())) <= {"\n"}


def test_keys_are_texts_too() -> None:
    assert visible_in({"a\x1b": ["\r", 1, None, {"b": "\n"}]}) == {"a\\x1b": ["\\r", 1, None, {"b": "\\n"}]}
