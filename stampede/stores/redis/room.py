"""Whether a server has room for what a run keeps there: else it evicts what others keep, or refuses writes."""

from __future__ import annotations

from typing import Any

from stampede.core.ports import Demand

MB = 1_000_000


def shortage(info: dict[str, Any], demand: Demand) -> str | None:
    """Why there is no room, and what to do; `info` is the answer to INFO. None: there is, as far as that tells."""
    limit = int(info.get("maxmemory", 0))
    used = int(info.get("used_memory", 0)) - int(info.get("mem_not_counted_for_evict", 0))
    left = max(0, limit - used)
    if not limit or demand.keeps <= left:
        return None
    has = f"has {left / MB:.1f} MB left of its maxmemory, and this run may take {demand.keeps / MB:.1f} MB"
    policy = info.get("maxmemory_policy", "noeviction")
    if policy == "noeviction":
        return f"{has}: raise maxmemory, use fewer keys or callers, or name another server"
    if demand.may_evict:
        return None
    return (
        f"{has} for which others' keys would be evicted ({policy}): raise maxmemory, use fewer keys or callers, "
        "or allow it with --may-evict"
    )
