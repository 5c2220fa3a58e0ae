"""Strategies against the first of them, as a table of ratios."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from stampede.core.metrics import METRICS
from stampede.measure.comparison import Comparison, Ratio
from stampede.measure.run import Run
from stampede.reports.cells import plain_table

_ENDS = {
    "precision": "all intervals are narrow enough",
    "budget": "the budget is spent",
    "trials": "as many as were asked for",
    "": "interrupted",
}
_WORDS = {"no significant difference": "not significant", "not judged": "–"}


def parts(run: Run) -> list[RenderableType]:
    """How it was compared, and the ratios; nothing if it was not."""
    if run.comparison is None:
        return []
    return [Text(""), Text(how(run.comparison, run.seed)), ratios(run.comparison)]


def how(comparison: Comparison, seed: int) -> str:
    """How many pairs, why no more, and how narrow the intervals are."""
    pairs = max((each.pairs for each in comparison.strategies), default=0)
    wanted = "" if comparison.precision is None else f" (asked for: ±{100 * comparison.precision:.3g}%)"
    widest = "unknown" if comparison.half_width is None else f"±{100 * comparison.half_width:.2g}%"
    return (
        f"against {comparison.reference}: {pairs} pairs of trials in random order (seed {seed}), "
        f"{_ENDS.get(comparison.ended_by, comparison.ended_by)}; widest 95% interval {widest}{wanted}"
    )


TITLES = ("strategy", "metric", "ratio", "95% interval", "verdict")


def rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """What `ratios` shows, as text below `TITLES`."""
    return [(each.strategy, *cells(ratio)) for each in comparison.strategies for ratio in each.ratios]


def ratios(comparison: Comparison) -> Table:
    """One row for each strategy and metric."""
    table = plain_table(TITLES, right=("ratio", "95% interval"), fold=("strategy",))
    for compared in comparison.strategies:
        for number, ratio in enumerate(compared.ratios):
            table.add_row(Text("" if number else compared.strategy), *cells(ratio), style=_style(ratio))
    return table


def cells(ratio: Ratio) -> tuple[str, str, str, str]:
    """A ratio's metric, size, interval and verdict."""
    name = METRICS[ratio.metric].label if ratio.metric in METRICS else ratio.metric
    if ratio.ratio is not None and ratio.bad is not None:
        bad = f"{ratio.bad[0]}, {ratio.bad[1]} bad" if any(ratio.bad) else "–"
        return name, f"{ratio.ratio:.4g}", bad, _WORDS.get(ratio.verdict, ratio.verdict)
    if ratio.ratio is None or ratio.low is None or ratio.high is None:
        return name, "–", "–", ratio.verdict
    return name, f"{ratio.ratio:.4g}", f"{ratio.low:.3g} – {ratio.high:.3g}", _WORDS.get(ratio.verdict, ratio.verdict)


def _style(ratio: Ratio) -> str:
    return "" if ratio.verdict in ("lower", "higher") else "dim"
