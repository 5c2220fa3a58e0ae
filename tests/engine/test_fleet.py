"""The fleet's side of the conversation with instances; here they are tasks that say what a test lets them say."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from stampede.core.errors import DatabaseUnavailable, InstanceLost, RedisUnavailable, StampedeError
from stampede.core.frames import Frames
from stampede.engine import fleet as fleets
from stampede.engine.fleet import Fleet
from stampede.engine.messages import Channel, Done, Failed, Prepare, Ready, Release, Setup, Stop
from stampede.measure.records import Recorder
from stampede.protection.counters import Counters
from stampede.protection.strategy import Strategy
from stampede.scenario.model import Scenario

Say = Callable[[object], Awaitable[object]]
"""What an instance answers to a message; None: it dies of it."""

PREPARE = Prepare(Strategy.parse("none"), Scenario("test"), "t0", 1, 60.0)
RELEASE = Release(0.0, 1.0)
DONE = Done(Recorder().columns(), Counters(loads=1), 3, 0, 0.0, 0.0)


class Scripted:
    """An instance in this process."""

    def __init__(self, channel: Channel, theirs: Channel, answer: Say) -> None:
        self.channel = channel
        self._theirs = theirs
        self.heard: list[object] = []
        self._life = asyncio.create_task(self._live(answer))

    async def _live(self, answer: Say) -> None:
        try:
            while True:
                message = await self._theirs.hear()
                self.heard.append(message)
                if isinstance(message, Stop):
                    return
                said = await answer(message)
                if said is None:
                    return
                await self._theirs.say(said)  # type: ignore[arg-type]
        except ConnectionError:
            pass
        finally:
            self._theirs.close()

    @property
    def ended(self) -> bool:
        return self._life.done()

    def kill(self) -> None:
        self._life.cancel()

    async def wait(self) -> None:
        await asyncio.wait([self._life])


class Launcher:
    """Launches instances that answer as `answers` tell, one after the other; the last is for all that follow."""

    def __init__(self, *answers: Say) -> None:
        self._answers = list(answers)
        self.launched: list[Scripted] = []

    async def __call__(self) -> Scripted:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        ours, theirs = socket.socketpair()
        self.launched.append(
            Scripted(
                Channel.of_run(Frames(*await asyncio.open_connection(sock=ours))),
                Channel.of_instance(Frames(*await asyncio.open_connection(sock=theirs))),
                answer,
            )
        )
        return self.launched[-1]


def setup(number: int, start: int) -> Setup:
    return Setup(number, 2, f"{number}.{start}", "redis", 0, "prefix:", "database", None)


async def well(message: object) -> object:
    """What a healthy instance answers."""
    return DONE if isinstance(message, Release) else Ready()


def dies_of(kind: type) -> Say:
    """An instance that is healthy until it hears such a message."""

    async def answer(message: object) -> object:
        return None if isinstance(message, kind) else await well(message)

    return answer


def fails(error: str, words: str) -> Say:
    """An instance that cannot be set up."""

    async def answer(message: object) -> object:
        return Failed(error, words)

    return answer


async def deaf(message: object) -> object:
    """An instance that hears and never answers."""
    return await asyncio.get_running_loop().create_future()


@contextlib.asynccontextmanager
async def fleet_of(launcher: Launcher, size: int = 2) -> AsyncIterator[Fleet]:
    fleet = Fleet(launcher, size, setup)
    try:
        yield fleet
    finally:
        await fleet.stop()


def test_a_trial_goes_through_set_up_barrier_and_release() -> None:
    async def work() -> None:
        launcher = Launcher(well)
        async with fleet_of(launcher) as fleet:
            await fleet.launch()
            await fleet.ready()
            await fleet.ready()  # nothing is new, so nothing happens
            await fleet.prepare(PREPARE)
            assert await fleet.release(RELEASE) == {0: DONE, 1: DONE}
        for number, instance in enumerate(launcher.launched):
            assert instance.heard[0] == setup(number, 1)
            assert list(map(type, instance.heard)) == [Setup, Prepare, Release, Stop]
            assert instance.ended

    asyncio.run(work())


@pytest.mark.parametrize("kind", [RedisUnavailable, DatabaseUnavailable])
def test_what_an_instance_could_not_do_is_raised_as_the_error_that_it_names(kind: type[StampedeError]) -> None:
    async def work() -> None:
        async with fleet_of(Launcher(well, fails(kind.__name__, "no way"))) as fleet:
            with pytest.raises(kind, match=r"^no way$"):
                await fleet.ready()

    asyncio.run(work())


def test_an_instance_that_dies_in_its_set_up_is_named() -> None:
    async def work() -> None:
        async with fleet_of(Launcher(well, dies_of(Setup))) as fleet:
            with pytest.raises(InstanceLost, match="instance 1 died"):
                await fleet.ready()

    asyncio.run(work())


def test_an_instance_that_never_answers_to_its_set_up_is_a_fault_and_not_a_bug(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fleets, "START_TIMEOUT_S", 0.05)
    monkeypatch.setattr(fleets, "STOP_TIMEOUT_S", 0.05)

    async def work() -> None:
        async with fleet_of(Launcher(well, deaf)) as fleet:
            with pytest.raises(StampedeError, match="instance 1"):
                await fleet.ready()

    asyncio.run(work())


def test_an_instance_that_dies_in_a_burst_is_missing_and_replaced_under_a_new_name() -> None:
    async def work() -> None:
        launcher = Launcher(dies_of(Release), well)
        async with fleet_of(launcher) as fleet:
            await fleet.ready()
            await fleet.prepare(PREPARE)
            assert await fleet.release(RELEASE) == {1: DONE}
            await fleet.ready()
            assert launcher.launched[2].heard == [setup(0, 2)]
            await fleet.prepare(PREPARE)
            assert await fleet.release(RELEASE) == {0: DONE, 1: DONE}

    asyncio.run(work())


def test_an_instance_that_dies_on_the_way_to_the_barrier_does_not_confuse_the_others() -> None:
    async def slowly(message: object) -> object:
        await asyncio.sleep(0.05)
        return await well(message)

    async def work() -> None:
        async with fleet_of(Launcher(dies_of(Prepare), slowly, well)) as fleet:
            await fleet.ready()
            with contextlib.suppress(InstanceLost):
                await fleet.prepare(PREPARE)
            await fleet.ready()
            await fleet.prepare(PREPARE)
            assert await fleet.release(RELEASE) == {0: DONE, 1: DONE}

    asyncio.run(work())


def test_an_instance_that_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleets, "STOP_TIMEOUT_S", 0.05)

    async def work() -> None:
        launcher = Launcher(well, deaf)
        async with fleet_of(launcher) as fleet:
            await fleet.launch()
            stuck = asyncio.create_task(fleet.ready())
            await asyncio.sleep(0.01)
            stuck.cancel()
            await asyncio.wait([stuck])
        assert all(instance.ended for instance in launcher.launched)

    asyncio.run(work())
