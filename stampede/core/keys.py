"""The names that a run's and a trial's keys have in the cache."""

from __future__ import annotations

import re
import secrets

ANY_RUN = "stampede:{*}:*"
"""A glob that every key of every run matches, and perhaps a stranger's: `run_of` tells."""

_RUN = re.compile(r"stampede:\{[0-9a-f]{8}\}:")


def run_prefix() -> str:
    """What the names of a new run's keys shall begin with; the braces keep them on one node of a cluster."""
    return f"stampede:{{{secrets.token_hex(4)}}}:"


def run_of(name: str) -> str | None:
    """The prefix of the run whose key this is; None: it is nobody's."""
    found = _RUN.match(name)
    return found[0] if found else None


def key_name(label: str, number: int) -> str:
    """The cache key of the workload's key `number` in the trial that has this label."""
    return f"{label}:{number}"


def key_number(name: str) -> int:
    """The reverse of `key_name`."""
    return int(name.rpartition(":")[2])
