"""A comparison: rounds of one trial of each strategy, in random order, until the intervals are narrow enough."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

import msgspec

from stampede.engine.bench import Bench, Servers
from stampede.engine.machine import CpuTimes, unsteady
from stampede.engine.run import Measured, Progress, collect, floor, new_run
from stampede.measure import comparison
from stampede.measure.summary import summarize
from stampede.scenario.model import Scenario

GROWTH = 1.25
PRECISE, SPENT, ALL = "precision", "budget", "trials"


@dataclass(frozen=True)
class Plan:
    """When to stop: once every interval is within ± `precision` (a share) of its ratio, or before `budget` seconds
    are over; or after exactly `rounds`, if they are given.
    """

    precision: float
    budget: float
    rounds: int | None = None


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
        if spent + spent / number > plan.budget:
            return SPENT


async def measure(
    scenario: Scenario, servers: Servers, seed: int, plan: Plan, progress: Progress, keep_requests: bool = False
) -> Measured:
    """Compare the scenario's strategies with the first of them.

    SIGINT and SIGTERM end it as they end a run: what was measured until then is compared.

    Raises:
        StampedeError: the bench could not be set up, so that nothing was measured.
    """
    measured = Measured(new_run(scenario, seed))
    run, before = measured.run, CpuTimes.now()
    await collect(measured, lambda: _rounds(scenario, servers, plan, progress, keep_requests, measured))
    names = comparison.labels(map(str, scenario.strategies))
    # The table's order, not the fired one.
    run.trials.sort(key=lambda trial: (trial.trial, names.index(trial.strategy)))
    run.summary = summarize(run.trials)
    rounds = max((trial.trial for trial in run.trials), default=1)
    run.scenario = msgspec.structs.replace(scenario, trials=rounds)
    run.comparison = comparison.compare(run.trials, names, seed)
    run.comparison.ended_by = measured.ended_by
    if plan.rounds is None:
        run.comparison.precision, run.comparison.budget_s = plan.precision, plan.budget
    run.verdicts = comparison.sentences(run.comparison)
    run.warnings = comparison.warnings(run.comparison, run.trials) + unsteady(before, CpuTimes.now())
    return measured


async def _rounds(
    scenario: Scenario, servers: Servers, plan: Plan, progress: Progress, keep_requests: bool, measured: Measured
) -> None:
    run = measured.run
    names = comparison.labels(map(str, scenario.strategies))
    specs = dict(zip(names, scenario.strategies, strict=True))
    order = Random(run.seed)
    progress.begins("starting servers and instances")
    async with Bench(servers, scenario.fleet.instances) as bench:
        run.environment.update(bench.describe())
        progress.begins("measuring the harness's own floor")
        run.floor = await floor(bench, scenario, run.seed)

        async def fire(number: int) -> None:
            for name in order.sample(names, len(names)):
                progress.begins(f"round {number}: {name}")
                trial, requests = await bench.trial(scenario, specs[name], number, run.seed + number)
                trial = msgspec.structs.replace(trial, strategy=name)
                measured.add(trial, requests if keep_requests else None)
                progress.ends(trial)

        def half_width() -> float | None:
            return comparison.compare(run.trials, names, run.seed).half_width

        measured.ended_by = await add_rounds(fire, half_width, plan, comparison.fewest_pairs(len(names)))
