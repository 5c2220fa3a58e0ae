"""Probabilistic early expiration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from stampede.core.model import Entry
from stampede.core.ranges import Positive
from stampede.protection.choices import Freshness
from stampede.protection.judging import Action, Lifetime


@dataclass
class Xfetch(Freshness):
    """Probabilistic early expiration: the nearer the expiry, the likelier a request volunteers to reload.

    mechanism:  a request reloads when now − Δ·beta·ln(rand) ≥ expiry, rand in (0, 1], Δ the time of the last load
    loads:      e^(1/beta) per expiry on average without coalescing (2.72 for 1) where λ·Δ·beta·e^(-1/beta) is
                well above 1 (λ requests a second; sparser traffic has fewer) and T above Δ·beta·ln(λ·Δ·beta), or new
                values are reloaded at once. About 1 with a lock: who volunteers draws once, and if the lock is taken
                ducks out with the current value
    waiting:    none but the volunteer's; a cold or idle key is not protected, only coalescing does that
    staleness:  at most T + Δ, less under traffic by the lead of the volunteer: about Δ·beta·ln(λ·Δ·beta)
    on failure: a volunteer whose load fails answers with the current value
    source:     Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015
    """

    beta: Positive = 1.0

    def lifetime(self, ttl: float, random: Random) -> Lifetime:
        return Lifetime(ttl, ttl)

    def judge(self, entry: Entry, now: float, random: Random) -> Action:
        rand = 1.0 - random.random()
        early = now - entry.load_s * self.beta * math.log(rand) >= entry.expires_at
        return Action.EARLY if early else Action.FRESH
