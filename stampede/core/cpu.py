"""CPU time of this process."""

from __future__ import annotations

import resource


def cpu_s() -> float:
    """CPU seconds that this process has used so far, all its threads together."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
