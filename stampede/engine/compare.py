"""A comparison: rounds of one trial of each strategy, in random order, until the intervals are narrow enough."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

import msgspec

from stampede.core.errors import StrategyFailed
from stampede.engine.control import Controlled
from stampede.engine.measured import Measured
from stampede.engine.run import Session, collect, new_run
from stampede.engine.seeds import trial_seed
from stampede.measure import comparison, comparison_words
from stampede.measure.comparison import Comparison
from stampede.measure.run import Run
from stampede.measure.summary import summarize
from stampede.scenario.model import Scenario

GROWTH = 1.25
LEAST_S, MOST_S = 60.0, 600.0
PRECISE, SPENT, ALL = "precision", "budget", "trials"


@dataclass(frozen=True)
class Plan:
    """When to stop: once every interval is within ± `precision` (a share) of its ratio, or before `budget` seconds
    are over; or after exactly `rounds`, if they are given. `named`: metrics that a gate names get verdicts, too.

    Without a budget there is as much time as the fewest pairs need that can show a difference: LEAST_S to MOST_S.
    """

    precision: float
    budget: float | None = None
    rounds: int | None = None
    named: frozenset[str] = frozenset()

    def seconds(self, rounds: int, fewest: int) -> float:
        """How long `rounds` and those before them may have taken."""
        if self.budget is not None:
            return self.budget
        return LEAST_S if rounds > fewest else MOST_S


async def add_rounds(
    fire: Callable[[int], Awaitable[None]],
    half_width: Callable[[], float | None],
    plan: Plan,
    fewest: int,
    clock: Callable[[], float] = time.monotonic,
) -> str:
    """Fire rounds 1, 2, … and return what ended it: PRECISE, SPENT or ALL.

    The looks must not make differences out of chance: they are few (after `fewest` rounds, then each time a quarter
    more have been fired), and they see the widths of the intervals only, never where these lie.
    """
    began, number, look = clock(), 0, fewest
    while True:
        number += 1
        await fire(number)
        if plan.rounds is not None:
            if number == plan.rounds:
                return ALL
            continue
        if number == look:
            width = half_width()
            if width is not None and width <= plan.precision:
                return PRECISE
            look = math.ceil(look * GROWTH)
        spent = clock() - began
        if spent + spent / number > plan.seconds(number + 1, fewest):
            return SPENT


async def measure(scenario: Scenario, plan: Plan, session: Session) -> Measured:
    """Compare the scenario's strategies with the first of them.

    SIGINT and SIGTERM end it as they end a run: what was measured until then is compared.

    Raises:
        StampedeError: the bench could not be set up, so that nothing was measured.
    """
    session.servers.check(scenario)
    measured = Measured(new_run(scenario, session.seed), session.keep_requests)
    await collect(measured, lambda: _rounds(scenario, plan, session, measured))
    _conclude(measured.run, scenario, plan, measured.ended_by)
    return measured


def _conclude(run: Run, scenario: Scenario, plan: Plan, ended_by: str) -> None:
    """Fold and compare what the run has."""
    names = comparison.labels(map(str, scenario.strategies))
    # The table's order, not the fired one.
    run.trials.sort(key=lambda trial: (trial.trial, names.index(trial.strategy)))
    run.summary = summarize(run.trials)
    rounds = max((trial.trial for trial in run.trials), default=1)
    run.scenario = msgspec.structs.replace(scenario, trials=rounds)
    if not _comparable(run, names):
        return
    run.comparison = _compared(run, names, plan)
    run.comparison.ended_by = ended_by
    if plan.rounds is None:
        run.comparison.precision = plan.precision
        run.comparison.budget_s = float(plan.seconds(rounds + 1, comparison.fewest_pairs(len(names))))
    run.verdicts = comparison_words.sentences(run.comparison)
    run.warnings = comparison_words.warnings(run.comparison, run.trials)


def _measured(run: Run, names: Sequence[str]) -> list[str]:
    """Those that could be measured until now."""
    return [name for name in names if name not in run.unmeasured]


def _comparable(run: Run, names: Sequence[str]) -> bool:
    """Whether the reference and another one could be measured."""
    return names[0] not in run.unmeasured and len(_measured(run, names)) > 1


def _compared(run: Run, names: Sequence[str], plan: Plan) -> Comparison:
    left = _measured(run, names)
    return comparison.compare([t for t in run.trials if t.strategy in left], left, run.seed, plan.named)


async def _rounds(scenario: Scenario, plan: Plan, session: Session, measured: Measured) -> None:
    run = measured.run
    names = comparison.labels(map(str, scenario.strategies))
    strategies = dict(zip(names, scenario.strategies, strict=True))
    order, controlled = Random(run.seed), Controlled()

    async with session.bench(run, scenario) as bench:

        async def fire(number: int) -> None:
            if run.trials:
                until_now = msgspec.structs.replace(run, trials=list(run.trials), interrupted=True)
                _conclude(until_now, scenario, plan, "")
                session.after_round(until_now)
            for name in order.sample(names, len(names)):
                session.begins(f"round {number}: {name}")
                seed = trial_seed(run.seed, number)
                attempt = partial(controlled.execute, bench, scenario, strategies[name], number, seed)
                executed = await measured.attempt(bench, name, attempt)
                if executed is None:
                    continue
                trial = msgspec.structs.replace(executed[0], strategy=name)
                measured.add(trial, executed[1])
                session.progress.ends(trial)
            if not _comparable(run, names):
                raise StrategyFailed(f"nothing is left to compare: {measured.failures}")

        def half_width() -> float | None:
            return _compared(run, names, plan).half_width

        measured.ended_by = await add_rounds(fire, half_width, plan, comparison.fewest_pairs(len(names)))
