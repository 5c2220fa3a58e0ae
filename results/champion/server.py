"""A Redis of one's own: on a port of this machine, which is how the other libraries' documentation connects."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis
from redis.exceptions import ConnectionError as NotYet

from stampede.processes.redis_server import bundled_binary, installed_binary

PATIENCE_S = 10.0


@contextmanager
def redis_on_a_port() -> Iterator[int]:
    """A server without persistence that listens on 127.0.0.1 only; the port."""
    binary = bundled_binary() or installed_binary()
    assert binary is not None, "there is no Redis server"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="champion-") as folder:
        words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        server = subprocess.Popen([str(binary), *words], stdout=subprocess.DEVNULL)
        try:
            _wait_for(port)
            yield port
        finally:
            server.kill()
            server.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    with Redis(port=port) as redis:
        while True:
            try:
                redis.ping()
                return
            except NotYet:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)
