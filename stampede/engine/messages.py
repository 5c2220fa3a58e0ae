"""What the run and its instances say to each other; msgpack, one frame a message."""

from __future__ import annotations

from typing import Any

import msgspec

from stampede.core import registry
from stampede.core.frames import Frames
from stampede.measure.records import Columns
from stampede.origins.client_count import ClientCount
from stampede.origins.query import Query
from stampede.protection.counters import Counters
from stampede.protection.strategy import Strategy
from stampede.scenario.model import Scenario


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

    def __init__(self, frames: Frames, decoder: msgspec.msgpack.Decoder[Any]) -> None:
        self._frames = frames
        self._decoder = decoder

    @classmethod
    def of_run(cls, frames: Frames) -> Channel:
        """The run's end: hears FromInstance."""
        return cls(frames, _from_instance)

    @classmethod
    def of_instance(cls, frames: Frames) -> Channel:
        """The instance's end: hears ToInstance."""
        return cls(frames, _to_instance)

    async def say(self, message: ToInstance | FromInstance) -> None:
        """Send one message."""
        self._frames.send(_encoder.encode(message))
        await self._frames.sent()

    async def hear(self) -> Any:
        """The next message."""
        return self._decoder.decode(await self._frames.receive())

    def close(self) -> None:
        """Close this end."""
        self._frames.close()
