"""The composition root of one protection: from a strategy's choices to an object that answers requests."""

from __future__ import annotations

from random import Random
from typing import Any

from stampede.core import registry
from stampede.core.ports import Clock, Store
from stampede.core.protection import Cache, Coalescing, Load
from stampede.core.spec import Call
from stampede.core.strategy import Strategy
from stampede.core.tasks import Tasks


def protection(
    strategy: Strategy,
    *,
    store: Store,
    origin: Load,
    ttl: float,
    clock: Clock,
    random: Random,
    tasks: Tasks,
    owner: str,
) -> Coalescing:
    """Build the strategy for one instance. `owner` must be unique over instances and their restarts."""
    freshness = _build("freshness", strategy.freshness)
    cache = Cache(store, origin, freshness, ttl, clock, random, tasks, owner)
    coalescing: Coalescing = _build("coalescing", strategy.coalescing, cache)
    return coalescing


def _build(family: str, call: Call, *parts: object) -> Any:
    plugin = registry.load(family, call.name)
    return plugin(*parts, **registry.convert(plugin, call.name, call.params))
