"""What a reader must know of two sides before he believes their differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from stampede.core.metrics import METRICS
from stampede.measure.between_runs import Between
from stampede.measure.run import Run
from stampede.measure.statistics import FEWEST
from stampede.scenario.model import Scenario

NOT_SETTINGS = ("description", "strategies", "trials", "expected")


def missing(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """Strategies that one side only has."""
    gone = [f"{label} is in the old run only" for label in before if label not in after]
    return gone + [f"{label} is in the new run only" for label in after if label not in before]


def settings(old: Run, new: Run) -> list[str]:
    """What else differs between the runs: settings of the scenario, and where it was measured."""
    found = []
    if old.schema != new.schema:
        found.append("one run is of an older version, whose latencies leave out the callers that got no value")
    for kind, one, other in (
        ("setting", _plain(old.scenario), _plain(new.scenario)),
        ("environment", old.environment, new.environment),
    ):
        before, after = _flat(one), _flat(other)
        for name in sorted(before.keys() | after.keys()):
            a, b = before.get(name), after.get(name)
            if a != b and name.partition(".")[0] not in NOT_SETTINGS:
                found.append(f"{kind} {name} differs: {a} in the old run, {b} in the new one")
    return found


def _plain(scenario: Scenario) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(scenario, enc_hook=str)
    return plain


def _flat(data: Mapping[str, Any], at: str = "") -> dict[str, object]:
    result: dict[str, object] = {}
    for name, value in data.items():
        result |= _flat(value, f"{at}{name}.") if isinstance(value, dict) else {at + name: value}
    return result


def few(fewest: int) -> list[str]:
    """That a side has too few trials, and what to do."""
    if fewest >= FEWEST:
        return []
    return [f"a strategy has only {fewest} valid trials on one side: measure with --trials 10 to tell more"]


def spread(old: int, new: int, between: Between) -> list[str]:
    """How the spread between so many runs is in the intervals."""
    if old + new > 2:
        return [f"the spread between runs is measured: {old} old, {new} new"]
    start = "one run a side: intervals are widened for runs that differ by"
    if between.measured:
        figures = ", ".join(
            f"{100 * each.spread:.2g}% [{100 * each.low:.2g}%, {100 * each.high:.2g}%] in {METRICS[name].label}"
            for name, each in between.measured.items()
        )
        runs = min(each.runs for each in between.measured.values())
        return [f"{start} {figures}, as a calibration of {runs} runs measured"]
    return [
        f"{start} {100 * between.stated:.3g}%, which is stated, not measured (--between-runs): "
        "several files a side measure it, or stampede calibrate --between-runs and diff --calibration"
    ]
