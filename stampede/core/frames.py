"""Messages over a stream: the length of each, then its bytes."""

from __future__ import annotations

import asyncio
import contextlib

_LENGTH_BYTES = 8


class Frames:
    """One end of a line on which both sides send messages of any length."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, message: bytes) -> None:
        """Send one message, as soon as the other end takes it. To one that is gone it is lost: `receive` tells."""
        if not self._writer.is_closing():
            self._writer.write(len(message).to_bytes(_LENGTH_BYTES, "big") + message)

    async def sent(self) -> None:
        """Wait while too much is on its way. Raises ConnectionError: the other end is gone."""
        await self._writer.drain()

    async def receive(self) -> bytes:
        """The next message. Raises ConnectionError: the other end is gone."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH_BYTES), "big")
            return await self._reader.readexactly(length)
        except asyncio.IncompleteReadError:
            raise ConnectionResetError("the other end is gone") from None

    def close(self) -> None:
        """Close this end."""
        self._writer.close()

    async def closed(self) -> None:
        """Close this end, and wait until it is."""
        self.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
