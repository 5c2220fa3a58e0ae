"""What makes a figure valid: rules for trials and for users' own bursts."""

from __future__ import annotations

ENOUGH_BEYOND = 5
SLOW_WARNING = 1.05  # measured service / drawn service
SLOW_INVALID = 1.20
STALL_S = 0.1  # an end that is noticed this much after it was due is no scheduling noise


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


def slow_service(executed: int, drawn_s: float, busy_s: float) -> tuple[str, bool] | None:
    """What is wrong with the database's service time, and whether that makes the trial INVALID.

    `drawn_s` and `busy_s` are seconds in all of the `executed` loads. None: all is well, or nothing was executed.
    """
    if not executed or busy_s <= SLOW_WARNING * drawn_s:
        return None
    drawn, busy = 1000 * drawn_s / executed, 1000 * busy_s / executed
    words = (
        f"the database took {busy:,.1f} ms a load where {drawn:,.1f} ms were drawn: "
        "use fewer connections or a quieter machine"
    )
    return words, busy_s > SLOW_INVALID * drawn_s


def unasked_stall(lateness_s: float, asked: bool) -> str | None:
    """What is wrong when the database stood still for `lateness_s` although no event `asked` for it."""
    if asked or lateness_s < STALL_S:
        return None
    return f"the database stood still for {lateness_s:.2f} s and no event asked for that: repeat on a quieter machine"
