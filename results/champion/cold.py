"""What callers of a cold key wait beyond the load: beside single-flight, and beside what waking so many takes.

python results/champion/cold.py > results/champion/cold.md
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import uvloop

sys.path.append(str(Path(__file__).parents[2]))  # what makes the results is no part of what is installed

from results.champion.page import Page, Size, Target, between, not_shown_above, show, table
from stampede.core.units import Duration
from stampede.engine.bench import Bench, Servers
from stampede.engine.execution import execute
from stampede.measure.trial import Trial
from stampede.origins.latency import Latency
from stampede.protection.strategy import Strategy
from stampede.scenario.model import CacheSetup, DatabaseSetup, FleetSetup, Scenario, Workload

FLEET = FleetSetup(4)
LOAD_MS = 100
CHAMPION, BESIDE = "two-level", "single-flight"
FEW, MANY = 500, 5_000
BEYOND_MS = {FEW: 4.0, MANY: 15.0}
"""Of `MANY` beyond what waking them takes."""

LEAD_S = 0.3
Trials = dict[str, list[Trial]]


def cold(callers: int) -> Scenario:
    """All ask for one key at once, and nobody has it."""
    return Scenario(
        "cold",
        workload=Workload(concurrency=callers),
        cache=CacheSetup(ttl=Duration(60.0)),
        database=DatabaseSetup(latency=Latency.parse(f"{LOAD_MS}ms")),
        fleet=FLEET,
    )


async def trials(bench: Bench, callers: int, size: Size) -> Trials:
    """Of both, in random order; the first round only walks the paths."""
    found: Trials = {CHAMPION: [], BESIDE: []}
    for number in range(size.trials + 1):
        for name in random.sample(list(found), len(found)):
            trial, _ = await execute(bench, cold(callers), Strategy.parse(name), number, number)
            found[name] += [trial] * (number > 0)
    return found


def beyond(found: Trials, name: str) -> list[float]:
    """By how many ms the p99 of each trial is beyond the load."""
    return [trial.latency_p99_ms - LOAD_MS for trial in found[name]]


def wake(callers: int, at: float) -> float:
    """Seconds from `at` until the last of so many callers runs whose futures are all set then."""

    async def work() -> float:
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in range(callers)]
        ended = [0.0] * callers

        async def caller(number: int) -> None:
            await futures[number]
            ended[number] = time.monotonic()

        tasks = [asyncio.create_task(caller(number)) for number in range(callers)]
        await asyncio.sleep(at - time.monotonic())
        for future in futures:
            future.set_result(None)
        await asyncio.wait(tasks)
        return max(ended) - at

    return uvloop.run(work())


async def floors(callers: int, size: Size) -> list[float]:
    """The time of each trial, in ms, until the last caller has run; a process for each instance, all at once."""
    loop, found = asyncio.get_running_loop(), []
    with ProcessPoolExecutor(FLEET.instances, mp_context=get_context("spawn")) as processes:
        for number in range(size.trials + 1):
            at = time.monotonic() + LEAD_S + 2 * (number == 0)
            each = callers // FLEET.instances
            waking = [loop.run_in_executor(processes, wake, each, at) for _ in range(FLEET.instances)]
            found.append(1000 * max(await asyncio.gather(*waking)))
    return found[1:]


async def measure(size: Size) -> Page:
    """Few callers, many callers, and the floor of the many."""
    many = size.of(MANY, 40)
    async with Bench.open(Servers(), FLEET) as bench:
        found = {FEW: await trials(bench, size.of(FEW, 20), size), MANY: await trials(bench, many, size)}
    floor = await floors(many, size)
    rows = [
        [
            f"{name}, {callers:,} callers",
            between([trial.latency_p50_ms - LOAD_MS for trial in each]),
            between(beyond(of_both, name)),
            between([trial.latency_max_ms - LOAD_MS for trial in each]),
            between([float(trial.db_hits) for trial in each], 0),
            between([trial.arrival_spread_ms for trial in each]),
            f"{sum(trial.valid for trial in each)} of {len(each)}",
        ]
        for callers, of_both in found.items()
        for name, each in of_both.items()
    ]
    rows.append([f"waking {many:,} futures", "", between(floor), "", "", "", ""])
    headings = ["ms beyond the load", "p50", "p99", "max", "loads", "spread ms", "valid"]
    page = Page(
        "A cold key",
        f"All callers at once on one key, over {FLEET.instances} instances, a load of {LOAD_MS} ms. The floor: in as "
        "many processes all futures of as many tasks are set at one instant; from then until the last task has run.",
        [table(headings, rows)],
    )
    few = beyond(found[FEW], CHAMPION)
    page.targets.append(_at_most(f"{FEW} callers: p99 - load", few, BEYOND_MS[FEW]))
    for callers, of_both in found.items():
        behind = [
            mine - other for mine, other in zip(beyond(of_both, CHAMPION), beyond(of_both, BESIDE), strict=True)
        ]
        asked = f"{callers:,} callers: p99 not shown to be behind {BESIDE}'s"
        page.targets.append(Target(asked, f"{between(behind)} ms later", not_shown_above(behind, 0.0)))
    above = [mine - least for mine, least in zip(beyond(found[MANY], CHAMPION), floor, strict=True)]
    page.targets.append(_at_most(f"{MANY:,} callers: p99 - load - floor", above, BEYOND_MS[MANY]))
    return page


def _at_most(what: str, values: list[float], bound: float) -> Target:
    kept = sum(value <= bound for value in values) > len(values) / 2
    return Target(f"{what}: at most {bound:g} ms", f"{between(values)} ms", kept)


if __name__ == "__main__":
    show(measure, "cold")
