"""The instances of a run: processes that are started once, reused over trials, and may die at any moment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from stampede.core import errors
from stampede.core.errors import InstanceLost, StampedeError
from stampede.engine.messages import Channel, Done, Failed, Prepare, Ready, Release, Restart, Setup, Stop, ToInstance

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 2.0

R = TypeVar("R")


class Launched(Protocol):
    """A running instance, wherever it runs."""

    channel: Channel

    def kill(self) -> None:
        """End it at once."""
        ...

    async def wait(self) -> None:
        """Wait until it has ended."""
        ...


Launcher = Callable[[], Awaitable[Launched]]
"""Starts one more instance: the executor behind the fleet."""


class Fleet:
    """All instances. `setups` makes an instance's set-up from its number and its start count."""

    def __init__(self, launcher: Launcher, size: int, setups: Callable[[int, int], Setup]) -> None:
        self._launcher = launcher
        self._setups = setups
        self._starts = [0] * size
        self._instances: dict[int, Launched] = {}
        self._raw: set[int] = set()

    async def launch(self) -> None:
        """Start what does not run: all at first, the lost ones later."""
        missing = [n for n in range(len(self._starts)) if n not in self._instances]
        launched = await asyncio.gather(*(self._launcher() for _ in missing))
        self._instances.update(zip(missing, launched, strict=True))
        self._raw.update(missing)

    async def ready(self) -> None:
        """Start what does not run, and set up what is new. Raises StampedeError."""
        await self.launch()
        new, self._raw = self._raw, set()
        await asyncio.gather(*(self._set_up(number) for number in new))

    async def _set_up(self, number: int) -> None:
        self._starts[number] += 1
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._ask(number, self._setups(number, self._starts[number]), Ready)
        except TimeoutError:
            await self._bury(number)
            raise InstanceLost(f"instance {number} was not ready within {START_TIMEOUT_S:.0f} s") from None

    async def prepare(self, trial: Prepare) -> None:
        """Bring every instance to the barrier. Raises StampedeError."""
        await self._ask_all(trial, Ready)

    async def release(self, release: Release) -> dict[int, Done]:
        """Open the barrier everywhere and wait for the ends; instances that died meanwhile are missing."""
        return await self._ask_all(release, Done, may_die=True)

    async def _ask_all(self, message: ToInstance, expected: type[R], may_die: bool = False) -> dict[int, R]:
        """Ask everybody and hear everybody out, so that no answer is left over for the next question."""
        numbers = list(self._instances)
        answers = await asyncio.gather(
            *(self._ask(number, message, expected) for number in numbers), return_exceptions=True
        )
        heard: dict[int, R] = {}
        for number, answer in zip(numbers, answers, strict=True):
            if not isinstance(answer, BaseException):
                heard[number] = answer
            elif not (may_die and isinstance(answer, InstanceLost)):
                raise answer
        return heard

    async def _ask(self, number: int, message: ToInstance, expected: type[R]) -> R:
        instance = self._instances[number]
        try:
            await instance.channel.say(message)
            answer: Any = await instance.channel.hear()
        except ConnectionError:
            await self._bury(number)
            raise InstanceLost(f"instance {number} died") from None
        if isinstance(answer, Failed):
            raise _error(answer)
        assert isinstance(answer, expected)
        return answer

    async def _bury(self, number: int) -> None:
        instance = self._instances.pop(number)
        instance.channel.close()
        instance.kill()
        await instance.wait()

    async def restart(self, numbers: list[int]) -> None:
        """In mid-trial, have instances lose what they hold in their process; a dead one has already."""
        for number in numbers:
            if number in self._instances:
                with contextlib.suppress(ConnectionError):
                    await self._instances[number].channel.say(Restart())

    def kill(self, number: int) -> None:
        """Kill one instance, as a crash would; the next `start` replaces it."""
        self._instances[number].kill()

    async def stop(self) -> None:
        """End all instances, by force those that do not end by themselves."""
        for instance in self._instances.values():
            try:
                await instance.channel.say(Stop())
            except ConnectionError:
                pass
            finally:
                instance.channel.close()
        await asyncio.gather(*(self._end(instance) for instance in self._instances.values()))
        self._instances.clear()

    @staticmethod
    async def _end(instance: Launched) -> None:
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await instance.wait()
        except TimeoutError:
            instance.kill()
            await instance.wait()


def _error(failed: Failed) -> StampedeError:
    kind: type[StampedeError] = getattr(errors, failed.kind)
    return kind(failed.message)
