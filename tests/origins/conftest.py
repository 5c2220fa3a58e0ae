"""The fake-slow database, for the tests that talk to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from stampede.processes.slow_database import SlowDatabaseProcess


@pytest.fixture
def process(real_time: None) -> Iterator[SlowDatabaseProcess]:
    """The fake-slow database's process, ready."""
    process = SlowDatabaseProcess()
    try:
        asyncio.run(process.ready())
        yield process
    finally:
        process.stop()
