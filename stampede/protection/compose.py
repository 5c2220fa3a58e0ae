"""The composition root of one protection: from a strategy's choices to an object that answers requests."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from stampede.core import registry
from stampede.core.errors import UsageError
from stampede.core.ports import Clock, Store
from stampede.core.spec import Call
from stampede.core.tasks import Tasks
from stampede.protection.cache import Cache, Origin
from stampede.protection.choices import Choice, Coalescing, Get, Wrapper
from stampede.protection.strategy import Strategy


class Protection:
    """One strategy in one instance: the coalescing choice with everything else around it."""

    def __init__(self, coalescing: Coalescing, choices: Sequence[Choice]) -> None:
        self.cache = coalescing.cache
        self._coalescing = coalescing
        self._choices = choices
        self.get: Get = coalescing.get
        for choice in choices:
            if isinstance(choice, Wrapper):
                self.get = choice.around_get(self.get, coalescing.serve, self.cache)

    async def begin(self, keys: Sequence[str]) -> None:
        """Prepare for requests for these keys. Raises StoreError, LoadError, UsageError."""
        for choice in self._choices:
            await choice.begin(self.cache, keys)

    async def invalidate(self, key: str) -> None:
        """Forget the key's value, wherever it is. Raises StoreError."""
        await self._coalescing.invalidate(key)


def protection(
    strategy: Strategy,
    *,
    store: Store,
    origin: Origin,
    ttl: float,
    clock: Clock,
    random: Random,
    tasks: Tasks,
    owner: str,
) -> Protection:
    """Build the strategy for one instance. `owner` must be unique over instances and their restarts.

    Raises:
        UsageError: the store cannot do what a choice needs.
    """
    freshness = _build("freshness", strategy.freshness)
    around = [_build(family, call) for family, call in strategy.calls() if family in ("resilience", "locality")]
    wrappers: list[Wrapper] = sorted(around, key=lambda wrapper: wrapper.rank)
    cache = Cache(store, origin, freshness, wrappers, ttl, clock, random, tasks, owner)
    coalescing: Coalescing = _build("coalescing", strategy.coalescing, cache)
    choices: list[Choice] = [freshness, coalescing, *wrappers]
    for need in {need for choice in choices for need in choice.needs}:
        if not isinstance(store, need):
            raise UsageError(f"'{strategy}' needs a store with {need.__name__.lower()}, which this one has not")
    return Protection(coalescing, choices)


def _build(family: str, call: Call, *parts: object) -> Any:
    plugin = registry.load(family, call.name)
    return plugin(*parts, **registry.convert(plugin, call.name, call.params))
