"""Saved runs of two builds: what became better, what worse, and what cannot be told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec
import numpy as np

from stampede.core.errors import UsageError
from stampede.core.metrics import METRICS, In, shown_in
from stampede.measure import diff_notes
from stampede.measure.between_runs import UNMEASURED, Between
from stampede.measure.change import Change, Look, Margins, change
from stampede.measure.difference import difference
from stampede.measure.family import Question, adjusted, is_judged
from stampede.measure.run import Run
from stampede.measure.significance import Floats
from stampede.measure.statistics import Resampler
from stampede.measure.summary import Row, summarize
from stampede.measure.three_valued import Value
from stampede.measure.trends import inflation
from stampede.measure.trial import Trial, values

DIFFED = tuple({**shown_in(In.COMPARED), **shown_in(In.DIFFED)})
Trials = Sequence[Sequence[Trial]]
Sides = Mapping[str, Trials]


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


def diff(
    old: Sequence[Run],
    new: Sequence[Run],
    threshold: float,
    between: Between = UNMEASURED,
    named: Collection[str] = (),
) -> Diff:
    """Compare the strategies that both sides have; a change up to `threshold` (0.05: 5 %) is none.

    `between` is the spread of runs that are alike, for one a side; several a side show it themselves.
    Primary metrics and those `named` by a gate get a verdict, the others only their ratio.

    Raises:
        UsageError: the runs are of different scenarios, or have no strategy in common.
    """
    _check(old, new)
    before, after = _groups(old), _groups(new)
    common = [label for label in before if label in after]
    if not common:
        raise UsageError(
            f"the runs have no strategy in common: {', '.join(before)} in one, {', '.join(after)} in the other"
        )
    looks = _looks({label: (before[label], after[label]) for label in common}, new[0].seed, threshold, between)
    judged = {key: look for key, look in looks.items() if is_judged(key[1], named)}
    ps = adjusted({key: Question(look.p, *look.asked) for key, look in judged.items()})
    strategies = [
        StrategyDiff(
            label,
            sum(map(len, before[label])),
            sum(map(len, after[label])),
            [change(metric, looks[label, metric], ps.get((label, metric)), threshold) for metric in DIFFED],
        )
        for label in common
    ]
    apart = [note for one, other in _apart(old, new) for note in diff_notes.settings(one, other)]
    fewest = min(min(each.old, each.new) for each in strategies)
    notes = [*diff_notes.missing(before, after), *dict.fromkeys(apart), *diff_notes.few(fewest)]
    notes += diff_notes.spread(len(old), len(new), between)
    return Diff(
        new[0].scenario.name, threshold, strategies, [_in_words(each, threshold) for each in strategies], notes
    )


def _check(old: Sequence[Run], new: Sequence[Run]) -> None:
    first = old[0].scenario.name
    for run in (*old, *new):
        if run.scenario.name != first:
            raise UsageError(
                f"one run is of the scenario '{first}', the other of '{run.scenario.name}': "
                "compare runs of the same scenario"
            )


def _apart(old: Sequence[Run], new: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Pairs of runs that ought to have the same settings."""
    return [(old[0], run) for run in new] + [(run, new[0]) for run in old[1:]]


def _groups(runs: Sequence[Run]) -> Sides:
    """The valid trials of each strategy and point of a sweep, run by run."""
    groups: dict[str, list[list[Trial]]] = {}
    for run in runs:
        mine: dict[str, list[Trial]] = {row.label: [] for row in summarize(run.trials)}
        for trial in run.trials:
            if trial.valid:
                mine[Row.label_of(trial.strategy, trial.swept)].append(trial)
        for label, trials in mine.items():
            groups.setdefault(label, []).append(trials)
    return groups


def _looks(
    sides: Mapping[str, tuple[Trials, Trials]], seed: int, threshold: float, between: Between
) -> dict[tuple[str, str], Look]:
    resampler = Resampler(seed)
    looks = {}
    for metric in DIFFED:
        columns = {label: tuple(_columns(side, metric) for side in both) for label, both in sides.items()}
        alike = inflation(run for both in columns.values() for side in both for run in side)
        for label, (old, new) in columns.items():
            looks[label, metric] = Look.at(metric, old, new, resampler, Margins(threshold, between.at(metric), alike))
    return looks


def _columns(runs: Trials, metric: str) -> list[Floats]:
    return [np.array(values(trials, metric), dtype=np.float64) for trials in runs]


def _in_words(each: StrategyDiff, threshold: float) -> str:
    parts = []
    for verdict in ("worse", "better"):
        found = [difference(c.metric, c.ratio, c.low, c.high, c.bad) for c in each.changes if c.verdict == verdict]
        if found:
            parts.append(f"{verdict}: {', '.join(found)}")
    if parts:
        return f"{each.strategy}: {'; '.join(parts)}"
    same = [METRICS[c.metric].label for c in each.changes if c.verdict in ("same", "equal")]
    untold = [METRICS[c.metric].label for c in each.changes if c.verdict == "cannot be told"]
    within = f"same within {100 * threshold:.3g}%"
    if same and not untold:
        return f"{each.strategy}: {within}"
    if not same:
        return f"{each.strategy}: cannot be told better or worse"
    return f"{each.strategy}: {', '.join(same)} {within}; {', '.join(untold)} cannot be told better or worse"
