"""Heartbeats: does the server answer, and how much has it worked?"""

from __future__ import annotations

import re
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from stampede.core.errors import StoreError
from stampede.stores.redis.wire import connect, disconnect

_USED = re.compile(rb"used_cpu_(?:sys|user):([0-9.]+)")
_ASKED = len(b"*2\r\n$4\r\nINFO\r\n$3\r\ncpu\r\n")


class Pulses:
    """Heartbeats over a connection of their own, whose `bytes` are known, for they are no strategy's traffic."""

    def __init__(self, url: str) -> None:
        self._client: Redis = connect(url, 1)
        self._client.set_response_callback("INFO", _raw)
        self.bytes = 0

    async def take(self) -> float:
        """CPU seconds of the server so far. Raises StoreError."""
        try:
            answer = cast(bytes, await self._client.info("cpu"))
        except (RedisError, OSError) as error:
            raise StoreError(f"Redis: {error}") from None
        self.bytes += _ASKED + len(b"$%d\r\n" % len(answer)) + len(answer) + len(b"\r\n")
        return sum(map(float, _USED.findall(answer)))

    async def close(self) -> None:
        """Close the connection."""
        await disconnect(self._client)


def _raw(response: Any, **options: Any) -> bytes:
    return response if isinstance(response, bytes) else str(response).encode()
