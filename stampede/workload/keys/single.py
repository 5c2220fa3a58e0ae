"""Everybody wants the same key."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from stampede.core.workload import Keys


@dataclass
class Single(Keys):
    """Everybody wants the same key: the hot key."""

    def count(self) -> int:
        return 1

    def pick(self, random: Random) -> int:
        return 0
