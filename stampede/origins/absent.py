"""Keys that do not exist."""

from __future__ import annotations

from hashlib import blake2b

from stampede.core.keys import key_number


class Absent:
    """The keys that a database lacks: this share of all numbers, always the same ones for the same seed.

    The key's number decides, not its name, so that every strategy of a trial misses the same rows.
    """

    def __init__(self, share: float = 0.0, seed: int = 0) -> None:
        self._below = round(share * 2**64)
        self._seed = seed

    def __contains__(self, key: str) -> bool:
        if not self._below:
            return False
        digest = blake2b(f"{self._seed}/{key_number(key)}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) < self._below
