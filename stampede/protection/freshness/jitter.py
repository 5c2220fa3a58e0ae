"""A random extra time to live, so that keys written together do not expire together."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from stampede.core.model import Entry
from stampede.core.units import Duration
from stampede.protection.choices import Freshness
from stampede.protection.judging import Action, Lifetime


@dataclass
class Jitter(Freshness):
    """Every value lives a random extra time, so that keys written together do not expire together.

    mechanism:  the time to live is T + U(0, max)
    loads:      as the coalescing choice says, once per expiry; spread over `max` among keys, unchanged for one key
    waiting:    everybody who asks while the value is being loaded waits for it
    staleness:  at most T + max + Δ
    on failure: nothing is kept beyond that
    source:     FusionCache `JitterMaxDuration`
    """

    max: Duration = Duration(2.0)

    def lifetime(self, ttl: float, random: Random) -> Lifetime:
        jittered = ttl + random.uniform(0.0, self.max)
        return Lifetime(jittered, jittered)

    def judge(self, entry: Entry, now: float, random: Random) -> Action:
        return Action.FRESH
