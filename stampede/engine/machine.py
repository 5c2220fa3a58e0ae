"""Whether the machine was steady: how busy its processors were, and how much of them the hypervisor took."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

BUSY = 0.9
STOLEN = 0.01
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


def unsteady(before: CpuTimes | None, after: CpuTimes | None) -> list[str]:
    """Warnings about the time between; none where the kernel does not tell."""
    if before is None or after is None or after.total <= before.total:
        return []
    total = after.total - before.total
    busy, stolen = 1 - (after.idle - before.idle) / total, (after.stolen - before.stolen) / total
    result = []
    if busy > BUSY:
        result.append(
            f"the processors were {busy:.0%} busy, and callers waited for them, too: "
            "end other programs, or lower the concurrency"
        )
    if stolen > STOLEN:
        result.append(f"the hypervisor took {stolen:.1%} of the processors (steal): the machine is not steady")
    return result
