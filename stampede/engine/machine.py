"""What the machine's processors did, as the kernel counts it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from stampede.measure.validity import Processors

_STAT = Path("/proc/stat")


class CpuTimes(NamedTuple):
    """Ticks of all processors together since the start of the machine."""

    total: int
    idle: int
    stolen: int

    @classmethod
    def now(cls) -> CpuTimes | None:
        """As the kernel counts them; None where it does not tell, as on macOS."""
        try:
            words = _STAT.read_text().partition("\n")[0].split()
        except OSError:
            return None
        user, nice, system, idle, waiting, irq, soft, stolen = map(int, words[1:9])
        return cls(user + nice + system + idle + waiting + irq + soft + stolen, idle + waiting, stolen)


def processors(before: CpuTimes | None, after: CpuTimes | None, own_s: float = 0.0) -> Processors | None:
    """What they did in the time between, of which `own_s` was the run's own; None where the kernel does not tell."""
    if before is None or after is None or after.total <= before.total:
        return None
    total, stolen = after.total - before.total, (after.stolen - before.stolen)
    seconds = total / os.sysconf("SC_CLK_TCK")
    busy = total - stolen - (after.idle - before.idle)
    return Processors(seconds, busy / total, own_s / seconds, stolen / total)
