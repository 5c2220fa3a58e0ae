"""The laws of a workload; their plug-ins are the files in `stampede/workload/`."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import ClassVar, NamedTuple


class Share(NamedTuple):
    """Which part of the fleet's requests is an instance's."""

    instance: int
    instances: int

    def of(self, total: int) -> int:
        """This instance's part of a number that is spread evenly."""
        return total // self.instances + (self.instance < total % self.instances)


class Arrivals:
    """When requests arrive. Subclasses are the files in `stampede/workload/arrivals/`.

    `needs_concurrency` says whether the law wants a number of callers; a rate stands for itself.
    """

    needs_concurrency: ClassVar[bool] = False

    def length(self) -> float:
        """Seconds from the release to the last intended start."""
        raise NotImplementedError

    def total(self, concurrency: int) -> int:
        """About how many requests there will be at most, over all instances."""
        raise NotImplementedError


class OpenLoop(Arrivals):
    """Requests start when they are meant to, however slow the answers are."""

    def offsets(self, concurrency: int, share: Share, random: Random) -> Iterator[float]:
        """Seconds after the release at which this instance's requests are meant to start, in order."""
        raise NotImplementedError


class ClosedLoop(Arrivals):
    """Callers that ask, wait for the answer, think, and ask again."""

    def pause(self, random: Random) -> float:
        """Seconds between an answer and the next request."""
        raise NotImplementedError


class Keys:
    """Which keys are wanted. Subclasses are the files in `stampede/workload/keys/`."""

    def count(self) -> int:
        """How many different keys there are."""
        raise NotImplementedError

    def pick(self, random: Random) -> int:
        """The number of the next key, from 0."""
        raise NotImplementedError
