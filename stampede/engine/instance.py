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

from stampede.core.errors import StampedeError
from stampede.core.ports import Clock
from stampede.core.tasks import Tasks
from stampede.engine.callers import Callers, key_name
from stampede.engine.lag import LagMeter
from stampede.engine.messages import (
    Channel,
    Done,
    Failed,
    Prepare,
    Ready,
    Release,
    Restart,
    Setup,
    Stop,
    ToInstance,
)
from stampede.engine.writer import Writer
from stampede.origins.connect import OpenOrigin, connect_origin
from stampede.processes.lifeline import die_with_parent
from stampede.processes.limits import raise_open_files
from stampede.protection import compose
from stampede.protection.base import Counters
from stampede.stores.redis import RedisStore
from stampede.workload.laws import Share

SETTLE_S = 5.0
WARM_UP = 64


class Instance:
    """What a process of the application holds: its store, its origin, and the trial at hand."""

    def __init__(self) -> None:
        self._resources = contextlib.AsyncExitStack()
        self._clock = time.monotonic
        self._trial: InstanceTrial | None = None

    async def live(self, channel: Channel) -> None:
        """Serve the run until it says stop or is gone, even in the middle of a trial."""
        async with self._resources:
            work: asyncio.Task[None] | None = None
            with contextlib.suppress(ConnectionError):
                while not isinstance(message := await channel.hear(), Stop):
                    if isinstance(message, Restart) and self._trial is not None:
                        await self._trial.restart()
                    else:
                        work = asyncio.create_task(self._reply(message, channel))
            if work is not None:
                work.cancel()
                await asyncio.wait([work])

    async def _reply(self, message: ToInstance, channel: Channel) -> None:
        try:
            answer = await self._answer(message)
        except StampedeError as error:
            answer = Failed(type(error).__name__, str(error))
        with contextlib.suppress(ConnectionError):
            await channel.say(answer)

    async def _answer(self, message: ToInstance) -> Ready | Done | Failed:
        if isinstance(message, Setup):
            return await self._set_up(message)
        if isinstance(message, Prepare):
            self._store.forget_callbacks()
            if self._trial is not None:
                await self._trial.close()
            self._trial = InstanceTrial(message, self._setup, self._store, self._origin, self._clock)
            await self._trial.prepare()
            return Ready()
        assert isinstance(message, Release)
        assert self._trial is not None
        return await self._trial.run(message)

    async def _set_up(self, setup: Setup) -> Ready:
        self._setup = setup
        self._store = await RedisStore.open(setup.redis, setup.prefix, setup.redis_pool)
        self._resources.push_async_callback(self._store.close)
        self._origin = await connect_origin(setup.database, setup.query)
        self._resources.push_async_callback(self._origin.close)
        await self._store.warm(setup.redis_pool or WARM_UP)
        return Ready()


class InstanceTrial:
    """One instance's part in one trial, from the preparation to the count."""

    def __init__(self, asked: Prepare, setup: Setup, store: RedisStore, origin: OpenOrigin, clock: Clock) -> None:
        self._asked = asked
        self._share = Share(setup.number, setup.instances)
        self._owner = f"{setup.owner}-{asked.keys_label}"
        self._store = store
        self._origin = origin
        self._clock = clock
        self._random = Random(f"{asked.seed}/{self._share.instance}")
        self._callers: Callers | None = None
        self._lives: list[tuple[Tasks, compose.Protection]] = []
        self._names = [key_name(asked.keys_label, number) for number in range(asked.scenario.workload.keys.count())]

    def _protect(self) -> compose.Protection:
        """A new protection, and a new life if the instance was restarted."""
        tasks = Tasks()
        protection = compose.protection(
            self._asked.strategy,
            store=self._store,
            origin=self._origin.load,
            ttl=self._asked.scenario.cache.ttl,
            clock=self._clock,
            random=self._random,
            tasks=tasks,
            owner=f"{self._owner}.{len(self._lives)}",
        )
        self._lives.append((tasks, protection))
        return protection

    async def prepare(self) -> None:
        """Warm this instance's part of the keys, or bring the callers to the barrier."""
        asked, share = self._asked, self._share
        protection = self._protect()
        if asked.warm:
            mine = self._names[share.instance :: share.instances]
            await asyncio.gather(*(protection.cache.load_and_put(name) for name in mine))
            return
        await protection.begin(self._names)
        self._callers = Callers(protection.get, asked.keys_label, asked.scenario, share, self._random, self._clock)
        await self._callers.assemble()

    async def close(self) -> None:
        """End what a trial that was never released has left waiting."""
        if self._callers is not None:
            await self._callers.interrupt(self._callers.get)
        for tasks, _ in self._lives:
            await tasks.settle(0)

    async def restart(self) -> None:
        """Lose everything that a process holds; what was under way fails."""
        assert self._callers is not None
        tasks, _ = self._lives[-1]
        await self._callers.interrupt(self._protect().get)
        await tasks.settle(0)
        await self._lives[-1][1].begin(self._names)

    async def run(self, release: Release) -> Done:
        """From the release to the last answer, and what it took."""
        assert self._callers is not None
        lag = LagMeter(self._clock)
        cpu, commands = _cpu_s(), self._store.commands
        writing = self._start_writer()
        await lag.during(self._callers.run(release.at, release.deadline))
        if writing is not None:
            writing.cancel()
            await asyncio.wait([writing])
        unsettled = sum([await tasks.settle(SETTLE_S) for tasks, _ in self._lives])
        return Done(
            columns=self._callers.records.columns(),
            metrics=sum((life.cache.metrics for _, life in self._lives), start=Counters()),
            redis_commands=self._store.commands - commands,
            unsettled=unsettled,
            lag_max=lag.maximum,
            cpu=_cpu_s() - cpu,
        )

    def _start_writer(self) -> asyncio.Task[None] | None:
        if not self._asked.scenario.workload.writes or self._share.instance:
            return None
        writer = Writer(self._asked.scenario, self._asked.keys_label, self._random)
        return asyncio.create_task(writer.write(self._origin, self._invalidate))

    async def _invalidate(self, key: str) -> None:
        await self._lives[-1][1].invalidate(key)


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
