"""What makes a measurement doubtful or INVALID: servers that stand still, and a machine that others use."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import pytest
from redis.asyncio import Redis

from stampede.engine.bench import Bench, Servers
from stampede.engine.execution import execute
from stampede.measure.trial import Trial
from stampede.scenario import reading
from stampede.scenario.model import Scenario

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

SCENARIO = reading.parse(
    """
strategies = ["redis-lock"]
cache.ttl = "50ms"
database.latency = "20ms"
fleet.instances = 2
workload = { arrivals = "constant(rate=200,duration=1500ms)", keys = "single" }
""",
    "mine",
    "mine.toml",
)


WORK_S = 0.4


def pid_of(socket: Path) -> int:
    """The process that serves on this socket: the one that was told so, but for its lifeline."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(socket).encode() in b" ".join(words) and not any(b"lifeline" in word for word in words):
            return int(process.name)
    raise AssertionError(f"nobody serves on {socket}")


@asynccontextmanager
async def frozen(socket: Path, after: float, lasting: float) -> AsyncIterator[None]:
    """Stop the process for a while, some time from now."""

    async def freeze() -> None:
        await asyncio.sleep(after)
        pid = pid_of(socket)
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(lasting)
        finally:
            os.kill(pid, signal.SIGCONT)

    freezing = asyncio.create_task(freeze())
    yield
    await freezing


@asynccontextmanager
async def working(url: str, after: float, lasted: list[float]) -> AsyncIterator[None]:
    """Give the store WORK_S of work in one script, some time from now, and note how long it took."""

    async def work() -> None:
        await asyncio.sleep(after)
        async with Redis.from_url(url) as client:
            began = time.monotonic()
            await client.eval(f"local began = os.clock() while os.clock() - began < {WORK_S} do end", 0)
            lasted.append(time.monotonic() - began)

    task = asyncio.create_task(work())
    yield
    await task


def trial_of(scenario: Scenario, freeze: str = "") -> Trial:
    """A trial, in which the named server stands still for 0.4 s."""

    async def one() -> Trial:
        async with Bench.open(Servers(), scenario.fleet) as bench:
            assert bench.slow is not None
            assert bench.embedded is not None
            await execute(bench, scenario, scenario.strategies[0], 0, 1)
            path = bench.slow.process.path if freeze == "database" else bench.embedded.path
            async with frozen(path, 0.7, 0.4) if freeze else nullcontext():
                trial, _ = await execute(bench, scenario, scenario.strategies[0], 1, 1)
        return trial

    return asyncio.run(one())


@pytest.mark.parametrize("server", ["database", "store's server"])
def test_a_server_that_stands_still_is_found_out(server: str) -> None:
    trial = trial_of(SCENARIO, freeze=server)
    assert f"the {server} stood still for" in " ".join(trial.reasons + trial.warnings)


def test_a_busy_store_does_not_stand_still() -> None:
    """One long script keeps it from answering; only while it is off its processor does it stand still."""
    lasted: list[float] = []

    async def one() -> Trial:
        async with Bench.open(Servers(), SCENARIO.fleet) as bench:
            assert bench.embedded is not None
            await execute(bench, SCENARIO, SCENARIO.strategies[0], 0, 1)
            async with working(bench.embedded.url, 0.7, lasted):
                trial, _ = await execute(bench, SCENARIO, SCENARIO.strategies[0], 1, 1)
        return trial

    trial = asyncio.run(one())
    assert trial.redis_stall_ms / 1000 < lasted[0] - WORK_S / 2
    assert trial.redis_cpu_s > WORK_S
    assert trial.db_cpu_s > 0
    assert trial.cpu_s > 0


@pytest.fixture
def busy_machine() -> Iterator[None]:
    """Two busy programs for each processor, each in a session of its own."""
    programs = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True)
        for _ in range(2 * (os.cpu_count() or 1))
    ]
    yield
    for program in programs:
        program.kill()
        program.wait()


@pytest.mark.usefixtures("busy_machine")
def test_on_a_machine_that_others_use_a_trial_is_doubtful() -> None:
    trial = trial_of(SCENARIO)
    assert "other programs took" in " ".join(trial.reasons + trial.warnings)
