"""Waiting for the end of somebody else's load."""

from __future__ import annotations

import asyncio

from stampede.core.errors import LoadError
from stampede.core.model import Filled


async def hear(news: asyncio.Future[Filled], at_most: float = 0.0) -> Filled | None:
    """The news, if they come within `at_most` seconds. Raises LoadError: the load that was waited for has failed."""
    if at_most:
        await asyncio.wait([news], timeout=at_most)
    if not news.done():
        return None
    filled = news.result()
    if filled.error is not None:
        raise LoadError(filled.error)
    return filled
