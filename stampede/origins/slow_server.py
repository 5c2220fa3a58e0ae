"""The fake-slow database's process: `python -m stampede.origins.slow_server SOCKET BUILD [CATALOGUE]`.

All instances of a run contend for this one process, as they would for one database server.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import time
from collections.abc import Callable

import msgspec
import uvloop

from stampede.core.alarm import monotonic_alarm
from stampede.core.build import require_same_build
from stampede.core.cpu import cpu_s
from stampede.core.errors import StampedeError
from stampede.core.frames import Frames
from stampede.core.model import Loaded
from stampede.core.units import Duration
from stampede.origins.batched import TickBatch
from stampede.origins.catalogue import Catalogue
from stampede.origins.finite import FiniteDatabase
from stampede.origins.latency import Latency
from stampede.origins.messages import (
    Asked,
    CancelAsked,
    ChangeAsked,
    LoadAsked,
    PulseAsked,
    Reply,
    ResetAsked,
    WriteAsked,
    decode_asked,
    encode,
)
from stampede.origins.tracks import Tracks
from stampede.origins.window import Seen

CATALOGUE = "catalogue"
"""The word that asks for one."""

UnderWay = dict[int, Callable[[], None]]
"""What gives up each load of one client that is queued or served, by its call."""


class SlowDatabaseServer:
    """Serves loads from a `FiniteDatabase` over the `tracks` table.

    As a catalogue it answers what an application asks for, and lasts: it counts, and keeps no history.
    """

    def __init__(self, catalogue: bool = False) -> None:
        tracks = Tracks()
        self._database = FiniteDatabase(
            Latency(Duration(0.1)),
            20,
            1,
            time.monotonic,
            Catalogue(tracks).select if catalogue else tracks.select,
            monotonic_alarm,
            history=not catalogue,
        )
        self._cpu_at_reset = 0.0

    async def serve(self, path: str) -> None:
        """Serve on a Unix socket until this process is ended."""
        async with await asyncio.start_unix_server(self._talk, path, backlog=1024) as server:
            await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = Frames(reader, writer)
        out: TickBatch[Reply] = TickBatch(lambda replies: frames.send(encode(replies)))
        under_way: UnderWay = {}
        with contextlib.closing(frames), contextlib.suppress(ConnectionError):  # the client has left
            while True:
                for asked in decode_asked(await frames.receive()):
                    self._answer(asked, out, under_way)

    def _answer(self, asked: Asked, out: TickBatch[Reply], under_way: UnderWay) -> None:
        if isinstance(asked, LoadAsked):
            self._load(asked, out, under_way)
        elif isinstance(asked, CancelAsked):
            if give_up := under_way.pop(asked.call, None):  # else the answer is on its way
                give_up()
        else:
            out.add(self._control(asked))

    def _load(self, asked: LoadAsked, out: TickBatch[Reply], under_way: UnderWay) -> None:
        call = asked.call

        def done(outcome: Loaded | Exception) -> None:
            del under_way[call]
            if isinstance(outcome, Exception):
                out.add(Reply(call, error=str(outcome)))
            else:
                out.add(Reply(call, outcome.value, outcome.version))

        under_way[call] = self._database.submit(asked.key, done)

    def _control(self, asked: Asked) -> Reply:
        match asked:
            case ResetAsked():
                self._cpu_at_reset = cpu_s()
                self._database.reset(Latency.parse(asked.latency), asked.connections, asked.seed, asked.missing)
            case ChangeAsked():
                self._database.change(Latency.parse(asked.latency), asked.failing)
            case WriteAsked():
                return Reply(asked.call, version=self._database.write(asked.key))
            case PulseAsked():
                return Reply(asked.call, seen=Seen(cpu_s=cpu_s() - self._cpu_at_reset))
            case _:
                seen = msgspec.structs.replace(self._database.seen(), cpu_s=cpu_s() - self._cpu_at_reset)
                return Reply(asked.call, seen=seen)
        return Reply(asked.call)


def main(path: str, catalogue: bool) -> None:
    """Serve on a Unix socket until ended."""
    gc.freeze()
    gc.disable()  # a collection would hold up all loads; nothing here is cyclic but what connections leave
    uvloop.run(SlowDatabaseServer(catalogue).serve(path))


if __name__ == "__main__":
    try:
        require_same_build(sys.argv[2])
    except StampedeError as error:
        sys.exit(str(error))
    main(sys.argv[1], sys.argv[3:] == [CATALOGUE])
