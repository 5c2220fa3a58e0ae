"""A run: strategies times trials, interleaved, and whatever ends it early still leaves what was measured."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import product
from typing import Any, Protocol

import msgspec

from stampede.core.tasks import heed
from stampede.core.units import Duration
from stampede.engine import environment
from stampede.engine.bench import Bench, Servers
from stampede.engine.control import Controlled
from stampede.engine.demand import FLOOR_CALLERS, demand
from stampede.engine.execution import execute
from stampede.engine.interrupts import until_interrupted
from stampede.engine.measured import Measured
from stampede.engine.seeds import trial_seed
from stampede.measure.point import point
from stampede.measure.run import Run
from stampede.measure.summary import Row, summarize
from stampede.measure.trial import Trial
from stampede.protection.strategy import Strategy
from stampede.scenario.model import CacheSetup, FleetSetup, Scenario, Workload
from stampede.scenario.sweep import Point

USUAL_S = 10.0
USUAL_FEWEST = 3
"""A run that is not told how many trials fires as many as fit into this time, and not fewer: they show a spread."""

FLOOR_STRATEGY = Strategy.parse("none")
FLOOR_ATTEMPTS = 3
FLOOR_TTL = Duration(60.0)


class Progress(Protocol):
    """Told between trials, never during one; what it shows meanwhile is its own matter."""

    def begins(self, what: str, here: bool = False) -> None:
        """`what` begins; `here`: it is measured in this very process, which is to do nothing else meanwhile."""
        ...

    def ends(self, trial: Trial) -> None:
        """A trial has ended."""
        ...

    def expects(self, trials: int) -> None:
        """There will be so many trials, all strategies together."""
        ...


AfterRound = Callable[[Run], None]
"""Given the run so far, folded, when every strategy has had its trial and there are more to come."""


def new_run(scenario: Scenario, seed: int) -> Run:
    """A run without trials."""
    return Run(
        stampede=environment.own_version(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        environment=environment.describe(),
        scenario=scenario,
        seed=seed,
    )


@dataclass(frozen=True)
class Session:
    """What the measuring commands share: where and how, whom to tell, and what to do between the rounds."""

    servers: Servers
    seed: int
    progress: Progress
    after_round: AfterRound = lambda run: None
    keep_requests: bool = False

    def begins(self, what: str, here: bool = False) -> None:
        """Tell that it begins, as `Progress.begins`, unless we were interrupted. Raises CancelledError."""
        heed()
        self.progress.begins(what, here)

    @asynccontextmanager
    async def bench(self, run: Run, scenario: Scenario) -> AsyncIterator[Bench]:
        """A bench for the scenario; the run's environment names its servers, and the run has their floor."""
        self.begins("starting servers and instances")
        asked, proxy = demand(scenario), any(event.do.redis_proxy for event in scenario.events)
        async with Bench.open(self.servers, scenario.fleet, demand=asked, with_proxy=proxy) as bench:
            if run.floor is None:
                run.environment.update(bench.describe())
                self.begins("measuring the harness's own floor")
                run.floor = await floor(bench, scenario, self.seed)
            yield bench


async def measure(points: Sequence[Point], session: Session) -> Measured:
    """Measure all strategies of the scenario, at each point of its sweep; one point if there is none.

    SIGINT, SIGTERM and SIGHUP end it after cleaning up, as does a server that goes away; earlier trials are kept.

    Raises:
        StampedeError: the bench could not be set up, so that nothing was measured.
    """
    for _, scenario in points:
        session.servers.check(scenario)
    measured = Measured(new_run(points[0].scenario, session.seed), session.keep_requests)
    await collect(measured, lambda: _trials(points, session, measured))
    measured.run.summary = summarize(measured.run.trials)
    measured.run.scenario = _counted(measured.run)
    return measured


async def collect(measured: Measured, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do the work, which adds trials to the run, and note what ended it, also if it is nobody's plan.

    Raises:
        StampedeError: it ended without any trial.
    """
    run = measured.run
    try:
        run.interrupted = await until_interrupted(work)
    except Exception as error:
        if not run.trials:
            raise
        measured.stopped(error)
    measured.require_trials()


async def _trials(points: Sequence[Point], session: Session, measured: Measured) -> None:
    run, first, controlled = measured.run, points[0].scenario, Controlled()
    async with AsyncExitStack() as stack:
        benches: dict[FleetSetup, Bench] = {}
        for _, scenario in points:
            if scenario.fleet not in benches:
                benches[scenario.fleet] = await stack.enter_async_context(session.bench(run, scenario))
        wanted, number, began = first.trials, 0, time.monotonic()
        while wanted is None or number < wanted:
            number += 1
            for (swept, scenario), strategy in product(points, first.strategies):
                written = [f"{name}={value}" for name, value in swept.items()]
                of_all = "" if wanted is None else f" of {wanted}"
                session.begins(" ".join([f"trial {number}{of_all}: {strategy}", *written]))
                bench = benches[scenario.fleet]
                fire = partial(controlled.execute, bench, scenario, strategy, number, trial_seed(run.seed, number))
                executed = await measured.attempt(bench, Row.label_of(str(strategy), swept), fire)
                if executed is None:
                    continue
                trial = msgspec.structs.replace(executed[0], swept=swept, point=point(swept))
                measured.add(trial, executed[1])
                session.progress.ends(trial)
            if wanted is None:
                wanted = usual_trials(time.monotonic() - began)
                session.progress.expects(wanted * len(points) * len(first.strategies))
            if number < wanted:
                session.after_round(so_far(run))


def usual_trials(round_s: float) -> int:
    """How many trials of each strategy a run fires if nobody says: decided once, when the first of each has ended."""
    return max(USUAL_FEWEST, math.floor(USUAL_S / round_s))


def so_far(run: Run) -> Run:
    """The run as it would be if it were interrupted now."""
    return msgspec.structs.replace(run, scenario=_counted(run), summary=summarize(run.trials), interrupted=True)


def _counted(run: Run) -> Scenario:
    """The run's scenario with its number of trials, where nobody has said one."""
    if run.scenario.trials is not None:
        return run.scenario
    return msgspec.structs.replace(run.scenario, trials=max((trial.trial for trial in run.trials), default=1))


async def floor(bench: Bench, scenario: Scenario, seed: int) -> Trial:
    """What the harness itself costs: a burst on a warm key without protection.

    The second of two; a later one if a hiccup of the machine made that one INVALID.
    """
    callers = scenario.workload.concurrency or FLOOR_CALLERS * scenario.fleet.instances
    warm = Scenario(
        "floor",
        workload=Workload(concurrency=callers),
        cache=CacheSetup(ttl=FLOOR_TTL, start="warm"),
        database=scenario.database,
        fleet=scenario.fleet,
    )
    await execute(bench, warm, FLOOR_STRATEGY, 0, seed)
    for _ in range(FLOOR_ATTEMPTS):
        trial, _ = await execute(bench, warm, FLOOR_STRATEGY, 0, seed)
        if trial.valid:
            break
    return trial
