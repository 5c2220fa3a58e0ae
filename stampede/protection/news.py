"""Waiting for the end of somebody else's load."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from stampede.core.errors import LoadError
from stampede.core.model import Filled
from stampede.core.ports import News


async def hear(
    store: News, news: asyncio.Future[Filled], holders: Collection[str], at_most: float = 0.0
) -> Filled | None:
    """The news of a load by one of these holders, within `at_most` seconds. Raises LoadError: the load has failed.

    None is a reason to look again: there was no news, or news of another load than the one that was waited for. That
    one may have ended before an invalidation that the waiter has every right to see.
    """
    if at_most:
        await store.listen(news, at_most)
    if not news.done():
        return None
    filled = news.result()
    if filled.token not in holders:
        return None
    if filled.error is not None:
        raise LoadError(filled.error)
    return filled
