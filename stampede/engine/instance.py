"""One instance's life, in a process of its own.

It ends when told to, and also when the other end is gone, whatever ended it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
import time
from random import Random

import uvloop

from stampede.core import scenario as scenarios
from stampede.core.errors import StampedeError
from stampede.core.lifeline import die_with_parent
from stampede.core.strategy import Strategy
from stampede.core.tasks import Tasks
from stampede.core.workload import Share
from stampede.engine import compose
from stampede.engine.lag import LagMeter
from stampede.engine.limits import raise_open_files
from stampede.engine.messages import Channel, Done, Failed, Prepare, Ready, Release, Setup, Stop, ToInstance
from stampede.engine.trial import Requests, key_name
from stampede.origins.connect import connect_origin
from stampede.stores.redis import RedisStore

SETTLE_S = 5.0
WARM_UP = 64


class Instance:
    """What a process of the application holds: its store, its origin, and the trial at hand."""

    def __init__(self) -> None:
        self._resources = contextlib.AsyncExitStack()
        self._clock = time.monotonic

    async def live(self, channel: Channel) -> None:
        """Serve the run until it says stop or is gone, even in the middle of a trial."""
        async with self._resources:
            heard = asyncio.create_task(channel.hear())
            with contextlib.suppress(ConnectionError):
                while not isinstance(message := await heard, Stop):
                    heard = asyncio.create_task(channel.hear())
                    answer = asyncio.create_task(self._answer(message))
                    await asyncio.wait([heard, answer], return_when=asyncio.FIRST_COMPLETED)
                    if not answer.done():
                        answer.cancel()
                        await asyncio.wait([answer])
                        break
                    await channel.say(answer.result())
            heard.cancel()

    async def _answer(self, message: ToInstance) -> Ready | Done | Failed:
        try:
            if isinstance(message, Setup):
                return await self._set_up(message)
            if isinstance(message, Prepare):
                return await self._prepare(message)
            assert isinstance(message, Release)
            return await self._run(message)
        except StampedeError as error:
            return Failed(type(error).__name__, str(error))

    async def _set_up(self, setup: Setup) -> Ready:
        self._setup = setup
        self._store = await RedisStore.open(setup.redis, setup.prefix, setup.redis_pool)
        self._resources.push_async_callback(self._store.close)
        self._origin = await connect_origin(setup.database, setup.query)
        self._resources.push_async_callback(self._origin.close)
        await self._store.warm(setup.redis_pool or WARM_UP)
        return Ready()

    async def _prepare(self, asked: Prepare) -> Ready:
        """Build the protection and bring the callers to the barrier; warm the keys first if asked to."""
        workload = asked.scenario.workload
        share = Share(self._setup.number, self._setup.instances)
        random = Random(f"{asked.seed}/{share.instance}")
        self._tasks = Tasks()
        self._store.forget_callbacks()
        self._protection = self._protect(asked, random)
        keys = scenarios.keys(workload)
        if asked.warm:
            for number in range(share.instance, keys.count(), share.instances):
                await self._protection.cache.load_and_put(key_name(asked.keys_label, number))
            return Ready()
        self._requests = Requests(
            self._protection.get,
            asked.keys_label,
            scenarios.arrivals(workload),
            keys,
            workload.concurrency,
            share,
            random,
            self._clock,
        )
        await self._protection.begin([key_name(asked.keys_label, number) for number in range(keys.count())])
        await self._requests.assemble()
        return Ready()

    def _protect(self, asked: Prepare, random: Random) -> compose.Protection:
        return compose.protection(
            Strategy.parse(asked.strategy),
            store=self._store,
            origin=self._origin.load,
            ttl=asked.scenario.cache.ttl,
            clock=self._clock,
            random=random,
            tasks=self._tasks,
            owner=f"{self._setup.owner}-{asked.keys_label}",
        )

    async def _run(self, release: Release) -> Done:
        lag = LagMeter(self._clock)
        cpu, commands = _cpu_s(), self._store.commands
        await lag.during(self._requests.run(release.at, release.deadline))
        unsettled = await self._tasks.settle(SETTLE_S)
        cpu, commands = _cpu_s() - cpu, self._store.commands - commands
        metrics = self._protection.cache.metrics
        return Done(
            columns=self._requests.records.columns(),
            loads=metrics.loads,
            load_errors=metrics.load_errors,
            fenced_fills=metrics.fenced_fills,
            store_errors=metrics.store_errors,
            redis_commands=commands,
            unsettled=unsettled,
            lag_max=lag.maximum,
            cpu=cpu,
        )


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def _main(connection: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=connection)
    await Instance().live(Channel.of_instance(reader, writer))
    writer.close()


def run(connection: socket.socket) -> None:
    """Live on one end of a socket pair, in this process and in a session of its own.

    Ctrl-C in the terminal is for the run to handle, not for its instances.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setsid()
    die_with_parent()
    raise_open_files()
    uvloop.run(_main(connection))
