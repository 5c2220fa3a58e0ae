"""A scenario: what is fired at what. It is data; nothing in it is executed."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from stampede.core.ranges import Count
from stampede.core.units import Duration
from stampede.origins.latency import Latency
from stampede.protection.strategy import Strategy
from stampede.scenario.fault import Fault
from stampede.workload.arrivals.burst import Burst
from stampede.workload.keys.single import Single
from stampede.workload.laws import Arrivals, Keys


class Workload(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the callers do. `concurrency` counts callers over all instances; a rate needs none.

    `writes` a second change keys at the origin, picked like those of the requests; with `invalidate` the writer also
    has the cache forget them.
    """

    arrivals: Arrivals = Burst()
    concurrency: Count | None = None
    keys: Keys = Single()
    writes: Annotated[float, msgspec.Meta(ge=0, le=1_000_000)] = 0.0
    invalidate: bool = False


class Client(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How patient a caller is: it gives up after `timeout`, and tries `retries` times more, `backoff` apart."""

    timeout: Duration | None = None
    retries: Annotated[int, msgspec.Meta(ge=0)] = 0
    backoff: Duration = Duration(0.05)


class Event(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Something that happens `at` so long after the release: the call of a fault."""

    at: Duration
    do: Fault


class Expected(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A published or derived figure to print beside the measured one; `within` is a share of it."""

    strategy: Strategy
    metric: str
    value: Annotated[float, msgspec.Meta(ge=0)]
    within: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    source: str = ""


class CacheSetup(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How the cache is set up: how long values live, and whether it starts with or without them."""

    ttl: Duration = Duration(10.0)
    start: Literal["cold", "warm"] = "cold"


class DatabaseSetup(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The model of the fake-slow database. It answers null for the share of keys that is `missing`.

    `cancel`: a client that gives up has the database drop its load. Without it the load stays and is executed for
    nobody, as with most drivers.
    """

    latency: Latency = Latency(Duration(0.1))
    connections: Count = 20
    missing: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    cancel: bool = False


class FleetSetup(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The application processes, and how each talks to Redis.

    With `redis_pool` a command takes one of so many connections of its process; without, at 0, all commands of an
    event-loop tick travel in one pipeline.
    """

    instances: Count = 4
    redis_pool: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0

    @property
    def redis_commands(self) -> str:
        """What the commands travel in, in words."""
        pool = self.redis_pool
        return f"a pool of {pool} connections, one per command" if pool else "one pipeline per event-loop tick"


class Scenario(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One scenario. `name` and `description` come from the file's name and its first comment.

    Without `trials` a run fires as many as fit into a short time.
    """

    name: str
    description: str = ""
    strategies: tuple[Strategy, ...] = ()
    trials: Count | None = None
    workload: Workload = Workload(concurrency=500)
    cache: CacheSetup = CacheSetup()
    database: DatabaseSetup = DatabaseSetup()
    fleet: FleetSetup = FleetSetup()
    client: Client = Client()
    events: tuple[Event, ...] = ()
    expected: tuple[Expected, ...] = ()

    @property
    def troubles_store(self) -> bool:
        """Whether an event explains that steps of the store fail."""
        return any(event.do.troubles_store for event in self.events)

    @property
    def struck_at(self) -> float | None:
        """Seconds after the release until the first event; None: there is none."""
        return min((float(event.at) for event in self.events), default=None)
