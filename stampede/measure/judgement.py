"""The gates of a run: which of them hold for what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from stampede.core.metrics import In, shown_in
from stampede.measure.condition import Condition
from stampede.measure.point import at
from stampede.measure.run import Run
from stampede.measure.summary import Row
from stampede.measure.three_valued import Value

GATED = (*shown_in(In.SUMMARY), "db_hits_ideal", "instances", "trials", "valid")


def judge(run: Run, gates: Sequence[Condition]) -> list[str]:
    """What failed, at every point of a sweep; INVALID trials are never judged."""
    points: dict[tuple[tuple[str, str], ...], dict[str, dict[str, Value]]] = {}
    for row in run.summary:
        if row.valid:
            points.setdefault(tuple(row.swept.items()), {})[row.strategy] = figures(row)
    return [
        failure
        for gate in gates
        for swept, rows in points.items()
        for failure in gate.failures(rows, at(dict(swept)))
    ]


def figures(row: Row) -> dict[str, Value]:
    """The names of a row that a gate may use; None: nobody has it."""
    numbers = {"db_hits_ideal": row.db_hits_ideal, "instances": row.instances}
    counts = {"trials": row.trials, "valid": row.valid}
    return {name: row.value(name) for name in shown_in(In.SUMMARY)} | {
        k: float(v) for k, v in (numbers | counts).items()
    }
