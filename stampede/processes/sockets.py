"""Unix sockets of the servers that stampede starts."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from stampede.processes.lifeline import Guarded

START_TIMEOUT_S = 20.0


async def listens(path: Path) -> bool:
    """Whether a server accepts connections there; the socket's file exists a moment earlier."""
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    return True


async def until_listening(server: Guarded, path: Path) -> str | None:
    """Wait until the server accepts connections there; if it does not, end it and return what it said last."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not await listens(path):
        if not server.alive or time.monotonic() > deadline:
            words = server.last_words() or "it does not answer"
            server.stop()
            return words
        await asyncio.sleep(0.005)
    return None
