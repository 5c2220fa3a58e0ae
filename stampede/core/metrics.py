"""The one table of metrics: whatever is known of a figure stands in its row, and its name stands nowhere else.

A new metric is a row here and a line where a fold counts it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Flag, auto
from typing import Literal, NamedTuple

REQUIRED = object()

Unit = Literal["ms", "s", "bytes", "1/s", "", "loads", "requests", "commands"]
SECONDS = {"ms": 1e-3, "s": 1.0}
COUNTED = ("loads", "requests", "commands")


class In(Flag):
    """Where a metric appears, beside the JSON of a trial."""

    NOWHERE = 0
    CSV = auto()
    SUMMARY = auto()
    """One figure for each strategy, which gates and expected figures may be about."""
    COMPARED = auto()
    DIFFED = auto()
    PAGE = auto()
    PLOT = auto()
    """A sweep's plot in the terminal."""


class Metric(NamedTuple):
    """One row: `label` in tables and sentences, `title` on axes.

    `kind` is of what a trial holds; None in it, if `optional`: nobody had it, or nobody could see it. `default` is
    for files that were saved before the metric was known. `maximum`: over the trials, the worst is what counts.
    `primary`: one of the few that comparisons judge without being asked; every other question costs power.
    """

    name: str
    kind: type
    unit: Unit
    label: str = ""
    title: str = ""
    shown: In = In.CSV | In.SUMMARY
    optional: bool = False
    default: object = REQUIRED
    maximum: bool = False
    more_is_better: bool = False
    primary: bool = False

    @property
    def counted(self) -> bool:
        """Whether one says fewer and more of it, not lower and higher."""
        return self.unit in COUNTED


_JUDGED = In.COMPARED | In.DIFFED
_BOTH = In.CSV | In.SUMMARY
_FELT = _BOTH | _JUDGED | In.PAGE

TABLE = (
    # The first ones, up to `duration_s`, never change their places in the CSV.
    Metric("requests", int, "requests"),
    Metric("ok", int, "requests", shown=In.CSV),
    Metric("errors", int, "requests", "errors", shown=_BOTH | In.DIFFED),
    Metric("timeouts", int, "requests", "timeouts", shown=_BOTH | In.DIFFED),
    Metric("db_hits", int, "loads", "DB hits", "DB hits", _FELT | In.PLOT, primary=True),
    Metric("db_hits_ideal", int, "loads", shown=In.CSV),
    Metric("amplification", float, ""),
    Metric("db_peak_in_flight", int, "loads", "", "peak in flight at the DB", _BOTH | In.PAGE, optional=True),
    Metric("latency_p50_ms", float, "ms", "p50", "p50 latency, ms", _FELT, optional=True),
    Metric("latency_p90_ms", float, "ms", optional=True),
    Metric("latency_p99_ms", float, "ms", "p99", "p99 latency, ms", _FELT | In.PLOT, optional=True, primary=True),
    Metric("latency_max_ms", float, "ms", "max", "highest latency, ms", _FELT, optional=True, maximum=True),
    Metric("stale", int, "requests", "", "stale answers", _BOTH | In.PAGE),
    Metric("staleness_max_ms", float, "ms", maximum=True),
    Metric("redis_commands", int, "commands", "Redis commands", "Redis commands", _FELT),
    Metric("arrival_spread_ms", float, "ms", "", "arrival spread, ms", _BOTH | In.PAGE),
    Metric("duration_s", float, "s"),
    Metric("failed", int, "requests", "failures", "failures", _FELT, default=0, primary=True),
    Metric("latency_p999_ms", float, "ms", optional=True, default=None),
    Metric("ok_p50_ms", float, "ms", optional=True, default=None),
    Metric("ok_p99_ms", float, "ms", optional=True, default=None),
    Metric("db_peak_queued", int, "loads", "", "peak queue at the DB", _BOTH | In.PAGE, optional=True, default=None),
    Metric("db_busy_s", float, "s", optional=True, default=None),
    Metric("db_executed", int, "loads", optional=True, default=None),
    Metric("db_abandoned", int, "loads", optional=True, default=None),
    Metric("epochs", int, "", optional=True, default=None),
    Metric("loads_per_epoch_mean", float, "", optional=True, default=None),
    Metric("loads_per_epoch_ci95", float, "", optional=True, default=None),
    Metric("loads_per_epoch_max", int, "loads", optional=True, default=None, maximum=True),
    Metric("hit_ratio", float, "", optional=True, default=None),
    Metric("misses", int, "requests", default=0),
    Metric("staleness_p99_ms", float, "ms", optional=True, default=None),
    Metric("waiters_peak", int, "requests", default=0),
    Metric("recovery_s", float, "s", optional=True, default=None),
    Metric("redis_bytes", int, "bytes", optional=True, default=None),
    Metric("retries", int, "requests", default=0),
    Metric("lag_p99_ms", float, "ms", default=0.0),
    Metric("cpu_s", float, "s", default=0.0),
    Metric("unrecovered", int, "", default=0),
    Metric("redis_cpu_s", float, "s", optional=True, default=None),
    Metric("db_cpu_s", float, "s", optional=True, default=None),
    Metric("redis_stall_ms", float, "ms", optional=True, default=None, maximum=True),
    Metric("db_stall_ms", float, "ms", optional=True, default=None, maximum=True),
    Metric("lag_p50_ms", float, "ms", default=0.0),
    Metric("foreign_cpu", float, "", optional=True, default=None),
    Metric("stolen_cpu", float, "", optional=True, default=None),
    Metric("loads", int, "loads", shown=In.NOWHERE, default=0),
    Metric("store_errors", int, "", shown=In.NOWHERE, default=0),
    Metric("fenced_fills", int, "", shown=In.NOWHERE, default=0),
    Metric("degraded", int, "", shown=In.SUMMARY, default=0),
    Metric("breaker_opened", int, "", shown=In.SUMMARY, default=0),
    Metric("loop_lag_ms", float, "ms", "", "event-loop lag, ms", In.SUMMARY | In.PAGE, default=0.0),
    Metric("throughput", float, "1/s", "throughput", "", In.SUMMARY | _JUDGED, more_is_better=True),
)
DERIVED = ("throughput",)
"""Computed from the others, and not saved."""

METRICS = {metric.name: metric for metric in TABLE}

PRIMARY = tuple(metric.name for metric in TABLE if metric.primary)


def shown_in(place: In) -> dict[str, Metric]:
    """The metrics that appear there, in the table's order."""
    return {metric.name: metric for metric in TABLE if place in metric.shown}


def saved() -> Iterator[Metric]:
    """The metrics that a trial holds."""
    return (metric for metric in TABLE if metric.name not in DERIVED)
