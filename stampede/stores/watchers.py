"""Who waits for which key's fill: one future per key, shared by all waiters of an instance."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from stampede.core.model import Filled


class Watchers:
    """Futures by key, held weakly: when nobody waits any more, nothing is left behind."""

    def __init__(self) -> None:
        self._futures: WeakValueDictionary[str, asyncio.Future[Filled]] = WeakValueDictionary()

    def watch(self, key: str) -> asyncio.Future[Filled]:
        """The future of the key's next news."""
        future = self._futures.get(key)
        if future is None:
            future = asyncio.get_running_loop().create_future()
            self._futures[key] = future
        return future

    def tell(self, key: str, news: Filled) -> None:
        """Wake all waiters of the key."""
        future = self._futures.pop(key, None)
        if future is not None and not future.done():
            future.set_result(news)
