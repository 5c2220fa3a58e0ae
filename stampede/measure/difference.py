"""How a difference is said."""

from __future__ import annotations

from stampede.core.metrics import METRICS


def difference(
    metric: str, ratio: float | None, low: float | None, high: float | None, bad: tuple[int, int] | None = None
) -> str:
    """`500× fewer DB hits`, `p99 22.4× lower [21.9, 23.0]`; of bad trials `max 9.8× higher (8 bad trials, not 0)`."""
    if bad is not None:
        size = f" {factor(max(ratio, 1 / ratio), 1, 1).split()[0]}" if ratio else ""
        direction = "higher" if bad[1] > bad[0] else "lower"
        return f"{METRICS[metric].label}{size} {direction} ({bad[1]} bad trials, not {bad[0]})"
    assert ratio is not None
    assert low is not None
    assert high is not None
    amount, _, interval = factor(ratio, low, high).partition(" ")
    name = METRICS[metric].label
    if METRICS[metric].counted:
        text = f"{amount} {'fewer' if ratio < 1 else 'more'} {name}"
    else:
        text = f"{name} {amount} {'lower' if ratio < 1 else 'higher'}"
    return f"{text} {interval}".rstrip()


def factor(ratio: float, low: float, high: float) -> str:
    """How far apart, seen from the larger one: `22.4× [21.9, 23.0]`, below a factor of two `12% [10, 14]`."""
    if ratio < 1:
        share = (1 - ratio, 1 - high, 1 - low)
        ratio, low, high = 1 / ratio, 1 / high, 1 / low
    else:
        share = (ratio - 1, low - 1, high - 1)
    if ratio < 2:
        middle, *bounds = (f"{100 * each:.3g}" for each in share)
        return f"{middle}%" + ("" if bounds == [middle, middle] else f" [{bounds[0]}, {bounds[1]}]")
    middle, *bounds = (f"{each:.3g}" if each < 1000 else f"{each:,.0f}" for each in (ratio, low, high))
    return f"{middle}×" + ("" if bounds == [middle, middle] else f" [{bounds[0]}, {bounds[1]}]")
