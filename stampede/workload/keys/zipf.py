"""A few keys are very popular, most are not."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from itertools import accumulate
from random import Random

from stampede.core.ranges import Count, Positive
from stampede.workload.laws import Keys


class Zipf(Keys):
    """The k-th popular of `n` keys is wanted 1/k^s as often as the first (Zipf's law).

    mechanism:  every request picks one of `n` keys; `s` = 1 is typical, above it fewer keys take more of the traffic
    loads:      a few hot keys that stampede, and a long tail that does not
    source:     Breslau et al., "Web Caching and Zipf-like Distributions", INFOCOM 1999
    """

    n: Count
    s: Positive = 1.0

    @cached_property
    def _upto(self) -> list[float]:
        return list(accumulate(1 / rank**self.s for rank in range(1, self.n + 1)))

    def count(self) -> int:
        return self.n

    def pick(self, random: Random) -> int:
        return bisect_left(self._upto, random.random() * self._upto[-1])
