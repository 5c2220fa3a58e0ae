"""The data that travels between the layers."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import msgspec


class Entry(msgspec.Struct, array_like=True, frozen=True, weakref=True):
    """A cached value in its envelope, so that `null`, `0`, `""`, `false` and `[]` are hits like any other.

    `value` is JSON text, or what the library's codec makes; `version` is the origin's; times are seconds on the clock
    of all who share the store. From `stale_at` on, freshness may have it reloaded; from `expires_at` on it is as good
    as missing, kept only for when a load fails.
    A load has failed where `retry_at` is set: until then the value is served as it is, and nobody tries again.
    Bytes and frozen: no caller can change a shared result under another.
    """

    value: bytes
    version: int
    loaded_at: float
    stale_at: float
    expires_at: float
    load_s: float
    retry_at: float = 0.0


NOT_FOUND = b"null"
"""What the origin answers for a key that does not exist."""


class Loaded(NamedTuple):
    """What the origin answered: JSON text and the key's version at that moment.

    `ttl`: the seconds that this value lives, if not as long as the cache's others.
    """

    value: bytes
    version: int
    ttl: float | None = None


class Role(IntEnum):
    """How a request got its answer; a volunteer reloaded early what was still there."""

    HIT = 0
    LEADER = 1
    WAITER = 2
    STALE = 3
    ERROR = 4
    VOLUNTEER = 5


class Outcome(IntEnum):
    """How a request ended."""

    OK = 0
    ERROR = 1
    TIMEOUT = 2


AT_ONCE = (Role.HIT, Role.STALE)
"""The roles that were answered from the cache at once."""


class Answer(NamedTuple):
    """What a protection gives to one caller."""

    entry: Entry
    role: Role


class Notify(IntEnum):
    """What those who watch a key are told when it is filled."""

    NOTHING = 0
    WAKE = 1
    PUSH = 2


class Filled(NamedTuple):
    """A watcher's news: the load of `token` ended. `entry` is set if it was pushed, `error` if the load failed.

    Neither: read again, or try for the right to load. Without a token the key was invalidated, or news may have been
    missed. `unshared`: all was well, but the value can be given to nobody, so whoever waited for it loads by itself.
    Another token than the holder's that the watcher was told is that of an older load: look again.
    """

    entry: Entry | None
    error: str | None
    token: str | None = None
    unshared: bool = False


class Look(NamedTuple):
    """A value and who holds the right to load it; either may be missing.

    When the holder is no holder any more but a note of how its load ended, `failed` holds the message of a failure,
    and `unshared` says that the value can be given to nobody.
    """

    entry: Entry | None
    holder: str | None
    failed: str | None = None
    unshared: bool = False

    @property
    def note(self) -> str | None:
        """Whose load has ended, if that is what stands in the guard's place."""
        return self.holder if self.failed is not None or self.unshared else None


class LeaseAnswer(NamedTuple):
    """One step's answer: the value; or the token that holds the lease (yours: you load) and its seconds left."""

    entry: Entry | None
    holder: str | None
    remaining: float
