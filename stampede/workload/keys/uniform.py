"""All keys are equally popular."""

from __future__ import annotations

from random import Random

from stampede.core.ranges import Count
from stampede.workload.laws import Keys


class Uniform(Keys):
    """All of `n` keys are equally popular.

    mechanism:  every request picks one of `n` keys at random
    loads:      a key sees rate / n, so few callers meet on one; keys written together expire together, though
    source:     sessions, shopping baskets
    """

    n: Count

    def count(self) -> int:
        return self.n

    def pick(self, random: Random) -> int:
        return random.randrange(self.n)
