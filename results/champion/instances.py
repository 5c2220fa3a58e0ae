"""Instances of the champion in this process, each with connections of its own to a real Redis."""

from __future__ import annotations

import time
from random import Random

from stampede.core.model import Loaded
from stampede.core.tasks import Tasks
from stampede.protection import compose
from stampede.protection.cache import Origin
from stampede.protection.compose import Protection
from stampede.protection.strategy import Strategy
from stampede.stores.redis.store import RedisStore

TTL_S = 3600.0


def instance(spec: str, store: RedisStore, origin: Origin, tasks: Tasks, owner: str) -> Protection:
    """One instance's protection; `owner` must be unique over all of them."""
    return compose.protection(
        Strategy.parse(spec),
        store=store,
        origin=origin,
        ttl=TTL_S,
        clock=time.monotonic,
        random=Random(owner),
        tasks=tasks,
        owner=owner,
    )


def always(value: bytes) -> Origin:
    """An origin that has the same value for every key, at once."""

    async def load(key: str) -> Loaded:
        return Loaded(value, 1)

    return load
