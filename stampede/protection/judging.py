"""What freshness says of a value, and how long a value lives."""

from __future__ import annotations

from enum import Enum
from random import Random
from typing import NamedTuple, Protocol

from stampede.core.model import Entry


class Action(Enum):
    """What freshness says of a value that was found."""

    FRESH = "serve it"
    EARLY = "this caller volunteers to reload it, and serves it if another one already does"
    BEHIND = "serve it, and have it reloaded behind the caller's back"
    EXPIRED = "it is as good as missing"


class Lifetime(NamedTuple):
    """How long a new value lives, in seconds: until it is stale, and until it is as good as missing."""

    stale_after: float
    expires_after: float


class Judge(Protocol):
    """The part of a freshness choice that a cache works with."""

    def lifetime(self, ttl: float, random: Random) -> Lifetime:
        """The lifetime of a value loaded now."""
        ...

    def judge(self, entry: Entry, now: float, random: Random) -> Action:
        """What to do with a value that was found and has not expired."""
        ...
