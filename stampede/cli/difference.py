"""What `stampede diff` does: read, judge, print, and choose the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stampede.cli.outcome import present
from stampede.core.errors import INVALID, OK, GateFailed
from stampede.measure.condition import Condition
from stampede.measure.diff import DIFFED
from stampede.measure.diff import diff as changes_between
from stampede.reports import diff as report
from stampede.reports.read import read


def diff(old: Path, new: Path, threshold: float, fail_if: Sequence[str], json: bool, quiet: bool) -> int:
    """Compare, print, and return OK, or INVALID if a side has no valid trials.

    Raises:
        GateFailed: something became worse, or a gate holds.
        UsageError: a file, a gate, or two runs that cannot be compared.
    """
    result = changes_between(read(old), read(new), threshold)
    names = [each.strategy for each in result.strategies]
    gates = [Condition.parse(text, DIFFED, names, timed=False) for text in fail_if]
    figures = {each.strategy: each.figures() for each in result.strategies}
    failed = [failure for gate in gates for failure in gate.failures(figures)]
    present(json, quiet, lambda: report.render_json(result), lambda console: report.show(result, console))
    worse = [f"worse than {old}" + ("" if not quiet else ": " + "; ".join(result.verdicts))] if result.worse else []
    if worse or failed:
        raise GateFailed("; ".join(worse + failed))
    return OK if all(each.old and each.new for each in result.strategies) else INVALID
