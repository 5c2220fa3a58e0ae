"""The proxy in front of a Redis server that we started: a process of its own, owned by the run."""

from __future__ import annotations

import asyncio
import contextlib
import sys

from stampede.core.build import own_build
from stampede.core.errors import RedisUnavailable
from stampede.origins.latency import Latency
from stampede.processes.redis_server import EmbeddedRedis
from stampede.processes.server import ServerProcess


class RedisProxy(ServerProcess):
    """What instances talk to instead of the server; it passes everything on at once until it is told otherwise."""

    what = "the proxy in front of Redis"
    fault = RedisUnavailable

    def __init__(self, server: EmbeddedRedis) -> None:
        """Start it; `url` is where it will listen. Raises RedisUnavailable."""
        program, build = [sys.executable, "-P", "-m", "stampede.processes.relay"], own_build()
        super().__init__(
            "proxy", lambda socket: [*program, str(socket), str(server.path), str(_control(socket)), build]
        )
        self.url = f"unix://{self.path}"

    async def slow(self, latency: Latency | None, seed: float) -> None:
        """Make every round trip so much longer; None: no longer. Raises RedisUnavailable."""
        await self._ask(f"{seed} {latency}" if latency else "0")

    async def cpu_s(self) -> float:
        """CPU seconds that it has used. Raises RedisUnavailable."""
        return await self._ask("cpu")

    async def _ask(self, words: str) -> float:
        try:
            reader, writer = await asyncio.open_unix_connection(_control(self.path))
            with contextlib.closing(writer):
                writer.write(words.encode() + b"\n")
                return float(await reader.readline())
        except (OSError, ValueError) as error:  # no answer is no number
            raise RedisUnavailable(f"{self.what} is gone ({error}): {self.remedy}") from None


def _control(socket: object) -> str:
    return f"{socket}.c"
