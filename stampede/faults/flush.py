"""The cache is emptied."""

from __future__ import annotations

from dataclasses import dataclass

from stampede.core.fault import Fault, Site


@dataclass
class Flush(Fault):
    """The cache is emptied: every key of the trial is removed at once."""

    async def strike(self, site: Site) -> None:
        await site.remove(list(range(site.keys())))
