"""Everybody wants the same key."""

from __future__ import annotations

from random import Random

from stampede.workload.laws import Keys


class Single(Keys):
    """Everybody wants the same key: the hot key.

    mechanism:  one key takes all requests
    loads:      every caller meets the same missing value: the stampede itself
    source:     the front page, the configuration, a celebrity
    """

    def count(self) -> int:
        return 1

    def pick(self, random: Random) -> int:
        return 0
