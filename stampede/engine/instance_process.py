"""One instance's process, and its conversation with the run.

It ends when told to, and also when the other end is gone, whatever ended it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import Awaitable
from typing import Any, TypeVar

import uvloop

from stampede.core import registry
from stampede.core.build import own_build, require_same_build
from stampede.core.errors import StampedeError
from stampede.core.frames import Frames
from stampede.engine.instance import Instance, InstanceTrial
from stampede.engine.messages import (
    Channel,
    Done,
    Failed,
    FromInstance,
    Prepare,
    Ready,
    Release,
    Restart,
    Setup,
    Stop,
)
from stampede.processes.lifeline import die_with_parent
from stampede.processes.limits import raise_open_files

R = TypeVar("R")

# Once, where all instances are forked from: looking at every file, of ours and of what is installed, takes a while.
own_build()
registry.names("coalescing")


class _Conversation:
    """What the run asks of this process, one thing after the other; only a restart may come in between."""

    def __init__(self, channel: Channel, build: str) -> None:
        self._channel = channel
        self._build = build
        self._trial: InstanceTrial | None = None

    async def hold(self) -> None:
        """Until the run says stop, or is gone (ConnectionError), even in the middle of an answer."""
        asked: asyncio.Queue[Setup | Prepare | Release] = asyncio.Queue()
        work = asyncio.create_task(self._work(asked))
        try:
            while not isinstance(message := await self._channel.hear(), Stop):
                if not isinstance(message, Restart):
                    asked.put_nowait(message)
                elif self._trial is not None:
                    await self._trial.restart()
        finally:
            work.cancel()
            await asyncio.wait([work])

    async def _work(self, asked: asyncio.Queue[Any]) -> None:
        async with contextlib.AsyncExitStack() as stack:
            instance = await _or_error(self._open(stack, await asked.get()))
            if isinstance(instance, StampedeError):
                await self._say(_failed(instance))
                return
            await self._say(Ready())
            while True:
                await self._reply(instance, await asked.get())

    async def _open(self, stack: contextlib.AsyncExitStack, setup: Setup) -> Instance:
        require_same_build(self._build)
        return await stack.enter_async_context(Instance.open(setup))

    async def _reply(self, instance: Instance, message: Prepare | Release) -> None:
        answer = await _or_error(self._answer(instance, message))
        await self._say(_failed(answer) if isinstance(answer, StampedeError) else answer)

    async def _answer(self, instance: Instance, message: Prepare | Release) -> Ready | Done:
        if isinstance(message, Release):
            assert self._trial is not None, "a release follows a preparation"
            return await self._trial.run(message)
        if self._trial is not None:
            await self._trial.close()
        await instance.store.ready()  # the trial before may have had the server restarted
        self._trial = InstanceTrial(instance, message)
        await (self._trial.warm() if message.warm else self._trial.prepare())
        return Ready()

    async def _say(self, answer: FromInstance) -> None:
        with contextlib.suppress(ConnectionError):
            await self._channel.say(answer)


async def _or_error(step: Awaitable[R]) -> R | StampedeError:
    try:
        return await step
    except StampedeError as error:
        return error
    except Exception as error:  # a third party's plug-in: the run must hear of its bug, and not wait for ever
        return StampedeError(f"{type(error).__name__}: {error}")


def _failed(error: StampedeError) -> Failed:
    return Failed(type(error).__name__, str(error))


async def _main(connection: socket.socket, build: str) -> None:
    channel = Channel.of_instance(Frames(*await asyncio.open_connection(sock=connection)))
    with contextlib.suppress(ConnectionError):
        await _Conversation(channel, build).hold()
    channel.close()


def run(connection: socket.socket, build: str) -> None:
    """Live on one end of a socket pair, in this process and in a session of its own. `build` is the run's.

    Ctrl-C in the terminal is for the run to handle, not for its instances.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setsid()
    die_with_parent()
    raise_open_files()
    gc.freeze()  # what was imported is never garbage, and each trial begins with a collection
    uvloop.run(_main(connection, build))
