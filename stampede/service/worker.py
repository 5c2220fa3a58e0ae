"""A worker's process: `python -m stampede.service.worker BUILD`, started by the supervisor.

Standard input is a line to the supervisor: it tells the setup, and hears whether we serve. When it breaks, the
supervisor is gone, and so are we. SIGTERM has us leave: accept nobody any more, and finish what is under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys

import msgspec
import uvloop
from aiohttp import web
from redis.asyncio import Redis

from stampede.core.build import require_same_build
from stampede.core.errors import ENVIRONMENT, OK, StampedeError
from stampede.core.frames import Frames
from stampede.origins.slow import SlowDatabaseClient
from stampede.processes.lifeline import die_with_parent
from stampede.processes.limits import raise_open_files
from stampede.service import app
from stampede.service.database import Database
from stampede.service.operation import Operation, closing, counted_in, errors_as_json
from stampede.service.setup import BACKLOG, FINISH_S, Said, Told
from stampede.service.tally import Tally

LAST_REQUESTS_S = 0.5
"""How long who is connected may still ask, when we leave: with its answer each is told that it was the last."""

TIDY_S = 1.0
"""How long the cache may take for loads that nobody waits for, when we leave."""


class Worker:
    """What serves; it is closed with the stack that it is opened on."""

    def __init__(self, site: web.SockSite, leaving: asyncio.Event) -> None:
        self._site = site
        self._leaving = leaving

    @classmethod
    async def open(cls, told: Told, stack: contextlib.AsyncExitStack) -> Worker:
        """Connect, and serve. Raises StampedeError."""
        client = await SlowDatabaseClient.open(told.database)
        stack.push_async_callback(client.close)
        database, leaving = Database(client), asyncio.Event()
        tally = Tally(told.tally, told.rows)
        row = tally.row(told.row)
        cache = app.connect(
            told.redis,
            told.strategy,
            told.ttl,
            database,
            lambda event: row.cache(cache.counts),
            required=told.insist,
        )
        stack.push_async_callback(cache.close, TIDY_S)
        await cache.open()
        redis = Redis.from_url(told.redis)
        stack.push_async_callback(redis.aclose)
        service = web.Application(middlewares=[counted_in(row), closing(leaving), errors_as_json])
        service.add_routes(app.Handlers(cache, database).routes())
        service.add_routes(Operation(database, redis, tally, told.strategy).routes())
        runner = web.AppRunner(service, access_log=None, shutdown_timeout=FINISH_S)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.SockSite(runner, socket.socket(fileno=told.listening), backlog=BACKLOG)
        await site.start()
        return cls(site, leaving)

    async def leave(self) -> None:
        """Accept nobody any more, and let those who are connected know."""
        for _ in range(2):
            await asyncio.sleep(0)  # who has connected already is accepted
        await self._site.stop()
        self._leaving.set()
        await asyncio.sleep(LAST_REQUESTS_S)


async def _end_with_supervisor(line: Frames) -> None:
    with contextlib.suppress(ConnectionError):
        await line.receive()
    os._exit(ENVIRONMENT)


async def _work(line: socket.socket, build: str) -> int:
    told_to_leave = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told_to_leave.set)
    frames = Frames(*await asyncio.open_connection(sock=line))
    told = msgspec.json.decode(await frames.receive(), type=Told)
    watching = asyncio.create_task(_end_with_supervisor(frames))
    async with contextlib.AsyncExitStack() as stack:
        try:
            require_same_build(build)
            worker = await Worker.open(told, stack)
        except StampedeError as error:
            frames.send(msgspec.json.encode(Said(str(error), error.exit_code)))
            await frames.sent()
            return error.exit_code
        frames.send(msgspec.json.encode(Said()))
        await told_to_leave.wait()
        await worker.leave()
    watching.cancel()
    return OK


def main(build: str) -> int:
    """Serve until told to leave; returns the exit code."""
    die_with_parent()
    raise_open_files()
    # What a stranger sends that is no HTTP is his trouble; errors of ours are logged by `operation`.
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    return uvloop.run(_work(socket.socket(fileno=sys.stdin.fileno()), build))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
