"""The right to load a key, held by a token in the value's own place."""

from __future__ import annotations

import asyncio

from stampede.core.model import Answer, Role
from stampede.protection.cache import Cache


async def lead(cache: Cache, key: str, token: str) -> Answer:
    """The claim is ours: load, write the value over it, or take it back. Raises what the load raises."""
    store = cache.store
    try:
        entry = await cache.load(key)
    except BaseException as error:
        why = None if isinstance(error, asyncio.CancelledError) else str(error)
        await cache.quietly(store.unclaim(key, token, why))
        raise
    swapped = await cache.quietly(store.swap(key, token, entry, cache.remaining(entry)))
    if swapped is None:  # the value could not be stored: let others try
        await cache.quietly(store.unclaim(key, token, None))
    elif not swapped:
        cache.counters.fenced_fills += 1
    return Answer(entry, Role.LEADER)
