"""How long one load takes at the database: a law that can be drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from stampede.core.errors import UsageError
from stampede.core.plugin import as_text
from stampede.core.spec import Call
from stampede.core.units import Duration

FORMS = "100ms, lognormal(median=100ms, sigma=0.5) or exponential(mean=100ms)"


@as_text
@dataclass(frozen=True)
class Latency:
    """A fixed duration, or a lognormal distribution around a median.

    Lognormal, because service times are positive and skewed to the right; `sigma` is the standard
    deviation of the logarithm (0.5: p99 is about 3.2 × the median).
    """

    median: Duration
    sigma: float = 0.0

    @classmethod
    def parse(cls, text: object) -> Latency:
        """Read `100ms`, `lognormal(median=100ms, sigma=0.5)` or `exponential(mean=100ms)`.

        Raises:
            UsageError: none of these forms, or parameters that are missing, unknown or out of range.
        """
        written = str(text).strip()
        if "(" not in written:
            return cls(Duration.parse(written))
        call = Call.parse(written)
        if call.name == "exponential" and set(call.params) == {"mean"}:
            return Exponential(Duration.parse(call.params["mean"]))
        if call.name != "lognormal" or set(call.params) != {"median", "sigma"}:
            raise UsageError(f"'{written}' is not a latency: write {FORMS}")
        try:
            sigma = float(call.params["sigma"])
        except ValueError:
            sigma = math.nan
        if not 0 < sigma <= 5:
            raise UsageError(f"sigma={call.params['sigma']} in '{written}': use a number above 0, up to 5")
        return cls(Duration.parse(call.params["median"]), sigma)

    def draw(self, random: Random) -> float:
        """Seconds that the next load takes."""
        if not self.sigma:
            return self.median
        return self.median * math.exp(random.gauss(0.0, self.sigma))

    def __str__(self) -> str:
        if not self.sigma:
            return str(self.median)
        return f"lognormal(median={self.median}, sigma={self.sigma:g})"


class Exponential(Latency):
    """The memoryless law of M/M/c queues; its median is ln 2 × its mean."""

    def __init__(self, mean: Duration) -> None:
        super().__init__(Duration(mean * math.log(2)))
        self.mean = mean

    def draw(self, random: Random) -> float:
        """Seconds that the next load takes."""
        return -self.mean * math.log(1.0 - random.random()) or math.ulp(0.0)

    def __str__(self) -> str:
        return f"exponential(mean={self.mean})"
