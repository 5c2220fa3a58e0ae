"""What changed between saved runs, as a table."""

from __future__ import annotations

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stampede.core.metrics import METRICS
from stampede.measure.change import Change
from stampede.measure.comparison import COMPARED
from stampede.measure.diff import Diff
from stampede.reports.cells import plain_table

TITLES = ("strategy", "trials", "metric", "new/old", "95% interval", "verdict")
_STYLES = {"worse": "bold red", "better": "green", "cannot be told": "yellow"}
"""All else is dim: there is nothing to do about it."""


def show(diff: Diff, console: Console) -> None:
    """Print the table, the verdicts and the notes."""
    console.print(
        Text(f"{diff.scenario}: the new run against the old; a change up to {100 * diff.threshold:.3g}% is none")
    )
    console.print(_table(diff))
    for verdict in diff.verdicts:
        console.print(Text(verdict, style="bold"))
    for note in diff.notes:
        console.print(Text(f"note: {note}", style="yellow"))


def render_json(diff: Diff) -> bytes:
    """The diff as one JSON document on one line."""
    return msgspec.json.encode(diff) + b"\n"


def _table(diff: Diff) -> Table:
    table = plain_table(TITLES, right=("new/old", "95% interval"), fold=("strategy",))
    for each in diff.strategies:
        shown = [
            change
            for change in each.changes
            if change.metric in COMPARED or change.verdict not in ("equal", "not judged")
        ]
        for number, change in enumerate(shown):
            head = ("", "") if number else (each.strategy, f"{each.old}, {each.new}")
            cells = _cells(change, diff.threshold)
            table.add_row(Text(head[0]), head[1], *cells, style=_STYLES.get(change.verdict, "dim"))
    return table


def _cells(change: Change, threshold: float) -> tuple[str, str, str, str]:
    size = "–" if change.ratio is None else f"{change.ratio:.4g}"
    interval = "–" if change.low is None else f"{change.low:.3g} – {change.high:.3g}"
    if change.bad is not None and any(change.bad):
        interval = f"{change.bad[0]}, {change.bad[1]} bad"
    words = {"not judged": "–", "same": f"same within {100 * threshold:.3g}%"}
    verdict = words.get(change.verdict, change.verdict)
    return METRICS[change.metric].label, size, interval, verdict
