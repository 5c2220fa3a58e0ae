"""A run: strategies times trials, interleaved, and whatever ends it early still leaves what was measured."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from stampede.core import scenario as scenarios
from stampede.core.errors import EnvironmentFault
from stampede.core.scenario import Scenario
from stampede.core.units import Duration
from stampede.engine import environment
from stampede.engine.bench import Bench, Servers
from stampede.measure.requests import Requests
from stampede.measure.run import Run
from stampede.measure.summary import summarize
from stampede.measure.trial import Trial

FLOOR_STRATEGY = "none"
FLOOR_CALLERS = 100
FLOOR_TTL = Duration(60.0)


class Progress(Protocol):
    """Told between trials, never during one."""

    def begins(self, what: str) -> None:
        """`what` begins."""
        ...

    def ends(self, trial: Trial) -> None:
        """A trial has ended."""
        ...


@dataclass
class Measured:
    """A run, every request of its trials, and what stopped it, if something did."""

    run: Run
    requests: list[tuple[Trial, Requests]] = field(default_factory=list)
    fault: EnvironmentFault | None = None


def new_run(scenario: Scenario, seed: int) -> Run:
    """A run without trials."""
    return Run(
        stampede=environment.own_version(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        environment=environment.describe(),
        scenario=scenarios.to_data(scenario),
        seed=seed,
    )


async def measure(
    scenario: Scenario, servers: Servers, seed: int, progress: Progress, keep_requests: bool = False
) -> Measured:
    """Measure all strategies of the scenario.

    SIGINT and SIGTERM end it after cleaning up, as does a server that goes away; the trials until then are kept.

    Raises:
        StampedeError: the bench could not be set up, so that nothing was measured.
    """
    measured = Measured(new_run(scenario, seed))
    run = measured.run
    try:
        run.interrupted = await until_interrupted(
            lambda: _trials(scenario, servers, measured, progress, keep_requests)
        )
    except EnvironmentFault as fault:
        if not run.trials:
            raise
        measured.fault, run.stopped_by = fault, str(fault)
    run.summary = summarize(run.trials)
    return measured


async def _trials(
    scenario: Scenario, servers: Servers, measured: Measured, progress: Progress, keep_requests: bool
) -> None:
    run = measured.run
    progress.begins("starting servers and instances")
    async with Bench(servers, scenario.fleet.instances) as bench:
        run.environment.update(bench.describe())
        progress.begins("measuring the harness's own floor")
        run.floor = await floor(bench, scenario, run.seed)
        for number in range(1, scenario.trials + 1):
            for strategy in scenario.strategies:
                progress.begins(f"trial {number} of {scenario.trials}: {strategy}")
                trial, requests = await bench.trial(scenario, strategy, number, run.seed + number)
                run.trials.append(trial)
                if keep_requests:
                    measured.requests.append((trial, requests))
                progress.ends(trial)


async def floor(bench: Bench, scenario: Scenario, seed: int) -> Trial:
    """What the harness itself costs: a burst on a warm key without protection. The second of two."""
    callers = scenario.workload.concurrency or FLOOR_CALLERS * scenario.fleet.instances
    warm = Scenario(
        "floor",
        workload=scenarios.Workload(concurrency=callers),
        cache=scenarios.CacheSetup(ttl=FLOOR_TTL, start="warm"),
        database=scenario.database,
        fleet=scenario.fleet,
    )
    await bench.trial(warm, FLOOR_STRATEGY, 0, seed)
    trial, _ = await bench.trial(warm, FLOOR_STRATEGY, 0, seed)
    return trial


async def until_interrupted(work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
    """Do the work; on the first signal cancel it and let it clean up. Returns whether that happened."""
    task = asyncio.create_task(work())
    with _signals(task.cancel):
        try:
            await task
        except asyncio.CancelledError:
            return True
    return False


@contextmanager
def _signals(first: Callable[[], object]) -> Iterator[None]:
    """Call `first` on the first SIGINT or SIGTERM; further ones are ignored, because cleaning up is bounded."""
    loop = asyncio.get_running_loop()
    pending = [first]
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, lambda: pending.pop()() if pending else None)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
            if not pending:  # what was measured is still to be reported, and that is not to be interrupted again
                signal.signal(number, signal.SIG_IGN)
