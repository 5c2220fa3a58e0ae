"""Serves: the servers that are needed, workers behind one port, and a gentle end of all of them.

All workers accept from the same listening socket, so no connection waits for one worker that is not there: whoever
has connected is accepted by any other. What a worker had accepted is lost when it is killed.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import tempfile
from asyncio import FIRST_COMPLETED
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

from stampede.origins.slow import SlowDatabaseClient
from stampede.processes.limits import require_memory, require_processes
from stampede.processes.redis_server import EmbeddedRedis
from stampede.processes.slow_database import SlowDatabaseProcess
from stampede.service.listening import listen, url_of
from stampede.service.places import Place, Say
from stampede.service.setup import FINISH_S, ServiceSetup, Told
from stampede.service.signals import Signals
from stampede.service.tally import Tally, size

LEAVE_S = FINISH_S + 3.0
"""Within how long the workers have to be gone when they are told to leave."""

WORKER_BYTES = 50 << 20
"""What a worker takes at least."""

SUPERVISOR = 0
"""Its row in the tally; the workers have the next ones."""


async def serve(setup: ServiceSetup, say: Say) -> int:
    """Serve until a signal says that it is enough; returns the exit code.

    Raises:
        UsageError: the setup cannot be meant.
        EnvironmentFault: the port, a server or a worker cannot be had.
    """
    with Signals() as signals, suppress(asyncio.CancelledError):  # which is how they end it at once
        async with AsyncExitStack() as stack:
            _require_room(setup.workers)
            listening = stack.enter_context(listen(setup.host, setup.port))
            places = await _places(setup, listening, say, stack)
            await _all_or_error([place.start(insist=True) for place in places])
            say(_serving(setup, url_of(listening)))
            signals.served = True
            keeping = [asyncio.create_task(place.keep()) for place in places]
            await asyncio.wait([asyncio.create_task(signals.leave.wait()), *keeping], return_when=FIRST_COMPLETED)
            listening.close()
            for place in places:
                place.leave()
            done, _ = await asyncio.wait(keeping, timeout=LEAVE_S)
            for each in done:
                each.result()
    return signals.exit_code


def _require_room(workers: int) -> None:
    what = f"serving with {workers:,} workers"
    require_processes(workers, what)
    require_memory(workers * WORKER_BYTES, what)


async def _places(setup: ServiceSetup, listening: socket.socket, say: Say, stack: AsyncExitStack) -> list[Place]:
    """The workers' places, all empty, when all that they need is there; they are cleared with the stack."""
    redis, database = await _servers(setup, stack)
    rows = 1 + setup.workers
    counters = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # the stack closes it
    counters.truncate(size(rows))
    supervisors = Tally(counters.fileno(), rows).row(SUPERVISOR)
    places = []
    for row in range(SUPERVISOR + 1, rows):
        told = Told(
            listening=listening.fileno(),
            tally=counters.fileno(),
            rows=rows,
            row=row,
            redis=redis,
            strategy=setup.strategy,
            ttl=float(setup.ttl),
            database=database,
        )
        places.append(Place(told, supervisors, say))
        stack.push_async_callback(places[-1].end)
    return places


async def _servers(setup: ServiceSetup, stack: AsyncExitStack) -> tuple[str, str]:
    """The URL of a Redis, and the path of a database's socket; what was started ends with the stack."""
    embedded = None if setup.redis else EmbeddedRedis(setup.redis_server)
    if embedded:
        stack.callback(embedded.stop)
    database = SlowDatabaseProcess(catalogue=True)
    stack.callback(database.stop)
    if embedded:
        await embedded.ready()
    await database.ready()
    client = await SlowDatabaseClient.open(str(database.path))
    await client.reset(str(setup.latency), setup.connections, secrets.randbelow(2**63))
    await client.close()
    return embedded.url if embedded else setup.redis or "", str(database.path)


async def _all_or_error(steps: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Wait for all of them; then raise what one of them raised, if any."""
    for ended in await asyncio.gather(*steps, return_exceptions=True):
        if ended is not None:
            raise ended


def _serving(setup: ServiceSetup, url: str) -> str:
    workers = "1 worker" if setup.workers == 1 else f"{setup.workers} workers"
    return (
        f"{url}/tracks, /health and /metrics: {workers}, {setup.strategy}, ttl {setup.ttl}, in front of a "
        f"database of {setup.latency} × {setup.connections} connections; Ctrl-C ends it"
    )
