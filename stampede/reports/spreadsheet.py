"""Cells of CSV files that no spreadsheet takes for a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""What begins a formula, also behind apostrophes: so every quoted cell is read back as it was."""


def row(cells: Iterable[object]) -> list[object]:
    """The row with each text that would begin a formula behind an apostrophe."""
    return [quoted(cell) if isinstance(cell, str) else cell for cell in cells]


def quoted(text: str) -> str:
    """The text, behind an apostrophe if it begins a formula and is no plain number."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unquoted(cell: str) -> str:
    """The text that `quoted` made this of."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
