"""Two kinds of time: the clock of the entries is passed in; what lasts is measured by the event loop's own time."""

from __future__ import annotations

import asyncio


def loop_time() -> float:
    """Seconds on the running loop's clock, which never steps, as a wall clock may."""
    return asyncio.get_running_loop().time()
