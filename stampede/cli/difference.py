"""What `stampede diff` does: read, judge, print, and choose the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stampede.cli.outcome import present
from stampede.core.errors import INVALID, OK, GateFailed, UsageError
from stampede.measure.between_runs import STATED, Between
from stampede.measure.condition import Condition
from stampede.measure.diff import DIFFED
from stampede.measure.diff import diff as changes_between
from stampede.reports import diff as report
from stampede.reports.calibration import read_spreads
from stampede.reports.read import read


def diff(
    old: Sequence[Path],
    new: Sequence[Path],
    threshold: float,
    stated: float | None,
    calibration: Path | None,
    fail_if: Sequence[str],
    json: bool,
    quiet: bool,
) -> int:
    """Compare, print, and return OK, or INVALID if a side has no valid trials.

    Raises:
        GateFailed: something became worse, or a gate holds.
        UsageError: a file, a gate, or runs that cannot be compared.
    """
    _check_distinct(old, new)
    between = Between(STATED if stated is None else stated, read_spreads(calibration) if calibration else {})
    before, after = [read(path) for path in old], [read(path) for path in new]
    labels = dict.fromkeys(row.label for run in after for row in run.summary)
    gates = [Condition.parse(text, DIFFED, labels, timed=False) for text in fail_if]
    named = {metric for gate in gates for _, metric in gate.names}
    result = changes_between(before, after, threshold, between, named)
    figures = {each.strategy: each.figures() for each in result.strategies}
    failed = [failure for gate in gates for failure in gate.failures(figures)]
    present(json, quiet, lambda: report.render_json(result), lambda console: report.show(result, console))
    than = ", ".join(map(str, old))
    worse = [f"worse than {than}" + ("" if not quiet else ": " + "; ".join(result.verdicts))] if result.worse else []
    if worse or failed:
        raise GateFailed("; ".join(worse + failed))
    return OK if all(each.old and each.new for each in result.strategies) else INVALID


def _check_distinct(*sides: Sequence[Path]) -> None:
    """A run that counts twice would make its side look surer than it is."""
    for paths in sides:
        for number, path in enumerate(paths):
            if path.resolve() in {other.resolve() for other in paths[:number]}:
                raise UsageError(f"'{path}' is named twice on one side: name each run once")
