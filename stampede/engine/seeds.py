"""The seed of one trial, from that of the run."""

from __future__ import annotations

from hashlib import blake2b


def trial_seed(seed: int, trial: int) -> int:
    """Hashed, so that runs of neighbouring seeds have no trial in common."""
    return int.from_bytes(blake2b(f"{seed}/{trial}".encode(), digest_size=8).digest(), "big") >> 1
