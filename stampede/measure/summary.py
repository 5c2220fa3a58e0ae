"""Many trials of one strategy as one row: the trial is the unit, so a row shows medians over trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median, median_low

import msgspec

from stampede.core.metrics import In, shown_in
from stampede.measure import validity
from stampede.measure.kinds import Kinds
from stampede.measure.point import point
from stampede.measure.trial import Trial, values

FEW_FAILURES = 0.01


class Spread(msgspec.Struct, frozen=True):
    """A metric over the trials."""

    median: float
    minimum: float
    maximum: float


class Row(msgspec.Struct, frozen=True):
    """One strategy in one scenario, at one point of a sweep if there is one.

    `metrics` covers the valid trials, or all if none is valid.
    """

    scenario: str
    strategy: str
    trials: int
    valid: int
    instances: int
    requests: int
    db_hits_ideal: int
    metrics: dict[str, Spread]
    reasons: list[str]
    warnings: list[str]
    swept: dict[str, str] = {}
    point: dict[str, int | float | str] = {}

    @property
    def label(self) -> str:
        """The strategy, and what a sweep set for it."""
        return self.label_of(self.strategy, self.swept)

    @staticmethod
    def label_of(strategy: str, swept: Mapping[str, str]) -> str:
        """The label that a trial's row has."""
        return " ".join([strategy, *(f"{name}={value}" for name, value in swept.items())])

    def value(self, metric: str) -> float | None:
        """The median over trials; None if no trial has the metric."""
        spread = self.metrics.get(metric)
        return spread.median if spread else None

    @property
    def bounded_below(self) -> bool:
        """Whether more than one in a hundred failed: then a percentile is the least that was felt."""
        failed = self.metrics.get("failed")
        return failed is not None and failed.maximum > FEW_FAILURES * max(1, self.requests)

    def rests_on_enough(self, quantile: float) -> bool:
        """Whether a percentile has at least five requests of a trial beyond it."""
        return validity.rests_on_enough(self.requests, quantile)


def wasted(row: Row) -> bool:
    """Whether loads that reached the database were not executed there: given up, or still queued at the end."""
    executed = row.value("db_executed")
    return executed is not None and executed != row.value("db_hits")


def summarize(trials: Sequence[Trial]) -> list[Row]:
    """One row for each scenario, strategy and point of a sweep, in the order of their first trials."""
    return [_row(group) for group in by_strategy(trials).values()]


def by_strategy(trials: Iterable[Trial]) -> dict[tuple[object, ...], list[Trial]]:
    """The trials of each scenario, strategy and point of a sweep, in the order of their first trials."""
    groups: dict[tuple[object, ...], list[Trial]] = {}
    for trial in trials:
        groups.setdefault((trial.scenario, trial.strategy, *trial.swept.items()), []).append(trial)
    return groups


def valid_or_all(group: list[Trial]) -> list[Trial]:
    """The trials that count: the valid ones, or all if none is."""
    return [trial for trial in group if trial.valid] or group


def typical(group: list[Trial]) -> Trial:
    """Of those that count the trial with the median p99, for a picture that can show one only."""
    counted = valid_or_all(group)
    middle = median_low(trial.latency_p99_ms or 0.0 for trial in counted)
    return next(trial for trial in counted if (trial.latency_p99_ms or 0.0) == middle)


def _row(group: list[Trial]) -> Row:
    counted = valid_or_all(group)
    metrics = {}
    for name, metric in shown_in(In.SUMMARY).items():
        if known := values(counted, name):
            # A maximum is that of all trials; everything else is the median over them.
            middle = max(known) if metric.maximum else median(known)
            metrics[name] = Spread(float(middle), float(min(known)), float(max(known)))
    first = counted[0]
    return Row(
        first.scenario,
        first.strategy,
        len(group),
        sum(trial.valid for trial in group),
        first.instances,
        round(median(trial.requests for trial in counted)),
        round(median(trial.db_hits_ideal for trial in counted)),
        metrics,
        _distinct(reason for trial in group for reason in trial.reasons),
        _alike(warning for trial in counted for warning in trial.warnings),
        first.swept,
        point(first.swept),
    )


def _alike(texts: Iterable[str]) -> list[str]:
    """Of those that differ in figures only the first, with the number of trials."""
    kinds = Kinds()
    for text in texts:
        kinds.add(text)
    return [f"in {count} trials: {first}" if count > 1 else first for first, count in kinds.counts.items()]


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
