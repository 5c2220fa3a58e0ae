"""Servers for the tests: every test that needs Redis runs on the embedded Valkey and on a Redis 7."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings

from stampede.stores.server import EmbeddedRedis

# A shared machine stalls now and then; that is no property of the code under test.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

REQUIRE_SERVERS = "STAMPEDE_TEST_REQUIRE_SERVERS"
"""Under this variable a test that would be skipped for a missing server fails instead."""


def need(binary: str) -> str:
    """The path of a program; without it the test is skipped, or fails if servers are required."""
    path = shutil.which(binary)
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
def redis7() -> Iterator[EmbeddedRedis]:
    """The distribution's redis-server."""
    yield from _serve(need("redis-server"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the distribution's browser."""
    return need("chromium")


@pytest.fixture(params=["valkey", "redis7"])
def redis_url(request: pytest.FixtureRequest) -> str:
    """The URL of a real server: once Valkey, once Redis."""
    server: EmbeddedRedis = request.getfixturevalue(request.param)
    return server.url
