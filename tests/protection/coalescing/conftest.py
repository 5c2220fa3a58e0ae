"""A fleet in one process: several instances' protections over one store and one origin, on the loop of the test."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import pytest

from stampede.core import registry
from stampede.core.errors import LoadError
from stampede.core.model import Answer, Loaded
from stampede.core.ports import Store
from stampede.core.tasks import Tasks
from stampede.engine.virtual import VirtualLoop
from stampede.processes.redis_server import EmbeddedRedis
from stampede.protection.compose import Protection, protection
from stampede.protection.promise import Scope
from stampede.protection.strategy import Strategy
from stampede.stores.memory import MemoryStore
from stampede.stores.redis.store import RedisStore

TTL_S = 60.0
INSTANCES = 4


@pytest.fixture
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    """Virtual time, or the real loop for tests that want a real Redis."""
    real = not {"redis_url", "valkey"}.isdisjoint(request.fixturenames)
    with asyncio.Runner(loop_factory=None if real else VirtualLoop) as runner:
        yield runner


@pytest.fixture(params=registry.names("coalescing"))
def name(request: pytest.FixtureRequest) -> str:
    """The coalescing choice under test: every one that there is."""
    return str(request.param)


@pytest.fixture
def with_lease(name: str) -> str:
    """The choice as a spec with a lease, or a marker, of half a second, if it has one."""
    parameters = registry.parameters(registry.load("coalescing", name))
    return next((f"{name}({each}=500ms)" for each in ("lease", "marker") if each in parameters), name)


@pytest.fixture
def loads_allowed(name: str) -> Callable[[int], int]:
    """How many loads a burst of so many callers may cost, as the choice promises."""
    scope = registry.load("coalescing", name).promise.loads
    return {
        Scope.CALLER: lambda callers: callers,
        Scope.INSTANCE: lambda callers: min(callers, INSTANCES),
        Scope.FLEET: lambda callers: 1,
    }[scope]


class SlowOrigin:
    """Takes `seconds` for a load, and counts. With `error` set the load fails at its end."""

    def __init__(self) -> None:
        self.seconds = 1.0
        self.value = b'"value"'
        self.version = 1
        self.error: str | None = None
        self.seconds_of: dict[str, float] = {}
        self.loads: Counter[str] = Counter()
        self.in_flight = self.peak = 0

    async def load(self, key: str) -> Loaded:
        """One load: what it gives is what was there when it began."""
        loaded, error = Loaded(self.value, self.version), self.error
        self.loads[key] += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            await asyncio.sleep(self.seconds_of.get(key, self.seconds))
        finally:
            self.in_flight -= 1
        if error is not None:
            raise LoadError(error)
        return loaded


class Fleet:
    """Instances whose callers are spread evenly: caller n asks instance n modulo their number."""

    def __init__(self, spec: str, stores: list[Store], origin: SlowOrigin, ttl: float, owner: str = "") -> None:
        loop = asyncio.get_running_loop()
        self.stores = stores
        self.store = stores[0]
        self.instances = len(stores)
        self.origin = origin
        self.tasks = [Tasks() for _ in stores]
        self.protections: list[Protection] = [
            protection(
                Strategy.parse(spec),
                store=store,
                origin=origin.load,
                ttl=ttl,
                clock=loop.time,
                random=Random(number),
                tasks=tasks,
                owner=f"{owner}instance-{number}",
            )
            for number, (store, tasks) in enumerate(zip(stores, self.tasks, strict=True))
        ]
        self._began = loop.time()

    def elapsed(self) -> float:
        """Seconds since the fleet was made, or since the last `restart`."""
        return asyncio.get_running_loop().time() - self._began

    def restart(self) -> None:
        """Let `elapsed` and the origin count from here."""
        self._began = asyncio.get_running_loop().time()
        self.origin.loads.clear()
        self.origin.peak = 0

    def burst(self, callers: int, key: str = "k") -> list[asyncio.Task[Answer]]:
        """So many callers at one instant."""

        async def ask(number: int) -> Answer:
            return await self.protections[number % self.instances].get(key)

        return [asyncio.ensure_future(ask(number)) for number in range(callers)]

    async def answers(self, callers: int, key: str = "k") -> list[Answer]:
        """The answers to a burst, all of which must come."""
        return await asyncio.gather(*self.burst(callers, key))

    async def settle(self) -> None:
        """Wait for everything that runs in the background."""
        for tasks in self.tasks:
            assert await tasks.settle(30) == 0


@pytest.fixture
def fleet(runner: asyncio.Runner) -> Callable[..., Fleet]:
    """Makes a fleet over a memory store on virtual time, or over the store that is given."""

    def make(spec: str, store: Store | None = None, ttl: float = TTL_S, instances: int = INSTANCES) -> Fleet:
        shared = store or MemoryStore(runner.get_loop().time)
        return Fleet(spec, [shared] * instances, SlowOrigin(), ttl)

    return make


@pytest.fixture
def fleet_on() -> Callable[..., Fleet]:
    """Makes a fleet whose instances have a store each."""
    return lambda spec, stores, ttl=TTL_S: Fleet(spec, stores, SlowOrigin(), ttl)


@pytest.fixture
def redis_fleet(name: str, runner: asyncio.Runner, redis_url: str) -> Iterator[Fleet]:
    """A fleet over a real Redis, every instance with connections of its own; a load takes 50 ms."""
    prefix = f"test:{{{Random().getrandbits(64):x}}}:"

    async def make() -> Fleet:
        stores = await asyncio.gather(*(RedisStore.open(redis_url, prefix) for _ in range(INSTANCES)))
        await asyncio.gather(*(store.warm(20) for store in stores))
        fleet = Fleet(name, list(stores), SlowOrigin(), TTL_S)
        fleet.origin.seconds = 0.05
        return fleet

    made = runner.run(make())
    yield made
    for store in made.stores:
        assert isinstance(store, RedisStore)
        runner.run(store.close())


@pytest.fixture
def real_stores(runner: asyncio.Runner, valkey: EmbeddedRedis) -> Iterator[list[RedisStore]]:
    """Two instances' stores over a real server, each with connections of its own."""
    prefix = f"test:{{{Random().getrandbits(64):x}}}:"

    async def both() -> list[RedisStore]:
        return await asyncio.gather(*(RedisStore.open(valkey.url, prefix) for _ in range(2)))

    stores = runner.run(both())
    yield stores
    for store in stores:
        runner.run(store.close())


@pytest.fixture
def real_fleet(real_stores: list[RedisStore]) -> Callable[..., Fleet]:
    """Makes fleets over the same two stores; `owner` tells them apart."""

    def make(spec: str, owner: str, seconds: float, ttl: float = TTL_S) -> Fleet:
        fleet = Fleet(spec, list(real_stores), SlowOrigin(), ttl, owner)
        fleet.origin.seconds = seconds
        return fleet

    return make
