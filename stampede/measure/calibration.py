"""What a machine can measure validly."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec

from stampede.measure.between_runs import Spread
from stampede.measure.run import Run
from stampede.measure.trial import Trial


class SizeRow(msgspec.Struct, frozen=True):
    """Bursts of one size over warm keys: medians over the trials, the maximum of all; ms."""

    requests: int
    trials: int
    spread_ms: float
    spread_max_ms: float
    floor_p50_ms: float
    floor_p99_ms: float
    floor_max_ms: float
    loop_lag_ms: float
    valid: int

    @classmethod
    def of(cls, trials: Sequence[Trial]) -> SizeRow:
        """Fold the trials of one size."""
        return cls(
            trials[0].requests,
            len(trials),
            median(t.arrival_spread_ms for t in trials),
            max(t.arrival_spread_ms for t in trials),
            median(t.latency_p50_ms or 0.0 for t in trials),
            median(t.latency_p99_ms or 0.0 for t in trials),
            max(t.latency_max_ms or 0.0 for t in trials),
            median(t.loop_lag_ms for t in trials),
            sum(t.valid for t in trials),
        )


class Paired(msgspec.Struct, frozen=True):
    """Two rates measured in turn: medians of each, and the median of the ratios pair by pair."""

    store_per_s: float
    pool_per_s: float
    ratio: float
    ratio_min: float
    ratio_max: float

    @classmethod
    def of(cls, pairs: Sequence[tuple[float, float]]) -> Paired:
        """Fold (store, pool) pairs."""
        ratios = [store / pool for store, pool in pairs]
        return cls(
            median(store for store, _ in pairs),
            median(pool for _, pool in pairs),
            median(ratios),
            min(ratios),
            max(ratios),
        )


class Calibration(msgspec.Struct):
    """The result of `stampede calibrate`; `memory` is bytes per request in flight, by strategy.

    `between` is how far identical runs differ, if that was asked for; then the trials are those of all these runs.
    """

    run: Run
    sizes: list[SizeRow] = []
    gets: Paired | None = None
    memory: dict[str, float] = {}
    between: list[Spread] = []

    @property
    def largest_valid(self) -> int | None:
        """The largest burst of which every trial was valid, with all smaller ones valid too."""
        largest = None
        for row in self.sizes:
            if row.valid < row.trials:
                break
            largest = row.requests
        return largest
