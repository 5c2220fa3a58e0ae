"""Heartbeats tell a server that stands still from one that works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from stampede.core.errors import StoreError
from stampede.engine.heartbeat import PATIENCE_S, Heartbeat
from stampede.engine.virtual import run


class Server:
    """One whose answers take `delay` seconds at times, of which it works `working`; or they fail."""

    def __init__(self, delay: Callable[[float], float], working: float = 0.0, fails: bool = False) -> None:
        self.delay = delay
        self.working = working
        self.fails = fails
        self.used = 0.0

    async def pulse(self) -> float:
        delay = self.delay(asyncio.get_running_loop().time())
        await asyncio.sleep(delay)
        self.used += min(delay, self.working)
        if self.fails and delay:
            raise StoreError("no answer")
        return self.used


def watched(server: Server, seconds: float = 2.0) -> tuple[Heartbeat, float]:
    """The heartbeat of so many seconds, and how long it took to end after these."""

    async def main() -> tuple[Heartbeat, float]:
        time = asyncio.get_running_loop().time
        heartbeat = Heartbeat(server.pulse, time)
        async with heartbeat.during():
            await asyncio.sleep(seconds)
            over = time()
        return heartbeat, time() - over

    return run(main())


def test_a_late_answer_of_an_idle_server_is_a_standstill() -> None:
    heartbeat, _ = watched(Server(lambda at: 0.7 if 0.5 < at < 0.6 else 0.0))
    assert round(heartbeat.stall_s, 3) == 0.7
    assert heartbeat.cpu_s == 0


def test_a_late_answer_of_a_busy_server_is_none() -> None:
    heartbeat, _ = watched(Server(lambda at: 0.7 if 0.5 < at < 0.6 else 0.0, working=0.69))
    assert round(heartbeat.stall_s, 3) == 0.01
    assert round(heartbeat.cpu_s, 3) == 0.69


def test_answers_that_fail_are_one_standstill() -> None:
    heartbeat, _ = watched(Server(lambda at: 0.2 if 0.5 < at < 1.0 else 0.0, fails=True))
    assert 0.5 < heartbeat.stall_s < 0.8


def test_a_server_that_was_restarted_counts_its_work_anew() -> None:
    class Restarted(Server):
        async def pulse(self) -> float:
            now = asyncio.get_running_loop().time()
            self.used = now if now < 1.0 else now - 1.0
            return self.used

    heartbeat, _ = watched(Restarted(lambda at: 0.0))
    assert 1.9 < heartbeat.cpu_s < 2.1


def test_a_server_that_never_answers_again_holds_nobody_up_for_long() -> None:
    heartbeat, late = watched(Server(lambda at: 1e6 if at > 0.5 else 0.0))
    assert late <= PATIENCE_S
    assert heartbeat.stall_s > 1.4
