"""What two-level costs when everything is there: a warm cache under steady traffic, beside no protection at all.

python results/champion/warm.py > results/champion/warm.md

Where both are busy all the time the ratio says what a request costs; the latencies are those of a busy machine.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))  # what makes the results is no part of what is installed

from results.champion.page import Page, Size, Target, between, show, table
from stampede.core.units import Duration
from stampede.engine.bench import Bench, Servers
from stampede.engine.execution import execute
from stampede.measure.trial import Trial
from stampede.origins.latency import Latency
from stampede.protection.strategy import Strategy
from stampede.scenario.model import CacheSetup, DatabaseSetup, FleetSetup, Scenario, Workload
from stampede.workload.arrivals.poisson import Poisson
from stampede.workload.keys.zipf import Zipf

FLEET = FleetSetup(4)
CHAMPION, NONE = "two-level", "none"
RATE, FAST = 16_000, 30_000
AT_MOST = 1.2


def warm(rate: int, seconds: float, keys: int) -> Scenario:
    """Nobody misses."""
    return Scenario(
        "warm",
        workload=Workload(arrivals=Poisson(rate=rate, duration=Duration(seconds)), keys=Zipf(n=keys)),
        cache=CacheSetup(ttl=Duration(60.0), start="warm"),
        database=DatabaseSetup(latency=Latency.parse("5ms"), connections=200),
        fleet=FLEET,
    )


async def trials(bench: Bench, scenario: Scenario, size: Size) -> dict[str, list[Trial]]:
    """Of both, in random order; the first round only walks the paths."""
    found: dict[str, list[Trial]] = {NONE: [], CHAMPION: []}
    for number in range(size.trials + 1):
        for name in random.sample(list(found), len(found)):
            trial, _ = await execute(bench, scenario, Strategy.parse(name), number, number)
            found[name] += [trial] * (number > 0)
    return found


def rows(rate: int, found: dict[str, list[Trial]]) -> list[list[str]]:
    """Medians over the trials."""
    return [
        [
            f"{name}, {rate:,}/s",
            between([trial.latency_p50_ms for trial in each]),
            between([trial.latency_p99_ms for trial in each]),
            between([1000 * trial.cpu_s / trial.requests for trial in each], 3),
            str(sum(trial.db_hits for trial in each)),
            f"{sum(trial.valid for trial in each)} of {len(each)}",
        ]
        for name, each in found.items()
    ]


async def measure(size: Size) -> Page:
    """Two rates: one that two cores can bear, and one at which they are busy all the time."""
    seconds, keys = (0.2, 20) if size.tiny else (1.0, 1000)
    async with Bench.open(Servers(), FLEET) as bench:
        found = {rate: await trials(bench, warm(rate, seconds, keys), size) for rate in (RATE, FAST)}
    of_each = [row for rate, each in found.items() for row in rows(rate, each)]
    headings = ["contender", "p50 ms", "p99 ms", "CPU ms a request", "loads", "valid"]
    page = Page(
        "A warm cache under steady traffic",
        f"poisson(rate=…,duration={seconds:g}s), zipf(n={keys}), warm, over {FLEET.instances} instances; medians "
        "over the trials.",
        [table(headings, of_each)],
    )
    for rate, asked in ((RATE, f"at most {AT_MOST:g} ×"), (FAST, "for information,")):
        ratios = [
            mine.latency_p99_ms / other.latency_p99_ms
            for mine, other in zip(found[rate][CHAMPION], found[rate][NONE], strict=True)
        ]
        kept = rate == FAST or not sum(ratio > AT_MOST for ratio in ratios) > len(ratios) / 2
        page.targets.append(Target(f"{rate:,}/s: p99 {asked} that of none", f"{between(ratios)} ×", kept))
    return page


if __name__ == "__main__":
    show(measure, "warm")
