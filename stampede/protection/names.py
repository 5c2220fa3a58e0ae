"""Names of keys that are not the workload's own, for those who set them and for those who clean up."""

from __future__ import annotations


def office_of(key: str) -> str:
    """The key whose guard names the refresher of all keys that share a key's label."""
    return key.rpartition(":")[0] + ":refresher"


def marker_of(owner: str) -> str:
    """The key whose guard says that an owner lives."""
    return f"owner/{owner}"
