"""Strategies against the first of them, as a table of ratios."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from stampede.core.metrics import METRICS
from stampede.measure.comparison import Compared, Comparison, Ratio
from stampede.measure.run import Run
from stampede.measure.statistics import FEWEST
from stampede.reports.cells import plain_table

_ENDS = {
    "precision": "all intervals are narrow enough",
    "budget": "the budget is spent",
    "trials": "as many as were asked for",
    "": "interrupted",
}
_WORDS = {"no significant difference": "not significant", "not judged": "–", "too few trials": "–"}
_STYLES = {"better": "green", "worse": "bold red", "not significant": "", "equal": "dim", "–": "dim"}


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
    return [(each.strategy, *cells(ratio)) for each in comparison.strategies for ratio in _shown(each)]


def ratios(comparison: Comparison) -> Table:
    """One row for each strategy and metric."""
    table = plain_table(TITLES, right=("ratio", "95% interval"), fold=("strategy",))
    for compared in comparison.strategies:
        for number, ratio in enumerate(_shown(compared)):
            shown = cells(ratio)
            table.add_row(Text("" if number else compared.strategy), *shown, style=_STYLES.get(shown[-1], ""))
    return table


def _shown(compared: Compared) -> list[Ratio]:
    """All; those that are known where nobody has enough pairs for any other, or at least one."""
    if compared.pairs >= FEWEST:
        return compared.ratios
    return [ratio for ratio in compared.ratios if ratio.ratio is not None] or compared.ratios[:1]


def word(ratio: Ratio) -> str:
    """The verdict: lower or higher is better or worse, as its metric has it."""
    if ratio.verdict in ("lower", "higher") and ratio.metric in METRICS:
        return "better" if METRICS[ratio.metric].more_is_better == (ratio.verdict == "higher") else "worse"
    return _WORDS.get(ratio.verdict, ratio.verdict)


def cells(ratio: Ratio) -> tuple[str, str, str, str]:
    """A ratio's metric, size, interval and verdict."""
    name = METRICS[ratio.metric].label if ratio.metric in METRICS else ratio.metric
    if ratio.ratio is not None and ratio.bad is not None:
        bad = f"{ratio.bad[0]}, {ratio.bad[1]} bad" if any(ratio.bad) else "–"
        return name, f"{ratio.ratio:.4g}", bad, word(ratio)
    if ratio.ratio is None or ratio.low is None or ratio.high is None:
        return name, "–", "–", word(ratio)
    return name, f"{ratio.ratio:.4g}", f"{ratio.low:.3g} – {ratio.high:.3g}", word(ratio)
