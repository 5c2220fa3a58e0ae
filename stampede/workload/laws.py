"""The laws of a workload; their plug-ins are the files in `arrivals/` and `keys/` here."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import ClassVar, NamedTuple

from stampede.core.plugin import Plugin


class Share(NamedTuple):
    """Which part of the fleet's requests is an instance's."""

    instance: int
    instances: int

    def of(self, total: int) -> int:
        """This instance's part of a number that is spread evenly."""
        return total // self.instances + (self.instance < total % self.instances)


class Arrivals(Plugin):
    """When requests arrive. Subclasses are the files in `stampede/workload/arrivals/`.

    A law says when callers begin, and when one that has its answer asks again. `needs_concurrency`: it wants a number
    of callers; a rate stands for itself. `steady`: requests go on arriving, so that a key's lifetime may be cut short
    by the end. `paced`: every start has an instant of its own, known in advance, whatever the answers take.
    """

    family = "workload.arrivals"
    needs_concurrency: ClassVar[bool] = False
    steady: ClassVar[bool] = True
    paced: ClassVar[bool] = True

    @classmethod
    def foreign(cls, text: object) -> Arrivals:
        """Never: nothing can be said of a workload of unknown length. Raises UsageError."""
        return cls.parse(text)

    def length(self) -> float:
        """Seconds from the release to the last intended start."""
        raise NotImplementedError

    def total(self, concurrency: int) -> int:
        """About how many requests there will be at most, over all instances."""
        raise NotImplementedError

    def offsets(self, concurrency: int, share: Share, random: Random) -> Iterator[float]:
        """Seconds after the release at which this instance's callers are meant to begin, in order."""
        raise NotImplementedError

    def again(self, random: Random) -> float | None:
        """Seconds after an answer until the same caller asks again, if the law still lasts then; None: never."""
        return None


class Keys(Plugin):
    """Which keys are wanted. Subclasses are the files in `stampede/workload/keys/`."""

    family = "workload.keys"

    def count(self) -> int:
        """How many different keys there are."""
        raise NotImplementedError

    def pick(self, random: Random) -> int:
        """The number of the next key, from 0."""
        raise NotImplementedError
