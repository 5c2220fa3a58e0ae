"""Servers for the tests: every test that needs Redis runs on the embedded Valkey and on a Redis 7."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import settings

from stampede.engine.virtual import VirtualLoop
from stampede.processes.redis_server import EmbeddedRedis

# A shared machine stalls now and then; that is no property of the code under test.
settings.register_profile("patient", deadline=None, max_examples=50)
settings.load_profile("patient")

REQUIRE_SERVERS = "STAMPEDE_TEST_REQUIRE_SERVERS"
"""Under this variable a test that would be skipped for a missing server fails instead."""

DEBIANS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
"""Where Debian keeps PostgreSQL's server, off the PATH."""

POSTGRES_LOG = "log"
"""In the folder of PostgreSQL's socket: what it has said."""

PATIENCE_S = 30
VIRTUAL_PATIENCE_S = 10_000

CLUSTER_NODES = 3
CLUSTER_BUS = 10_000
CLUSTER_WITHIN_S = 60


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine on the loop of the fixture `runner`; without it on virtual time.

    A test that talks to something real says so with the fixture `real_time`, or has a `runner`.
    """
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    given = pyfuncitem.funcargs.get("runner")
    real = "real_time" in pyfuncitem.fixturenames
    with contextlib.ExitStack() as stack:
        runner = given or stack.enter_context(asyncio.Runner(loop_factory=None if real else VirtualLoop))
        assert isinstance(runner, asyncio.Runner)
        virtual = isinstance(runner.get_loop(), VirtualLoop)

        async def bounded() -> None:
            async with asyncio.timeout(VIRTUAL_PATIENCE_S if virtual else PATIENCE_S):
                await pyfuncitem.obj(**arguments)

        runner.run(bounded())
    return True


@pytest.fixture(scope="session", autouse=True)
def signals_as_in_a_terminal() -> None:
    """Under `nohup`, or in the background of a script, signals are ignored, and who is started would inherit that."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.fixture(scope="module", autouse=True)
def own_garbage() -> Iterator[None]:
    """What a module leaves behind is complained of there.

    A warning at its collection is an error, and would else fail whichever test makes many objects next.
    """
    yield
    gc.collect()


@pytest.fixture
def real_time() -> None:
    """Marks a test that talks to something real."""


@pytest.fixture
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    """The loop of the test: virtual time for the memory store, the real one for Redis."""
    virtual = "kind" in request.fixturenames and request.getfixturevalue("kind") == "memory"
    with asyncio.Runner(loop_factory=VirtualLoop if virtual else None) as runner:
        yield runner


@pytest.fixture
def prefix() -> str:
    """A prefix of the test's own: the servers are shared."""
    return f"test:{{{Random().getrandbits(64):x}}}:"


def need(binary: str) -> str:
    """The path of a program; without it the test is skipped, or fails if servers are required."""
    path = shutil.which(binary, path=os.environ["PATH"] + os.pathsep + os.pathsep.join(map(str, DEBIANS)))
    if path is None:
        if os.environ.get(REQUIRE_SERVERS):
            pytest.fail(f"{binary} is not installed, and {REQUIRE_SERVERS} is set")
        pytest.skip(f"{binary} is not installed")
    return path


def _serve(binary: str | None) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(binary)
    try:
        asyncio.run(server.ready())
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def valkey() -> Iterator[EmbeddedRedis]:
    """The embedded Valkey."""
    yield from _serve(None)


@pytest.fixture(scope="session")
def redis_server() -> str:
    """The path of the distribution's redis-server."""
    return need("redis-server")


@pytest.fixture(scope="session")
def redis7(redis_server: str) -> Iterator[EmbeddedRedis]:
    """The distribution's redis-server, running."""
    yield from _serve(redis_server)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[int]]:
    """The ports of the nodes of a Redis Cluster of the tests' own."""
    binary, client = need("redis-server"), need("redis-cli")
    deadline = time.monotonic() + CLUSTER_WITHIN_S
    with contextlib.ExitStack() as stack:
        ports = [_two_free_ports() for _ in range(CLUSTER_NODES)]
        for port in ports:
            folder = str(tmp_path_factory.mktemp("node"))
            options = ["--cluster-enabled", "yes", "--bind", "127.0.0.1", "--save", "", "--dir", folder]
            command = [binary, "--port", str(port), *options]
            stack.callback(stack.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL)).kill)
        while not all(_answer(port, b"PING").startswith(b"+PONG") for port in ports):
            assert time.monotonic() < deadline, "the nodes do not answer"
            time.sleep(0.02)
        nodes = [f"127.0.0.1:{port}" for port in ports]
        create = [client, "--cluster", "create", *nodes, "--cluster-yes"]
        subprocess.run(create, check=True, stdout=subprocess.DEVNULL)
        while not all(b"cluster_state:ok" in _answer(port, b"CLUSTER INFO") for port in ports):
            assert time.monotonic() < deadline, "the nodes are no cluster"
            time.sleep(0.02)
        yield ports


def _two_free_ports() -> int:
    """A port on which nobody listens; a node has a second one for the other nodes, so much above it."""
    while True:
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as other:
            port = Random().randrange(20_000, 30_000)
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port + CLUSTER_BUS))
            return port


def _answer(port: int, command: bytes) -> bytes:
    """What a node says; nothing if it does not listen yet."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(command + b"\r\n")
        return line.recv(65536)
    return b""


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the distribution's browser."""
    return need("chromium")


@pytest.fixture(params=["valkey", "redis7"])
def redis_url(request: pytest.FixtureRequest) -> str:
    """The URL of a real server: once Valkey, once Redis."""
    server: EmbeddedRedis = request.getfixturevalue(request.param)
    return server.url


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The SQLAlchemy URL of a PostgreSQL of the tests' own, on a Unix socket only."""
    initdb, binary = need("initdb"), need("postgres")
    # PostgreSQL refuses to run as root; its package brings a user of its own.
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="stampede-postgres-"))
    try:
        if user:
            shutil.chown(folder, user)
        data = folder / "data"
        subprocess.run(
            [initdb, "-D", data, "-U", "music", "-A", "trust", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            user=user,
            cwd=folder,
        )
        command = [binary, "-D", str(data), "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
        with (
            (folder / POSTGRES_LOG).open("wb") as log,
            subprocess.Popen(command, stderr=log, user=user, cwd=folder) as server,
        ):
            try:
                deadline = time.monotonic() + 30
                while "ready" not in _last_line(data / "postmaster.pid"):
                    assert server.poll() is None, "PostgreSQL did not start"
                    assert time.monotonic() < deadline, "PostgreSQL is not ready"
                    time.sleep(0.02)
                yield f"postgresql+asyncpg://music@/postgres?host={folder}"
            finally:
                server.send_signal(signal.SIGINT)  # a fast end: connections are closed, shared memory is given back
    finally:
        shutil.rmtree(folder)


def _last_line(file: Path) -> str:
    return file.read_text().strip().splitlines()[-1] if file.exists() and file.stat().st_size else ""
