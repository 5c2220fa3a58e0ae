"""Two saved runs: what became better, what worse, and what cannot be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from stampede.core.errors import UsageError
from stampede.core.metrics import METRICS, In, shown_in
from stampede.measure.difference import difference
from stampede.measure.run import Run
from stampede.measure.significance import SIGNIFICANT, Floats, holm
from stampede.measure.statistics import FEWEST, Estimate, Resampler, ratio, unpaired
from stampede.measure.summary import Row, summarize
from stampede.measure.three_valued import Value
from stampede.measure.trial import Trial, values
from stampede.scenario.model import Scenario

DIFFED = tuple({**shown_in(In.COMPARED), **shown_in(In.DIFFED)})
NOT_SETTINGS = ("description", "strategies", "trials", "expected")

Verdict = Literal["better", "worse", "equal", "cannot be told"]


class Change(msgspec.Struct, frozen=True):
    """One metric of the new run as a multiple of the old one's: the ratio of their typical valid trials.

    `low` and `high` bound its own 95 % interval, `p` is the chance to see as much if nothing had changed by more than
    the threshold, adjusted for all metrics of all strategies together; None for fewer than three trials on a side.
    """

    metric: str
    ratio: float | None
    low: float | None
    high: float | None
    p: float | None
    verdict: Verdict


class StrategyDiff(msgspec.Struct, frozen=True):
    """One strategy, at one point of a sweep if there is one; `old` and `new` count the valid trials."""

    strategy: str
    old: int
    new: int
    changes: list[Change]

    def figures(self) -> dict[str, Value]:
        """The ratios new/old by metric, for gates."""
        return {change.metric: change.ratio for change in self.changes}


class Diff(msgspec.Struct, frozen=True):
    """Everything that can be said; `notes` are what a reader must know before he believes it."""

    scenario: str
    threshold: float
    strategies: list[StrategyDiff]
    verdicts: list[str]
    notes: list[str]

    @property
    def worse(self) -> bool:
        """Whether anything became worse."""
        return any(change.verdict == "worse" for each in self.strategies for change in each.changes)


def diff(old: Run, new: Run, threshold: float) -> Diff:
    """Compare the strategies that both runs have; a change up to `threshold` (0.05: 5 %) is none.

    Raises:
        UsageError: the runs are of different scenarios, or have no strategy in common.
    """
    if old.scenario.name != new.scenario.name:
        raise UsageError(
            f"one run is of the scenario '{old.scenario.name}', the other of '{new.scenario.name}': "
            "compare runs of the same scenario"
        )
    before, after = _groups(old.trials), _groups(new.trials)
    common = [label for label in before if label in after]
    if not common:
        raise UsageError(
            f"the runs have no strategy in common: {', '.join(before)} in one, {', '.join(after)} in the other"
        )
    resampler = Resampler(new.seed)
    estimates = {
        (label, metric): _estimate(before[label], after[label], metric, resampler, threshold)
        for label in common
        for metric in DIFFED
    }
    adjusted = holm([1.0 if each is None else each.p for each in estimates.values()])
    ps = dict(zip(estimates, adjusted, strict=True))
    strategies = []
    for label in common:
        changes = [
            _change(before[label], after[label], metric, estimates[label, metric], ps[label, metric], threshold)
            for metric in DIFFED
        ]
        strategies.append(StrategyDiff(label, len(before[label]), len(after[label]), changes))
    notes = [*_older(old, new), *_missing(before, after), *_settings(old, new), *_few(strategies)]
    return Diff(new.scenario.name, threshold, strategies, [_in_words(each) for each in strategies], notes)


def _groups(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    """The valid trials of each strategy and point of a sweep."""
    groups: dict[str, list[Trial]] = {row.label: [] for row in summarize(trials)}
    for trial in trials:
        if trial.valid:
            groups[Row.label_of(trial.strategy, trial.swept)].append(trial)
    return groups


def _column(trials: Sequence[Trial], metric: str) -> Floats:
    return np.array(values(trials, metric), dtype=np.float64)


def _estimate(
    old: Sequence[Trial], new: Sequence[Trial], metric: str, resampler: Resampler, threshold: float
) -> Estimate | None:
    return unpaired(_column(old, metric), _column(new, metric), resampler, threshold)


def _change(
    old: Sequence[Trial], new: Sequence[Trial], metric: str, estimate: Estimate | None, p: float, threshold: float
) -> Change:
    before, after = _column(old, metric), _column(new, metric)
    if estimate is None:
        return Change(metric, ratio(before, after), None, None, None, "cannot be told")
    size, low, high, p = (float(f"{value:.6g}") for value in (estimate.ratio, estimate.low, estimate.high, p))
    if np.unique(np.concatenate([before, after])).size == 1:
        return Change(metric, size, low, high, p, "equal")
    told = p < SIGNIFICANT and estimate.excludes(threshold)
    up = (size > 1) == METRICS[metric].more_is_better
    return Change(metric, size, low, high, p, ("better" if up else "worse") if told else "cannot be told")


def _in_words(each: StrategyDiff) -> str:
    parts = []
    for verdict in ("worse", "better"):
        found = [difference(c.metric, c.ratio, c.low, c.high) for c in each.changes if c.verdict == verdict]
        if found:
            parts.append(f"{verdict}: {', '.join(found)}")
    if parts:
        return f"{each.strategy}: {'; '.join(parts)}"
    equal = [METRICS[c.metric].label for c in each.changes if c.verdict == "equal"]
    also = f" ({', '.join(equal)}: equal)" if equal else ""
    return f"{each.strategy}: cannot be told better or worse{also}"


def _older(old: Run, new: Run) -> list[str]:
    if old.schema == new.schema:
        return []
    return ["one run is of an older version, whose latencies leave out the callers that got no value"]


def _missing(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    gone = [f"{label} is in the old run only" for label in before if label not in after]
    return gone + [f"{label} is in the new run only" for label in after if label not in before]


def _settings(old: Run, new: Run) -> list[str]:
    """What else differs between the runs: settings of the scenario, and where it was measured."""
    found = []
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


def _few(strategies: Sequence[StrategyDiff]) -> list[str]:
    fewest = min(min(each.old, each.new) for each in strategies)
    if fewest >= FEWEST:
        return []
    return [f"a strategy has only {fewest} valid trials on one side: measure with --trials 10 to tell more"]
