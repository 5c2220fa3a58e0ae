"""The test bench: the servers, the fleet, and one trial at a time."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
import time
from dataclasses import dataclass
from types import TracebackType

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from stampede.core.errors import DatabaseUnavailable, InstanceLost, LoadError, RedisUnavailable, UsageError
from stampede.core.urls import without_password
from stampede.engine.callers import key_number
from stampede.engine.fleet import Fleet, Launcher, LocalProcess
from stampede.engine.key_cleaner import KeyCleaner
from stampede.engine.messages import Done, Prepare, Release, Setup
from stampede.engine.target import TrialTarget
from stampede.measure.fold import Observed, OriginLog, fold
from stampede.measure.requests import Requests
from stampede.measure.run import FAKE_SLOW
from stampede.measure.trial import Trial
from stampede.origins.finite import Seen
from stampede.origins.slow import SlowDatabaseClient, SlowDatabaseProcess
from stampede.processes.limits import require_open_files
from stampede.processes.redis_server import EmbeddedRedis, probe
from stampede.protection.base import Counters
from stampede.protection.strategy import Strategy
from stampede.scenario.model import Scenario
from stampede.stores.wire import connect, disconnect

RELEASE_LEAD_S = 0.03
PATIENCE_S = 30.0
SPARE_FILES = 64
WORST_BACKLOG = 20_000


@dataclass(frozen=True)
class Servers:
    """What to measure against; None means the embedded or the fake-slow one."""

    redis: str | None = None
    redis_server: str | None = None
    redis_pool: int | None = None
    database: str | None = None
    query: str | None = None


class Bench:
    """Servers and instances, from start to stop: use it with `async with`. Nothing of it stays behind."""

    def __init__(self, servers: Servers, instances: int, launcher: Launcher = LocalProcess.launch) -> None:
        self._servers = servers
        self._instances = instances
        self._launcher = launcher
        self._run_id = secrets.token_hex(4)
        self.prefix = f"stampede:{{{self._run_id}}}:"
        self._stack = contextlib.AsyncExitStack()
        self._labels = (f"t{n}" for n in itertools.count())
        self._embedded: EmbeddedRedis | None = None
        self._slow: SlowDatabaseProcess | None = None
        self._database: SlowDatabaseClient | None = None
        self.redis_version = ""

    async def __aenter__(self) -> Bench:
        """Start everything. Raises StampedeError if something cannot be had."""
        require_open_files((self._servers.redis_pool or 0) + SPARE_FILES, "this --redis-pool")
        async with contextlib.AsyncExitStack() as stack:
            self._start_servers(stack)
            self._fleet = Fleet(self._launcher, self._instances, self._setup)
            stack.push_async_callback(self._fleet.stop)
            launched = asyncio.create_task(self._fleet.launch())
            stack.push_async_callback(asyncio.wait, [launched])
            if self._embedded:
                await self._embedded.ready()
            self.redis_version = await probe(self.redis_url, self.prefix)
            cleaner: Redis = connect(self.redis_url, 1)
            stack.push_async_callback(disconnect, cleaner)
            self._key_cleaner = KeyCleaner(cleaner, self.prefix)
            if self._slow:
                await self._slow.ready()
                self._database = await SlowDatabaseClient.open(str(self._slow.path))
                stack.push_async_callback(self._database.close)
            await launched
            await self._fleet.ready()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        await self._stack.aclose()

    def _start_servers(self, stack: contextlib.AsyncExitStack) -> None:
        if self._servers.redis is None:
            self._embedded = EmbeddedRedis(self._servers.redis_server)
            stack.callback(self._embedded.stop)
        if self._servers.database is None:
            self._slow = SlowDatabaseProcess()
            stack.callback(self._slow.stop)
        self.redis_url = self._servers.redis or (self._embedded.url if self._embedded else "")

    def _setup(self, number: int, start: int) -> Setup:
        return Setup(
            number=number,
            instances=self._instances,
            owner=f"{number}.{start}",
            redis=self.redis_url,
            redis_pool=self._servers.redis_pool,
            prefix=self.prefix,
            database=self._servers.database or str(self._slow.path if self._slow else ""),
            query=self._servers.query,
        )

    def describe(self) -> dict[str, str]:
        """The servers, for the run's environment."""
        where = "embedded" if self._embedded else without_password(self.redis_url)
        database = without_password(self._servers.database) if self._servers.database else FAKE_SLOW
        return {"redis": f"{self.redis_version} ({where})", "database": database}

    def kill_instance(self, number: int) -> None:
        """Kill an instance in mid-trial; the trial becomes INVALID, and the next one has a new instance."""
        self._fleet.kill(number)

    async def trial(self, scenario: Scenario, strategy: Strategy, number: int, seed: int) -> tuple[Trial, Requests]:
        """Execute one strategy once, over keys of its own.

        Raises:
            RedisUnavailable, DatabaseUnavailable: a server went away; nothing more can be measured.
        """
        label = next(self._labels)
        prepare = Prepare(strategy, scenario, label, seed)
        try:
            await self._fleet.ready()
            if scenario.cache.start == "warm":
                await self._reset_database(scenario, seed)  # the trial before may have left a long queue
                await self._prepare(msgspec.structs.replace(prepare, warm=True))
            await self._reset_database(scenario, seed)
            await self._prepare(prepare)
            before = await self._traffic()
            released_at = time.monotonic() + RELEASE_LEAD_S
            done = await self._release(scenario, label, seed, released_at)
            after = await self._traffic()
            seen = await self._seen()
        except LoadError as error:
            raise DatabaseUnavailable(f"the fake-slow database is gone in mid-run: {error}") from None
        finally:
            await self._key_cleaner.clean(label, scenario)
        await self._check_servers(done)
        requests = Requests.join({n: d.columns for n, d in done.items()}, released_at)
        origin = _origin(seen, released_at) if seen else None
        moved = after - before if after is not None and before is not None else None
        struck_at = min((float(event.at) for event in scenario.events), default=None)
        observed = self._observe(requests, done, origin, moved, struck_at)
        return fold(scenario, str(strategy), number, observed), requests

    async def _prepare(self, prepare: Prepare) -> None:
        """Bring everybody to the barrier; an instance that died since the last trial is replaced first."""
        try:
            await self._fleet.prepare(prepare)
        except InstanceLost:
            await self._fleet.ready()
            await self._fleet.prepare(prepare)

    async def _release(self, scenario: Scenario, label: str, seed: int, released_at: float) -> dict[int, Done]:
        """Open the barrier, have the events happen, and wait for the ends."""
        release = Release(released_at, _deadline(scenario))
        if not scenario.events:
            return await self._fleet.release(release)
        if self._database is None:
            raise UsageError("events need the fake-slow database: leave --database out")
        target = TrialTarget(scenario, label, seed, self._fleet, self._key_cleaner, self._database)
        events = asyncio.create_task(target.inject(released_at, time.monotonic()))
        try:
            return await self._fleet.release(release)
        finally:
            events.cancel()
            await asyncio.wait([events])
            if not events.cancelled() and (error := events.exception()):
                raise error

    async def _traffic(self) -> int | None:
        """The embedded server's traffic so far; a user's server talks to others too."""
        if self._embedded is None:
            return None
        try:
            return await self._key_cleaner.traffic()
        except (RedisError, OSError):
            return None

    async def _reset_database(self, scenario: Scenario, seed: int) -> None:
        if self._database:
            await self._database.reset(str(scenario.database.latency), scenario.database.connections, seed)

    async def _seen(self) -> Seen | None:
        return await self._database.seen() if self._database else None

    async def _check_servers(self, done: dict[int, Done]) -> None:
        if self._slow and not self._slow.alive:
            raise DatabaseUnavailable("the fake-slow database died in mid-run: look into the system's log")
        if self._embedded and not self._embedded.alive:
            raise RedisUnavailable("the embedded Redis died in mid-run: is the machine out of memory?")
        if any(d.metrics.store_errors or d.columns.errors for d in done.values()):
            await probe(self.redis_url, self.prefix)

    def _observe(
        self,
        requests: Requests,
        done: dict[int, Done],
        origin: OriginLog | None,
        redis_bytes: int | None,
        struck_at: float | None,
    ) -> Observed:
        ends = done.values()
        return Observed(
            requests=requests,
            metrics=sum((d.metrics for d in ends), start=Counters()),
            redis_commands=sum(d.redis_commands for d in ends),
            redis_bytes=redis_bytes,
            unsettled=sum(d.unsettled for d in ends),
            lag_max=max((d.lag_max for d in ends), default=0.0),
            cpu=sum(d.cpu for d in ends),
            lost=[n for n in range(self._instances) if n not in done],
            errors=_add_up([d.columns.errors for d in ends]),
            retries=sum(d.columns.retries for d in ends),
            origin=origin,
            struck_at=struck_at,
        )


def _origin(seen: Seen, released_at: float) -> OriginLog:
    """The database's counts, with times from the release; one machine has one monotonic clock."""
    return OriginLog(
        hits=sum(seen.hits.values()),
        peak_in_flight=seen.peak_in_flight,
        peak_queued=seen.peak_queued,
        changes=[(at - released_at, in_flight, queued) for at, in_flight, queued in seen.timeline],
        loads=[(key, arrived - released_at, ended - released_at) for key, arrived, ended in seen.loads],
        writes=[(key_number(key), version, at - released_at) for key, version, at in seen.writes],
    )


def _deadline(scenario: Scenario) -> float:
    """Seconds after which a trial is given up: well above what an unprotected database needs."""
    database, law = scenario.database, scenario.workload.arrivals
    total = law.total(scenario.workload.concurrency or 0) * (1 + scenario.client.retries)
    return PATIENCE_S + law.length() + 3 * min(total, WORST_BACKLOG) * database.latency.median / database.connections


def _add_up(counts: list[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        for name, number in count.items():
            total[name] = total.get(name, 0) + number
    return total
