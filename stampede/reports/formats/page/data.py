"""What the page's plots show, as plain data."""

from __future__ import annotations

from typing import Any

import msgspec

from stampede.core.errors import UsageError
from stampede.core.metrics import METRICS, In, shown_in
from stampede.core.model import Outcome, Role
from stampede.core.units import Duration
from stampede.measure import curve
from stampede.measure.comparison import Comparison
from stampede.measure.run import Run
from stampede.measure.summary import Row, by_strategy, typical, valid_or_all
from stampede.measure.sweep import Curve, curves
from stampede.measure.trial import Trial
from stampede.reports.cells import milliseconds, number
from stampede.reports.columns import mark

FIRST = "latency_p99_ms"
PLOTTED = dict(
    sorted(((name, metric.title) for name, metric in shown_in(In.PAGE).items()), key=lambda m: m[0] != FIRST)
)
"""What can be followed from trial to trial, with its label; the first is shown at first."""

_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def as_json(run: Run) -> str:
    """JSON that no HTML parser can take for an end of the script element around it."""
    several = len({row.scenario for row in run.summary}) > 1
    names = list(dict.fromkeys(trial.strategy for trial in run.trials))
    data = {
        "metrics": PLOTTED,
        "sweep": {metric: [_swept(each) for each in curves(run, metric)] for metric in PLOTTED},
        "comparison": _compared(run.comparison) if run.comparison else None,
        "roles": [role.name.lower() for role in Role],
        "outcomes": [outcome.name.lower() for outcome in Outcome],
        "events": _events(run),
        "names": names,
        "strategies": [
            _plotted(row, trials, f" in {row.scenario}" if several else "")
            for row, trials in zip(run.summary, by_strategy(run.trials).values(), strict=True)
        ],
    }
    return msgspec.json.encode(data).decode().translate(_UNSAFE)


def _plotted(row: Row, trials: list[Trial], where: str) -> dict[str, Any]:
    """One strategy at one point: what holds for all its trials, and one that stands for them in a picture."""
    counted, one = valid_or_all(trials), typical(trials)
    return {
        "label": row.label + where,
        "name": row.strategy,
        "point": " ".join(f"{name}={value}" for name, value in row.swept.items()),
        "told": _told(row),
        "shown": one.trial,
        "until_ms": round(1000 * one.duration_s, 3),
        "database": one.db_timeline,
        "staleness": one.staleness_timeline,
        "curve": curve.over_trials([trial.latency_curve for trial in counted if trial.latency_curve]),
        "sampled": next((trial.trial for trial in trials if trial.sample), None),
        "sample": next((trial.sample for trial in trials if trial.sample), None),
        "numbers": [trial.trial for trial in trials],
        "valid": [trial.valid for trial in trials],
        "metrics": {name: [getattr(trial, name) for trial in trials] for name in PLOTTED},
    }


def _told(row: Row) -> str:
    """The story in two figures."""
    if not row.valid:
        return "INVALID"
    p99 = f"{mark(row, 0.99)}{milliseconds(row.value('latency_p99_ms'))}"
    hits = row.value("db_hits")
    return f"{number(hits)} DB hit{'' if hits == 1 else 's'} (ideal {number(row.db_hits_ideal)}), p99 {p99} ms"


def _events(run: Run) -> list[dict[str, Any]]:
    """What happened when, from the release; an event that lasts has an end of its own."""
    at = [(float(event.at), event.do) for event in run.scenario.events]
    return [
        {"text": str(fault), "from_ms": 1000 * begins, "to_ms": 1000 * (begins + fault.lasts())}
        for begins, fault in sorted(at, key=lambda each: each[0])
    ]


def _swept(drawn: Curve) -> dict[str, Any]:
    return {**drawn._asdict(), "x": _places(drawn.values)}


def _places(written: list[str]) -> list[float] | None:
    """Where the values of a parameter stand on an axis; None if they are no numbers and no durations."""
    for kind in (float, Duration.parse):
        try:
            return [float(kind(value)) for value in written]
        except (ValueError, UsageError):
            continue
    return None


def _compared(comparison: Comparison) -> dict[str, Any]:
    rows = [
        {
            "strategy": each.strategy,
            "metric": METRICS[ratio.metric].label if ratio.metric in METRICS else ratio.metric,
            "ratio": ratio.ratio,
            "low": ratio.low,
            "high": ratio.high,
            "verdict": ratio.verdict,
        }
        for each in comparison.strategies
        for ratio in each.ratios
    ]
    return {"reference": comparison.reference, "rows": rows}
