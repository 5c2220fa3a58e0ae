"""Whether the trials of two strategies of a run are apart: a winner needs a test."""

from __future__ import annotations

import numpy as np

from stampede.measure.run import Run
from stampede.measure.runs import unpaired
from stampede.measure.significance import SIGNIFICANT
from stampede.measure.statistics import Resampler
from stampede.measure.summary import Row
from stampede.measure.trial import values

METRIC = "latency_p99_ms"


def apart(run: Run, one: Row, other: Row) -> bool:
    """Whether the p99 of their valid trials differs beyond chance; never for fewer than three trials a side."""
    first, second = (np.array(_of(run, row), dtype=np.float64) for row in (one, other))
    estimate = unpaired([first], [second], Resampler(run.seed))
    return estimate is not None and estimate.p < SIGNIFICANT and estimate.excludes()


def _of(run: Run, row: Row) -> list[float]:
    mine = (
        trial
        for trial in run.trials
        if trial.valid and (trial.strategy, trial.swept, trial.scenario) == (row.strategy, row.swept, row.scenario)
    )
    return values(mine, METRIC)
