"""Instances in processes of this machine."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import tempfile
from functools import cache
from multiprocessing import forkserver, resource_tracker, util
from multiprocessing.context import ForkServerProcess

from stampede.core.build import own_build
from stampede.core.errors import EnvironmentFault
from stampede.core.frames import Frames
from stampede.engine.messages import Channel
from stampede.processes.children import only_what_children_need
from stampede.processes.guarded import Guarded

AFTER_ITS_CONTENT = -200  # multiprocessing removes its own folder at -100


class LocalProcess:
    """An instance in a process of this machine, on the other end of a socket pair.

    It is forked from a server process that has imported everything once: four instances that import by
    themselves keep two cores busy for a second.
    """

    def __init__(self, process: ForkServerProcess, channel: Channel) -> None:
        self._process = process
        self.channel = channel

    @classmethod
    async def launch(cls) -> LocalProcess:
        """Start one."""
        preload()
        ours, theirs = socket.socketpair()
        process = _forks.Process(target=_live, args=(theirs, own_build(), _for_drivers()), daemon=True)
        try:
            await asyncio.to_thread(process.start)
        except (OSError, EOFError) as error:  # EOFError: the server that they are forked from could not
            ours.close()
            raise EnvironmentFault(f"cannot start another instance ({error}): lower --instances") from None
        finally:
            theirs.close()
        return cls(process, Channel.of_run(Frames(*await asyncio.open_connection(sock=ours))))

    def kill(self) -> None:
        self._process.kill()

    async def wait(self) -> None:
        while self._process.is_alive():
            await asyncio.sleep(0.005)


_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(
    ["stampede.engine.instance_process", "stampede.origins.slow", "stampede.stores.redis.server"]
)


@cache
def preload() -> None:
    """Start the server that instances are forked from, while the caller still has other things to do.

    Its socket's folder is one that goes away with us, however we end.
    """
    # An instance inherits that Ctrl-C is held back: the run handles it, not its instances.
    with only_what_children_need():
        resource_tracker.ensure_running()  # its start, which the fork server's would wait for, ends such holding back
        _start_fork_server()


def _start_fork_server() -> None:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        nest = Guarded("run")  # short, for multiprocessing puts a folder and a socket of long names into it
        util.Finalize(None, nest.stop, exitpriority=AFTER_ITS_CONTENT)
        nest.start([])
        nest.wait_for_folder()
        usual, tempfile.tempdir = tempfile.tempdir, str(nest.folder)
        try:
            forkserver.ensure_running()
        finally:
            tempfile.tempdir = usual
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _for_drivers() -> dict[str, str]:
    """What asyncpg takes from the environment, as psql does; told, for /proc shows what a process began with."""
    return {name: value for name, value in os.environ.items() if name.startswith("PG")}


def _live(connection: socket.socket, build: str, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    from stampede.engine import instance_process

    instance_process.run(connection, build)
