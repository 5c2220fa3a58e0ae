"""How long trials will take, roughly, and what they can show, told before the first of them."""

from __future__ import annotations

from collections.abc import Sequence

from stampede.core.units import Duration, in_words
from stampede.engine.compare import MOST_S, Plan
from stampede.engine.run import USUAL_FEWEST
from stampede.measure.comparison import fewest_pairs
from stampede.measure.comparison_words import verdicts_need
from stampede.protection.strategy import Strategy
from stampede.scenario.model import Scenario
from stampede.scenario.sweep import Point

OVERHEAD_S = 0.3
"""Around a trial: its keys, the barrier, its records."""
LONG_S = 120.0


def trial_s(scenario: Scenario, strategy: Strategy) -> float:
    """About how long a trial takes: its requests, and the last loads; all of a burst's if nothing coalesces them."""
    work, database = scenario.workload, scenario.database
    loads = database.connections
    if strategy.coalescing.name == "none" and work.concurrency is not None:
        loads = max(loads, work.concurrency)
    return OVERHEAD_S + work.arrivals.length() + database.latency.median * -(-loads // database.connections)


def round_s(scenario: Scenario) -> float:
    """About how long one trial of each strategy takes."""
    return sum(trial_s(scenario, strategy) for strategy in scenario.strategies)


def of_comparison(scenario: Scenario, plan: Plan) -> str:
    """How many pairs a verdict needs, how long they take, and whether that many are going to be fired."""
    strategies, each = len(scenario.strategies), round_s(scenario)
    controls = each if scenario.events else 0.0
    needed = fewest_pairs(strategies)
    if plan.rounds is not None:
        few = verdicts_need(plan.rounds, strategies)
        long = in_words(controls + plan.rounds * each)
        return f"{plan.rounds} pairs of trials: about {long}{'; ' * bool(few)}{few}"
    wanted = f"{needed} pairs of trials for a verdict: about {in_words(controls + needed * each)}"
    allowed = MOST_S if plan.budget is None else plan.budget
    fit = int((allowed - controls) / each)
    if few := verdicts_need(max(1, fit), strategies):
        return f"{wanted}, and about {max(1, fit)} in the budget of {Duration(allowed)}; {few}; raise --budget"
    return wanted


def of_run(points: Sequence[Point]) -> str:
    """How long a run takes and why, if that is so long that whoever starts it should know; else nothing."""
    first = points[0].scenario
    trials = first.trials or USUAL_FEWEST
    rounds = trials + bool(first.events)  # the controls
    seconds = rounds * sum(round_s(point.scenario) for point in points)
    if seconds <= LONG_S:
        return ""
    of_what = [_counted(len(first.strategies), "strateg", "y", "ies"), _counted(trials, "trial", "", "s")]
    if len(points) > 1:
        of_what.append(_counted(len(points), "point", "", "s"))
    return f"about {round(seconds / 60):,} min: {' × '.join(of_what)}; Ctrl-C keeps what is measured"


def _counted(count: int, word: str, one: str, many: str) -> str:
    return f"{count:,} {word}{one if count == 1 else many}"
