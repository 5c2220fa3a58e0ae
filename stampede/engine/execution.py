"""One trial: the whole way from a strategy to its figures."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import msgspec

from stampede.core.errors import DatabaseUnavailable, InstanceLost, LoadError
from stampede.core.keys import key_number
from stampede.engine.bench import Bench
from stampede.engine.deadlines import deadline, lifetime
from stampede.engine.interrupts import to_its_end
from stampede.engine.key_cleaner import KeyCleaner
from stampede.engine.messages import Done, Prepare, Release
from stampede.engine.target import TrialTarget
from stampede.engine.watch import Watch
from stampede.measure.fold import fold
from stampede.measure.kinds import by_kind
from stampede.measure.observed import Observed, OriginLog, OwnLog
from stampede.measure.requests import Requests
from stampede.measure.trial import Trial
from stampede.origins.client_count import ClientCount, timeline
from stampede.origins.window import Seen
from stampede.protection.counters import Counters
from stampede.protection.strategy import Strategy
from stampede.scenario.model import Scenario

RELEASE_LEAD_S = 0.03


async def execute(
    bench: Bench, scenario: Scenario, strategy: Strategy, number: int, seed: int, usual: float | None = None
) -> tuple[Trial, Requests]:
    """Execute one strategy once, over keys of its own; `usual` is what its control says of the hit rate.

    Raises:
        RedisUnavailable, DatabaseUnavailable: a server went away; nothing more can be measured.
        StampedeError: this strategy cannot be measured here.
    """
    label = next(bench.labels)
    execution = _Execution(bench, scenario, Prepare(strategy, scenario, label, seed, lifetime(scenario)))
    cleaner = KeyCleaner(bench.store)
    try:
        observed = await execution.observe()
    except Exception as error:  # not after an interrupt: instances still write, and the bench cleans once they ended
        await cleaner.clean(label, scenario.workload.keys.count())
        if isinstance(error, LoadError):
            raise DatabaseUnavailable(f"the fake-slow database is gone in mid-run: {error}") from None
        raise
    await cleaner.clean(label, scenario.workload.keys.count())
    bench.require_servers()
    if observed.store_errors or observed.errors:
        await bench.store.probe()
    return fold(scenario, str(strategy), number, observed, usual), observed.requests


@dataclass(frozen=True)
class _Execution:
    bench: Bench
    scenario: Scenario
    prepare: Prepare

    async def observe(self) -> Observed:
        """Warm what is to be warm, bring everybody to the barrier, open it, and collect what was seen."""
        await self.bench.fleet.ready()
        if self.scenario.cache.start == "warm":
            await self._reset_database()  # the trial before may have left a long queue
            await self._bring_to_the_barrier(msgspec.structs.replace(self.prepare, warm=True))
        await self._reset_database()
        await self._bring_to_the_barrier(self.prepare)
        before = await self.bench.traffic()
        watch = Watch(self.bench)
        async with watch.during():
            released_at = time.monotonic() + RELEASE_LEAD_S
            async with self._events(released_at) as removed:
                done = await self.bench.fleet.release(Release(released_at, deadline(self.scenario)))
        after = await self.bench.traffic()
        seen = await self.bench.slow.client.seen() if self.bench.slow else None
        own_s = sum(end.cpu for end in done.values()) + (seen.cpu_s if seen else 0.0)
        return replace(
            _observed(self.scenario, done, seen, released_at),
            redis_bytes=after - before if after is not None and before is not None else None,
            removed=[(at - released_at, key) for at, key in removed],
            surroundings=watch.surroundings(own_s),
        )

    async def _reset_database(self) -> None:
        if self.bench.slow:
            model = self.scenario.database
            await self.bench.slow.client.reset(
                str(model.latency), model.connections, self.prepare.seed, model.missing
            )

    async def _bring_to_the_barrier(self, prepare: Prepare) -> None:
        """An instance that died since the last trial is replaced first."""
        try:
            await self.bench.fleet.prepare(prepare)
        except InstanceLost:
            await self.bench.fleet.ready()
            await self.bench.fleet.prepare(prepare)

    @contextlib.asynccontextmanager
    async def _events(self, released_at: float) -> AsyncIterator[list[tuple[float, int]]]:
        """Have the scenario's events happen meanwhile; gives what they remove. Raises what they raise."""
        if not self.scenario.events:
            yield []
            return
        target = TrialTarget(self.bench, self.prepare)
        events = asyncio.create_task(target.inject(released_at - time.monotonic()))
        try:
            yield target.removed
        finally:
            events.cancel()
            await asyncio.wait([events])
            await to_its_end(target.restore())
            if not events.cancelled() and (error := events.exception()):
                raise error


def _observed(scenario: Scenario, done: dict[int, Done], seen: Seen | None, released_at: float) -> Observed:
    ends = done.values()
    return Observed(
        requests=Requests.join({number: end.columns for number, end in done.items()}, released_at),
        counters=sum((end.counters for end in ends), start=Counters()),
        redis_commands=sum(end.redis_commands for end in ends),
        redis_bytes=None,
        unsettled=sum(end.unsettled for end in ends),
        lag_max=max((end.lag_max for end in ends), default=0.0),
        cpu=sum(end.cpu for end in ends),
        busiest_cpu=max((end.cpu for end in ends), default=0.0),
        lost=[number for number in range(scenario.fleet.instances) if number not in done],
        errors=by_kind(end.columns.errors for end in ends),
        retries=sum(end.columns.retries for end in ends),
        store_failures=sum(end.columns.store_failures for end in ends),
        origin=_origin_log(seen, released_at) if seen else None,
        own=_own_log([end.count for end in ends if end.count], released_at),
        struck_at=scenario.struck_at,
    )


def _origin_log(seen: Seen, released_at: float) -> OriginLog:
    """The database's counts, with times from the release; one machine has one monotonic clock."""
    return OriginLog(
        hits=sum(seen.hits.values()),
        peak_in_flight=seen.peak_in_flight,
        peak_queued=seen.peak_queued,
        changes=[(at - released_at, in_flight, queued) for at, in_flight, queued in seen.timeline],
        loads=[(key, arrived - released_at, ended - released_at) for key, arrived, ended in seen.loads],
        writes=[(key_number(key), version, at - released_at) for key, version, at in seen.writes],
        executed=seen.executed,
        abandoned=seen.abandoned,
        drawn_s=seen.drawn_s,
        busy_s=seen.busy_s,
        lateness_max_s=seen.lateness_max_s,
        cpu_s=seen.cpu_s,
    )


def _own_log(counts: list[ClientCount], released_at: float) -> OwnLog | None:
    """What the instances counted together, with times from the release."""
    if not counts:
        return None
    changes = [(at - released_at, in_flight, queued) for at, in_flight, queued in timeline(counts)]
    return OwnLog(
        arrived=sum(count.arrived for count in counts),
        executed=sum(count.executed for count in counts),
        peak_in_flight=max((in_flight for _, in_flight, _ in changes), default=0),
        peak_queued=max((queued for _, _, queued in changes), default=0),
        changes=changes,
    )
