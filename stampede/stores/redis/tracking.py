"""Client-side caching: Redis names every value that changes."""

from __future__ import annotations

import asyncio
from typing import Any

from redis.asyncio.client import PubSub

from stampede.stores.redis.codec import value_name
from stampede.stores.redis.wire import connect, disconnect
from stampede.stores.watchers import Watchers

INVALIDATIONS = "__redis__:invalidate"


class ChangeListener:
    """Has Redis name every changed value below a prefix, in broadcasting mode.

    One connection asks for it and listens, redirecting the names to itself: that works with every protocol version,
    and who listens notices when the server closes the connection that asked. Then everything may have changed.
    """

    def __init__(self, url: str, prefix: str, watchers: Watchers) -> None:
        self._url = url
        self._values = value_name(prefix, "")
        self._watchers = watchers
        self.hears = self._lost = False

    async def listen(self, hears: asyncio.Event) -> None:
        """Listen until the connection is lost. Raises redis-py's errors."""
        client = connect(self._url, 1, timeout=None, protocol=2)
        try:
            async with client.pubsub(ignore_subscribe_messages=True) as pubsub:
                number = await _ask(pubsub, "CLIENT", "ID")
                await _ask(pubsub, "CLIENT", "TRACKING", "ON", "REDIRECT", number, "BCAST", "PREFIX", self._values)
                await pubsub.subscribe(INVALIDATIONS)
                await pubsub.get_message(ignore_subscribe_messages=False, timeout=5)
                if self._lost:  # it is back: what was read since the loss may have changed again, unheard
                    self._watchers.changed(None)
                self.hears = True
                hears.set()
                async for message in pubsub.listen():
                    self._change(message["data"])
        finally:
            self.hears, self._lost = False, True
            self._watchers.changed(None)
            await disconnect(client)

    def _change(self, names: list[bytes] | None) -> None:
        if names is None:  # the whole database was flushed
            self._watchers.changed(None)
            return
        for name in names:
            self._watchers.changed(name.decode(errors="replace").removeprefix(self._values))


async def _ask(pubsub: PubSub, *command: str | int) -> Any:
    """Run a command on a connection that has not subscribed to anything yet. Raises redis-py's errors."""
    await pubsub.connect()  # type: ignore[no-untyped-call]
    connection = pubsub.connection
    assert connection is not None
    await connection.send_command(*command)
    return await connection.read_response()
