"""The two laws of a workload; their plug-ins are the files in `stampede/workload/`."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple


class Share(NamedTuple):
    """Which part of the fleet's requests is an instance's."""

    instance: int
    instances: int

    def of(self, total: int) -> int:
        """This instance's part of a number that is spread evenly."""
        return total // self.instances + (self.instance < total % self.instances)


class Arrivals:
    """When requests arrive. Subclasses are the files in `stampede/workload/arrivals/`."""

    def offsets(self, concurrency: int, share: Share, random: Random) -> Iterator[float]:
        """Seconds after the release at which this instance's requests are meant to start, in order."""
        raise NotImplementedError


class Keys:
    """Which keys are wanted. Subclasses are the files in `stampede/workload/keys/`."""

    def count(self) -> int:
        """How many different keys there are."""
        raise NotImplementedError

    def pick(self, random: Random) -> int:
        """The number of the next key, from 0."""
        raise NotImplementedError
