"""Client-side caching: Redis names every value that changes."""

from __future__ import annotations

import asyncio

from redis.asyncio.client import PubSub

from stampede.stores.redis.codec import value_name
from stampede.stores.redis.wire import connect, disconnect
from stampede.stores.watchers import Watchers

INVALIDATIONS = "__redis__:invalidate"


class ChangeListener:
    """Has Redis name every changed value below a prefix, in broadcasting mode.

    The connection that asks for it redirects the names to one that listens: that works with every protocol version.
    After a lost connection everything may have changed.
    """

    def __init__(self, url: str, prefix: str, watchers: Watchers) -> None:
        self._url = url
        self._values = value_name(prefix, "")
        self._watchers = watchers

    async def listen(self, hears: asyncio.Event) -> None:
        """Listen until the connection is lost. Raises redis-py's errors."""
        asking = connect(self._url, 1, timeout=None)
        listening = connect(self._url, 1, timeout=None)
        try:
            async with listening.pubsub(ignore_subscribe_messages=True) as pubsub, asking.client() as held:
                number = await _number(pubsub)
                await pubsub.subscribe(INVALIDATIONS)
                await pubsub.get_message(ignore_subscribe_messages=False, timeout=5)
                await held.execute_command(  # type: ignore[no-untyped-call]
                    "CLIENT", "TRACKING", "ON", "REDIRECT", number, "BCAST", "PREFIX", self._values
                )
                hears.set()
                async for message in pubsub.listen():
                    self._change(message["data"])
        finally:
            self._watchers.changed(None)
            await disconnect(asking)
            await disconnect(listening)

    def _change(self, names: list[bytes] | None) -> None:
        if names is None:  # the whole database was flushed
            self._watchers.changed(None)
            return
        for name in names:
            self._watchers.changed(name.decode(errors="replace").removeprefix(self._values))


async def _number(pubsub: PubSub) -> int:
    """The number that the server gave the connection: it says so before the first subscription only."""
    await pubsub.connect()  # type: ignore[no-untyped-call]
    connection = pubsub.connection
    assert connection is not None
    await connection.send_command("CLIENT", "ID")
    return int(await connection.read_response())
