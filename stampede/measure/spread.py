"""The rule that keeps a burst true: how far its arrivals may spread (design: "what makes a measurement valid")."""

from __future__ import annotations


def judge(spread: float, latency: float) -> tuple[list[str], list[str]]:
    """Reasons why a burst is INVALID, and warnings; `spread` and `latency` (of the database, above 0) in seconds.

    Callers that come when the load is done find the value: a smeared burst hides a stampede.
    """
    if spread > latency / 2:
        return [f"arrival spread {spread * 1000:.0f} ms is above half the database latency"], []
    if spread > latency / 10:
        return [], [f"arrival spread {spread * 1000:.0f} ms is above a tenth of the database latency"]
    return [], []
