"""Unix sockets of the servers that stampede starts."""

from __future__ import annotations

import asyncio
from pathlib import Path


async def listens(path: Path) -> bool:
    """Whether a server accepts connections there; the socket's file exists a moment earlier."""
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    return True
