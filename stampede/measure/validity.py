"""What makes a figure valid: rules for trials and for users' own bursts."""

from __future__ import annotations

ENOUGH_BEYOND = 5


def judge_spread(spread: float, latency: float) -> tuple[list[str], list[str]]:
    """Reasons why a burst is INVALID, and warnings; `spread` and `latency` (of the database, above 0) in seconds.

    Callers that come when the load is done find the value: a smeared burst hides a stampede.
    """
    if spread > latency / 2:
        return [f"arrival spread {spread * 1000:.0f} ms is above half the database latency"], []
    if spread > latency / 10:
        return [], [f"arrival spread {spread * 1000:.0f} ms is above a tenth of the database latency"]
    return [], []


def rests_on_enough(requests: int, quantile: float) -> bool:
    """Whether a percentile (0.99) has at least five requests of a trial beyond it."""
    return round(requests * (1 - quantile), 6) >= ENOUGH_BEYOND
