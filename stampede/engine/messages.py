"""What the run and its instances say to each other; msgpack, one frame a message."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from stampede.core import registry
from stampede.measure.records import Columns
from stampede.origins.client_count import ClientCount
from stampede.origins.query import Query
from stampede.protection.counters import Counters
from stampede.protection.strategy import Strategy
from stampede.scenario.model import Scenario

_LENGTH_BYTES = 8


class Setup(msgspec.Struct, tag=True):
    """Where everything is. `number` is the instance's, `owner` its name in tokens."""

    number: int
    instances: int
    owner: str
    redis: str
    redis_pool: int
    prefix: str
    database: str
    query: Query | None


class Prepare(msgspec.Struct, tag=True):
    """Get a trial ready, up to the barrier.

    `keys_label` begins the names of its keys, none of which lives longer than `lifetime` seconds.
    """

    strategy: Strategy
    scenario: Scenario
    keys_label: str
    seed: int
    lifetime: float
    warm: bool = False


class Release(msgspec.Struct, tag=True):
    """Open the barrier at this instant of the run's clock; give up on requests `deadline` seconds later."""

    at: float
    deadline: float


class Restart(msgspec.Struct, tag=True):
    """In mid-trial: lose all that a restarted process would lose. Has no answer of its own."""


class Stop(msgspec.Struct, tag=True):
    """Close everything and end."""


class Ready(msgspec.Struct, tag=True):
    """Set up, or every request of the trial is waiting at the barrier."""


class Done(msgspec.Struct, tag=True):
    """What one instance saw of a trial; times in seconds. `count` is its own of a database that has none."""

    columns: Columns
    counters: Counters
    redis_commands: int
    unsettled: int
    lag_max: float
    cpu: float
    count: ClientCount | None = None


class Failed(msgspec.Struct, tag=True):
    """The instance could not do what was asked; `kind` names an error class of `stampede.core.errors`."""

    kind: str
    message: str


ToInstance = Setup | Prepare | Release | Restart | Stop
FromInstance = Ready | Done | Failed


_encoder = msgspec.msgpack.Encoder(enc_hook=str)
_to_instance = msgspec.msgpack.Decoder(ToInstance, dec_hook=registry.decode)
_from_instance = msgspec.msgpack.Decoder(FromInstance)


class Channel:
    """One end of the line between the run and an instance. Both raise ConnectionError once the other is gone."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        decoder: msgspec.msgpack.Decoder[Any],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = decoder

    @classmethod
    def of_run(cls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Channel:
        """The run's end: hears FromInstance."""
        return cls(reader, writer, _from_instance)

    @classmethod
    def of_instance(cls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Channel:
        """The instance's end: hears ToInstance."""
        return cls(reader, writer, _to_instance)

    async def say(self, message: ToInstance | FromInstance) -> None:
        """Send one message."""
        frame = _encoder.encode(message)
        self._writer.write(len(frame).to_bytes(_LENGTH_BYTES, "big") + frame)
        await self._writer.drain()

    async def hear(self) -> Any:
        """The next message."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH_BYTES), "big")
            return self._decoder.decode(await self._reader.readexactly(length))
        except asyncio.IncompleteReadError:
            raise ConnectionResetError("the other end is gone") from None

    def close(self) -> None:
        """Close this end."""
        self._writer.close()
