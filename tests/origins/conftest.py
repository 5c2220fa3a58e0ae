"""The loop of the origins' tests: virtual time for the model, the real one for real databases."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from stampede.engine.virtual import VirtualLoop
from stampede.processes.slow_database import SlowDatabaseProcess

PATIENCE_S = 30


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine: on virtual time, unless something in it wants the real one."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    real = "real_time" in pyfuncitem.fixturenames

    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await pyfuncitem.obj(**arguments)

    with asyncio.Runner(loop_factory=None if real else VirtualLoop) as runner:
        runner.run(bounded())
    return True


@pytest.fixture
def real_time() -> None:
    """Marks a test that talks to something real."""


@pytest.fixture
def process(real_time: None) -> Iterator[SlowDatabaseProcess]:
    """The fake-slow database's process, ready."""
    process = SlowDatabaseProcess()
    try:
        asyncio.run(process.ready())
        yield process
    finally:
        process.stop()
