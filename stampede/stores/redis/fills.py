"""What others tell this process: fills, failures and invalidations of the keys that it waits for or holds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from stampede.stores.redis.codec import News, decode_news
from stampede.stores.redis.wire import connect, disconnect
from stampede.stores.watchers import Watchers


class FillListener:
    """Passes the news on to those who watch.

    What is published while the connection is gone goes unheard. So everybody looks again when it is lost, for the
    server may be gone, too, and once it is back. In between waiters are bounded by their lease.
    """

    def __init__(self, url: str, channels: Sequence[str], watchers: Watchers) -> None:
        self._url = url
        self._channels = channels
        self._watchers = watchers

    async def listen(self, hears: asyncio.Event) -> None:
        """Listen until the connection is lost. Raises redis-py's errors."""
        client = connect(self._url, 1, timeout=None)
        try:
            async with client.pubsub(ignore_subscribe_messages=True) as pubsub:
                await pubsub.subscribe(*self._channels)
                for _ in self._channels:
                    await pubsub.get_message(ignore_subscribe_messages=False, timeout=5)
                hears.set()
                self._watchers.missed()
                async for message in pubsub.listen():
                    if (news := decode_news(message["data"])) is not None:
                        self._hear(news)
        finally:
            if hears.is_set():  # lost, and not another try in vain
                self._watchers.missed()
            await disconnect(client)

    def _hear(self, news: News) -> None:
        if news.token is None:
            self._watchers.invalidated(news.key)
        else:
            self._watchers.notify(news.key, news.filled())
