"""A run: strategies times trials, interleaved, and whatever ends it early still leaves what was measured."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from typing import Any, Protocol

import msgspec

from stampede.core.errors import EnvironmentFault
from stampede.core.units import Duration
from stampede.engine import environment
from stampede.engine.bench import Bench, Servers
from stampede.measure.requests import Requests
from stampede.measure.run import Run
from stampede.measure.summary import summarize
from stampede.measure.trial import Trial
from stampede.protection.strategy import Strategy
from stampede.scenario.model import CacheSetup, Scenario, Workload
from stampede.scenario.sweep import Point

FLOOR_STRATEGY = Strategy.parse("none")
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
    """A run, every request of its trials, and what stopped it, if something did.

    `ended_by` says why a comparison had enough of them; it is empty if it never had.
    """

    run: Run
    requests: list[tuple[Trial, Requests]] = field(default_factory=list)
    fault: EnvironmentFault | None = None
    ended_by: str = ""

    def add(self, trial: Trial, requests: Requests | None) -> None:
        """Add a trial, and its requests if they are to be kept."""
        self.run.trials.append(trial)
        if requests is not None:
            self.requests.append((trial, requests))


def new_run(scenario: Scenario, seed: int) -> Run:
    """A run without trials."""
    return Run(
        stampede=environment.own_version(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        environment=environment.describe(),
        scenario=scenario,
        seed=seed,
    )


async def measure(
    points: Sequence[Point], servers: Servers, seed: int, progress: Progress, keep_requests: bool = False
) -> Measured:
    """Measure all strategies of the scenario, at each point of its sweep; one point if there is none.

    SIGINT, SIGTERM and SIGHUP end it after cleaning up, as does a server that goes away; earlier trials are kept.

    Raises:
        StampedeError: the bench could not be set up, so that nothing was measured.
    """
    measured = Measured(new_run(points[0].scenario, seed))
    await collect(measured, lambda: _trials(points, servers, measured, progress, keep_requests))
    measured.run.summary = summarize(measured.run.trials)
    return measured


async def collect(measured: Measured, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do the work, which adds trials to the run, and note what ended it.

    Raises:
        StampedeError: it ended without any trial.
    """
    run = measured.run
    try:
        run.interrupted = await until_interrupted(work)
    except EnvironmentFault as fault:
        if not run.trials:
            raise
        measured.fault, run.stopped_by = fault, str(fault)


async def _trials(
    points: Sequence[Point], servers: Servers, measured: Measured, progress: Progress, keep_requests: bool
) -> None:
    run, first = measured.run, points[0].scenario
    progress.begins("starting servers and instances")
    async with AsyncExitStack() as stack:
        benches: dict[int, Bench] = {}
        for size in dict.fromkeys(point.scenario.fleet.instances for point in points):
            benches[size] = await stack.enter_async_context(Bench(servers, size))
        run.environment.update(benches[first.fleet.instances].describe())
        progress.begins("measuring the harness's own floor")
        run.floor = await floor(benches[first.fleet.instances], first, run.seed)
        for number, (swept, scenario), strategy in product(range(1, first.trials + 1), points, first.strategies):
            progress.begins(" ".join([f"trial {number} of {first.trials}: {strategy}", *_written(swept)]))
            bench = benches[scenario.fleet.instances]
            trial, requests = await bench.trial(scenario, strategy, number, run.seed + number)
            trial = msgspec.structs.replace(trial, swept=swept)
            measured.add(trial, requests if keep_requests else None)
            progress.ends(trial)


def _written(swept: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in swept.items()]


async def floor(bench: Bench, scenario: Scenario, seed: int) -> Trial:
    """What the harness itself costs: a burst on a warm key without protection. The second of two."""
    callers = scenario.workload.concurrency or FLOOR_CALLERS * scenario.fleet.instances
    warm = Scenario(
        "floor",
        workload=Workload(concurrency=callers),
        cache=CacheSetup(ttl=FLOOR_TTL, start="warm"),
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
    """Call `first` on the first SIGINT, SIGTERM or SIGHUP; further ones are ignored: cleaning up is bounded.

    The last is that of a terminal that was closed; under nohup it stays ignored.
    """
    loop = asyncio.get_running_loop()
    pending = [first]
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, lambda: pending.pop()() if pending else None)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
            if not pending:  # what was measured is still to be reported, and that is not to be interrupted again
                signal.signal(number, signal.SIG_IGN)
