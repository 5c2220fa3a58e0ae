"""One trial: the unit of statistics, and the unit of the CSV and the JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from stampede.core.metrics import DERIVED, METRICS, REQUIRED, Metric, saved
from stampede.measure.curve import LatencyCurve
from stampede.measure.load import Timeline
from stampede.measure.sample import Sample
from stampede.measure.staleness import StalenessTimeline


class RoleLatency(msgspec.Struct, frozen=True):
    """The latency of the requests that ended in one role."""

    requests: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which trial it is. `swept` has what a sweep set for it, as written, `point` the same as figures."""

    scenario: str
    strategy: str
    trial: int
    instances: int
    concurrency: int | None
    swept: dict[str, str] = {}
    point: dict[str, int | float | str] = {}


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it may be believed: `reasons` why not, and what a reader must know (`warnings`)."""

    valid: bool
    reasons: list[str] = []
    warnings: list[str] = []


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What no single figure says. The last ones are for plots; only a strategy's first trial has a sample."""

    error_messages: dict[str, int] = {}
    roles: dict[str, RoleLatency] = {}
    epoch_loads: dict[int, int] = {}
    db_timeline: Timeline | None = None
    latency_curve: LatencyCurve | None = None
    staleness_timeline: StalenessTimeline | None = None
    sample: Sample | None = None


ORDER = (
    *("scenario", "strategy", "trial", "instances", "concurrency"),
    *(metric.name for metric in saved()),
    *("reasons", "warnings", "error_messages", "roles", "epoch_loads", "db_timeline", "swept", "point"),
    *("latency_curve", "staleness_timeline", "sample"),
)
"""The fields of a trial in JSON, without `valid`, whose place the CSV has fixed."""

FIXED = ORDER.index("duration_s") + 1


def _field(metric: Metric) -> tuple[Any, ...]:
    kind = metric.kind | None if metric.optional else metric.kind
    return (metric.name, kind) if metric.default is REQUIRED else (metric.name, kind, metric.default)


def _fields() -> list[tuple[Any, ...]]:
    """Every group's fields, flattened, in the order of the JSON."""
    groups: dict[str, tuple[Any, ...]] = {metric.name: _field(metric) for metric in saved()}
    for group in (Which, Judged, Details):
        for field in msgspec.structs.fields(group):
            given = (
                ()
                if field.required
                else (
                    field.default
                    if field.default_factory is msgspec.NODEFAULT
                    else msgspec.field(default_factory=field.default_factory),
                )
            )
            groups[field.name] = (field.name, field.type, *given)
    return [groups[name] for name in (*ORDER[:FIXED], "valid", *ORDER[FIXED:])]


def _derived(trial: Any, name: str) -> float | None:
    if name not in DERIVED:
        raise AttributeError(name)
    # Answers a second until the last one; None if there was none.
    return round(trial.ok / trial.duration_s, 3) if trial.ok and trial.duration_s else None


if TYPE_CHECKING:

    class Trial(msgspec.Struct):
        """The unit of statistics: the groups above and the table of metrics, flattened for output."""

        def __init__(self, **fields: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

else:
    Trial = msgspec.defstruct(
        "Trial", _fields(), frozen=True, kw_only=True, module=__name__, namespace={"__getattr__": _derived}
    )
    Trial.__doc__ = "The unit of statistics: the groups above and the table of metrics, flattened for output."


def value(trial: Trial, metric: str) -> float | None:
    """One figure of a trial; None: nobody had it."""
    assert metric in METRICS, metric
    figure: float | None = getattr(trial, metric)
    return figure


def values(trials: Any, metric: str) -> list[float]:
    """The figure of every trial that has it."""
    return [figure for trial in trials if (figure := value(trial, metric)) is not None]
