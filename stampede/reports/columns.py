"""The columns of a run's table: what is shown of a strategy, and how."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from stampede.measure.run import Run
from stampede.measure.summary import Row, wasted
from stampede.reports.cells import milliseconds, number
from stampede.reports.spread import Column, Columns, over_trials


def always(run: Run) -> Columns:
    """What every run shows; requests that come one by one have no spread."""
    below = _beside_points(run)
    return [column for column in _COLUMNS if column not in below and _has(run, column)]


def _has(run: Run, column: Column) -> bool:
    return column is not _SPREAD or not run.scenario.workload.arrivals.paced


def _beside_points(run: Run) -> Columns:
    """What there is no room for beside the points of a sweep, and stands below."""
    swept = any(row.swept for row in run.summary)
    return [column for column in (_AMPLIFIED, _P90, _SPREAD) if swept and _has(run, column)]


_POINT = {"concurrency": "concur-\nrency", "instances": "instan-\nces", "db-connections": "db con-\nnections"}


def named(run: Run) -> Columns:
    """What says whose row it is: the strategy, and the point of a sweep."""
    swept = dict.fromkeys(name for row in run.summary for name in row.swept)
    points = [(of_point(name), _swept(name)) for name in swept]
    return [("strategy", lambda row: row.strategy), *points]


def of_point(parameter: str) -> str:
    """The heading of a swept parameter."""
    return _POINT.get(parameter, parameter.replace("-", "\n"))


def _swept(name: str) -> Callable[[Row], str]:
    return lambda row: row.swept.get(name, "–")


def columns(run: Run) -> Columns:
    """All columns, for where there is room for one wide table."""
    return [*always(run), *chain(*further(run))]


def title(heading: str) -> str:
    """A column's heading on one line, where it need not be narrow."""
    return heading.replace("-\n", "").replace("\n", " ")


def further(run: Run) -> list[Columns]:
    """What else there is to tell, in tables that are narrow enough."""
    failures = _FAILURES if any(row.value("failed") for row in run.summary) else []
    fate = _FATE if any(map(wasted, run.summary)) else []
    alone = [
        *(_ALONE if any(row.value("degraded") for row in run.summary) else []),
        *(_BREAKER if any(row.value("breaker_opened") for row in run.summary) else []),
    ]
    points = [below] if (below := _beside_points(run)) else []
    beside = [[*failures, *alone, *fate]] if failures or alone or fate else []
    return [*points, *beside, *_over_time(run), *over_trials(run)]


def _over_time(run: Run) -> list[Columns]:
    """What there is to tell beside one instant."""
    scenario = run.scenario
    if not (scenario.workload.arrivals.length() or scenario.events or scenario.workload.writes):
        return []
    staleness = _STALENESS if scenario.workload.writes else []
    recovery = [_RECOVERED] if scenario.events else []
    return [_LIFETIMES, [*staleness, *recovery]] if staleness or recovery else [_LIFETIMES]


def _hits(row: Row) -> str:
    return f"{number(row.value('db_hits'))}/{number(row.db_hits_ideal)}"


def _amplification(row: Row) -> str:
    return f"{number(row.value('amplification'))}×" if row.db_hits_ideal else "–"


def _peak(row: Row) -> str:
    queued = row.value("db_peak_queued")
    return number(row.value("db_peak_in_flight")) + (f"+{number(queued)}" if queued else "")


def mark(row: Row, quantile: float) -> str:
    """What stands before a percentile that is a lower bound, or rests on few requests."""
    return "≥" if row.bounded_below else "" if row.rests_on_enough(quantile) else "~"


def _latency(metric: str, quantile: float) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        return mark(row, quantile) + milliseconds(row.value(metric))

    return cell


def _commands(row: Row) -> str:
    return f"{(row.value('redis_commands') or 0) / max(1, row.requests):.2f}"


def _valid(row: Row) -> str:
    if row.valid == row.trials:
        return "yes"
    return f"{row.valid}/{row.trials}" if row.valid else "NO"


def _percent(metric: str, of: str | None = None) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        value = row.value(metric)
        if value is None:
            return "–"
        return f"{100 * value / (max(1, row.requests) if of else 1):.1f}"

    return cell


def _plain(metric: str) -> Callable[[Row], str]:
    return lambda row: number(row.value(metric))


def _recovery(row: Row) -> str:
    seconds = row.value("recovery_s")
    if (row.value("unrecovered") or 0) >= 0.5:
        return "never"
    return f"{seconds:.2f}" if seconds else "–"


_LIFETIMES: Columns = [
    ("requests", lambda row: f"{row.requests:,}"),
    ("hit\n%", _percent("hit_ratio")),
    ("epochs", _plain("epochs")),
    ("loads/\nepoch", _plain("loads_per_epoch_mean")),
    ("±\n95 %", _plain("loads_per_epoch_ci95")),
    ("max", _plain("loads_per_epoch_max")),
    ("DB\nbusy s", _plain("db_busy_s")),
    ("wait-\ners", _plain("waiters_peak")),
]

_FAILURES: Columns = [
    ("failed\n%", _percent("failed", of="requests")),
    ("errors", _plain("errors")),
    ("time-\nouts", _plain("timeouts")),
    ("retries", _plain("retries")),
    ("p50 ms of\nvalues", lambda row: milliseconds(row.value("ok_p50_ms"))),
    ("p99 ms of\nvalues", lambda row: milliseconds(row.value("ok_p99_ms"))),
]

_ALONE: Columns = [("degra-\nded", _plain("degraded"))]
_BREAKER: Columns = [("breaker\nopened", _plain("breaker_opened"))]

_FATE: Columns = [
    ("exe-\ncuted", _plain("db_executed")),
    ("aban-\ndoned", _plain("db_abandoned")),
]

_STALENESS: Columns = [
    ("stale\n%", _percent("stale", of="requests")),
    ("stale\np99 ms", lambda row: milliseconds(row.value("staleness_p99_ms"))),
    ("stale\nmax ms", lambda row: milliseconds(row.value("staleness_max_ms"))),
]

_RECOVERED: Column = ("recov-\nered s", _recovery)

_SPREAD: Column = ("spread\nms", lambda row: milliseconds(row.value("arrival_spread_ms")))

_AMPLIFIED: Column = ("ampli-\nfied", _amplification)
_P90: Column = ("p90\nms", _latency("latency_p90_ms", 0.9))

_COLUMNS: Columns = [
    ("DB hits\n/ideal", _hits),
    _AMPLIFIED,
    ("peak\n+queue", _peak),
    ("p50\nms", _latency("latency_p50_ms", 0.5)),
    _P90,
    ("p99\nms", _latency("latency_p99_ms", 0.99)),
    ("max\nms", _latency("latency_max_ms", 0.0)),
    ("fai-\nled", _plain("failed")),
    ("cmd\n/req", _commands),
    _SPREAD,
    ("va-\nlid", _valid),
]

ALL: Columns = [*_COLUMNS, *_LIFETIMES, *_FAILURES, *_ALONE, *_BREAKER, *_FATE, *_STALENESS, _RECOVERED]
"""Whatever there is to show of a strategy, but for the spread over its trials."""
