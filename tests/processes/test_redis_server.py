"""The launcher of the embedded server."""

from __future__ import annotations

import asyncio
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from stampede.core.errors import RedisUnavailable
from stampede.processes.redis_server import EmbeddedRedis
from stampede.stores.redis.probe import probe

BOUND_BUT_NOT_LISTENING = """\
import socket, sys, time
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[sys.argv.index("--unixsocket") + 1])
time.sleep(60)
"""


@contextmanager
def started(binary: str | None = None) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(binary)
    try:
        yield server
    finally:
        server.stop()


def folder_of(server: EmbeddedRedis) -> Path:
    return Path(server.url.removeprefix("unix://")).parent


def program(path: Path, text: str) -> str:
    """A program to be started in place of a server."""
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return str(path)


async def test_the_embedded_server_listens_on_a_private_socket_only_and_keeps_nothing(runner: asyncio.Runner) -> None:
    with started() as server:
        await server.ready()
        assert stat.S_IMODE(folder_of(server).stat().st_mode) == 0o700
        with Redis.from_url(server.url) as client:
            assert client.config_get("port") == {"port": "0"}
            assert client.config_get("save") == {"save": ""}
            assert client.config_get("appendonly") == {"appendonly": "no"}


async def test_stopping_ends_the_server_and_removes_its_folder(runner: asyncio.Runner) -> None:
    with started() as server:
        await server.ready()
        assert server.alive
        server.stop()
        assert not server.alive
        assert not folder_of(server).exists()
        server.stop()


async def test_a_server_is_not_ready_before_it_listens(runner: asyncio.Runner, tmp_path: Path) -> None:
    """The socket's file appears with `bind`, but connections are refused until `listen`."""
    with started(program(tmp_path / "server", BOUND_BUT_NOT_LISTENING)) as server:
        ready = asyncio.ensure_future(server.ready())
        async with asyncio.timeout(10):
            while not Path(server.url.removeprefix("unix://")).exists():
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)
        assert not ready.done()
        ready.cancel()
        await asyncio.wait([ready])


@pytest.mark.parametrize("binary", ["no-such-server", "/no/such/server"])
def test_a_binary_that_is_not_there_is_a_clear_error(binary: str) -> None:
    with pytest.raises(RedisUnavailable, match=f"no Redis server at '{binary}'"):
        EmbeddedRedis(binary)


async def test_a_binary_that_is_no_server_is_an_error_with_its_last_words_and_the_ways_to_get_one(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    binary = program(tmp_path / "server", "print('first line')\nraise SystemExit('I am no server')\n")
    with started(binary) as server:
        with pytest.raises(RedisUnavailable) as caught:
            await server.ready()
        assert str(caught.value).startswith("the Redis server did not start (I am no server): pass --redis URL")
        assert not folder_of(server).exists()


async def test_a_probe_names_the_server_and_leaves_neither_key_nor_connection(
    redis_url: str, runner: asyncio.Runner, prefix: str
) -> None:
    with Redis.from_url(redis_url) as client:
        before = {each["id"] for each in client.client_list()}
        name = await probe(redis_url, prefix)
        assert name.split()[0] in ("Valkey", "Redis")
        assert name.split()[1][0].isdigit()
        assert client.exists(prefix + "probe") == 0
        assert {each["id"] for each in client.client_list()} <= before


async def test_a_probe_of_nothing_is_a_clear_error_without_the_password(runner: asyncio.Runner) -> None:
    with pytest.raises(RedisUnavailable, match="no usable Redis at redis://me:") as caught:
        await probe("redis://me:zQzQz@127.0.0.1:1/0", "test:")
    assert "zQzQz" not in str(caught.value)


@pytest.mark.parametrize(
    ("credentials", "said"),
    [
        ("", "wants a password"),
        ("?password=zQzQz", "wants a password"),
        ("?username=nobody&password=zQzQz", "wants a password"),
        ("?username=reader&password=right", "ACL SETUSER reader +set +del +unlink"),
    ],
    ids=["no password", "a wrong password", "an unknown user", "a user who may only read"],
)
async def test_a_server_that_wants_a_password_or_another_user_says_so(
    runner: asyncio.Runner, credentials: str, said: str
) -> None:
    with started() as server:
        await server.ready()
        with Redis.from_url(server.url) as client:
            client.acl_setuser(
                "reader", enabled=True, passwords=["+right"], commands=["+@all", "-@write"], keys=["*"]
            )
            client.config_set("requirepass", "right")
        with pytest.raises(RedisUnavailable) as caught:
            await probe(server.url + credentials, "test:")
    assert said in str(caught.value)
    assert "zQzQz" not in str(caught.value)
