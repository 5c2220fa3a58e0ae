"""The names that a trial's keys have in the cache."""

from __future__ import annotations


def key_name(label: str, number: int) -> str:
    """The cache key of the workload's key `number` in the trial that has this label."""
    return f"{label}:{number}"


def key_number(name: str) -> int:
    """The reverse of `key_name`."""
    return int(name.rpartition(":")[2])
