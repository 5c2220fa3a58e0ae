"""How figures are written, and what every table looks like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from rich import box
from rich.table import Table


def plain_table(titles: Iterable[str], right: Iterable[str] = (), fold: Iterable[str] = ()) -> Table:
    """A table with these columns: those in `right` are figures, those in `fold` may be broken over lines."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    right, fold = set(right), set(fold)
    for title in titles:
        justify: Literal["left", "right"] = "right" if title in right else "left"
        table.add_column(title, justify=justify, no_wrap=title not in fold, overflow="fold")
    return table


def milliseconds(value: float | None) -> str:
    """With a decimal below a hundred; a dash for None."""
    if value is None:
        return "–"
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def number(value: float | None) -> str:
    """Four digits, or all of a large one; a dash for None."""
    return "–" if value is None else f"{value:.4g}" if value < 1000 else f"{value:.0f}"


def many(count: int, noun: str) -> str:
    """A count and its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
