"""Virtual time for tests that are coroutines."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from stampede.engine.virtual import VirtualLoop


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine on virtual time: it sleeps without waiting."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(pyfuncitem.obj(**arguments))
    return True
