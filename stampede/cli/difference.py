"""What `stampede diff` does: read, judge, print, and choose the exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from stampede.cli.console import ResultConsole
from stampede.core.errors import INVALID, OK, GateFailed
from stampede.measure import diff as measure
from stampede.measure.condition import Condition
from stampede.reports import diff as report
from stampede.reports.read import read


def diff(old: Path, new: Path, threshold: float, fail_if: Sequence[str], json: bool, quiet: bool) -> int:
    """Compare, print, and return OK, or INVALID if a side has no valid trials.

    Raises:
        GateFailed: something became worse, or a gate holds.
        UsageError: a file, a gate, or two runs that cannot be compared.
    """
    result = measure.diff(read(old), read(new), threshold)
    names = [each.strategy for each in result.strategies]
    gates = [Condition.parse(text, measure.DIFFED, names, timed=False) for text in fail_if]
    figures = {each.strategy: each.figures() for each in result.strategies}
    failed = [failure for gate in gates for failure in gate.failures(figures)]
    if json:
        sys.stdout.buffer.write(report.render_json(result))
    elif not quiet:
        report.show(result, ResultConsole())
    worse = [f"worse than {old}" + ("" if not quiet else ": " + "; ".join(result.verdicts))] if result.worse else []
    if worse or failed:
        raise GateFailed("; ".join(worse + failed))
    return OK if all(each.old and each.new for each in result.strategies) else INVALID
