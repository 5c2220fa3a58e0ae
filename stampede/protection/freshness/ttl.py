"""Reload when the time to live is over."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from stampede.core.model import Entry
from stampede.protection.choices import Freshness
from stampede.protection.judging import Action, Lifetime


@dataclass
class Ttl(Freshness):
    """Reload when the time to live is over (the default).

    mechanism:  the value expires in Redis after T; the next request finds nothing
    loads:      as the coalescing choice says, once per expiry
    waiting:    everybody who asks while the value is being loaded waits for it
    staleness:  at most T + Δ: the time to live begins when the load ends, the value is as old as its begin
    on failure: nothing is kept beyond T
    source:     cache-aside, the default everywhere
    """

    def lifetime(self, ttl: float, random: Random) -> Lifetime:
        return Lifetime(ttl, ttl)

    def judge(self, entry: Entry, now: float, random: Random) -> Action:
        return Action.FRESH
