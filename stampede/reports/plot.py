"""Plots for the terminal, in plain text: what the database had to do, and what the callers felt."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotext
from numpy.typing import NDArray

from stampede.measure.curve import LatencyCurve
from stampede.measure.load import Timeline
from stampede.measure.run import Run
from stampede.measure.summary import by_strategy, typical
from stampede.measure.trial import Trial

WIDTH = 80
HEIGHT = 10
FINER = 2
"""So many points fall into every column and row of characters, so that none is left out."""
LONG_MS = 2000.0
"""From here on one reads seconds."""
WIDE = 20.0
FINEST_MS = 0.01
MOST_TICKS = 5
FEW_POWERS = 2

Floats = NDArray[np.float64]


class Scales(NamedTuple):
    """What all strategies have in common, so that pictures can be compared: ends of axes; ms, loads and callers."""

    end: float
    loads: float
    fastest: float
    slowest: float
    callers: float
    bins: int

    @property
    def logarithmic(self) -> bool:
        """Whether the latencies differ too much for an even axis."""
        return self.slowest > WIDE * self.fastest

    @property
    def edges(self) -> Floats:
        """The borders of the histogram's bins, in ms."""
        spaced = np.geomspace if self.logarithmic else np.linspace
        return np.asarray(spaced(self.fastest, self.slowest, self.bins + 1), np.float64)


def render(run: Run, width: int = WIDTH) -> str:
    """Two plots side by side for each strategy, of the trial with the median p99, over so many columns."""
    plotext.terminal.limit(False, False)  # the console knows how wide it is
    trials = [typical(trials) for trials in by_strategy(run.trials).values()]
    scales = _scales(trials, width)
    return "\n".join(_of_strategy(trial, scales, width) for trial in trials)


def _scales(trials: Sequence[Trial], width: int) -> Scales:
    timelines = [trial.db_timeline for trial in trials if trial.db_timeline]
    curves = [trial.latency_curve for trial in trials if trial.latency_curve]
    end = max([1000 * trial.duration_s for trial in trials] + [len(t.in_flight) * t.step_ms for t in timelines])
    loads = max([1, *(max(map(sum, zip(t.in_flight, t.queued, strict=True))) for t in timelines)])
    fastest = max(FINEST_MS, min((curve.ms[0] for curve in curves), default=FINEST_MS))
    slowest = max([fastest + FINEST_MS, *(curve.ms[-1] for curve in curves)])
    scales = Scales(end, loads, fastest, slowest, 1.0, max(10, width // 3))
    counts = [_counts(trial, scales).max() for trial in trials if trial.latency_curve]
    return scales._replace(callers=max([1.0, *counts]))


def _counts(trial: Trial, scales: Scales) -> Floats:
    """How many callers waited for how long; the first bin has whoever was quicker than any axis shows."""
    curve: LatencyCurve = trial.latency_curve
    shares = 1 - np.interp(scales.edges, curve.ms, curve.beyond, left=1.0, right=0.0)
    shares[0] = 0.0
    return np.asarray(np.round(np.diff(shares) * trial.requests))


def _of_strategy(trial: Trial, scales: Scales, width: int) -> str:
    draws: list[Callable[[Any], None]] = []
    if trial.db_timeline is not None:
        draws.append(lambda plot: _draw_database(plot, trial.db_timeline, scales, width))
    if trial.latency_curve is not None:
        draws.append(lambda plot: _draw_latency(plot, _counts(trial, scales), scales, width))
    if not draws:
        return f"{trial.strategy}: nothing to plot\n"
    figure = plotext.figure
    figure.clear()
    figure.plot_size(width * len(draws) // 2, HEIGHT)
    figure.subplots(1, len(draws))
    for column, draw in enumerate(draws, start=1):
        draw(figure.subplot(1, column) if len(draws) > 1 else figure)
    text = plotext.uncolorize(figure.build().string())
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return f"{trial.strategy}, trial {trial.trial}\n{lines}\n"


def _draw_database(plot: Any, timeline: Timeline, scales: Scales, width: int) -> None:
    """In flight, solid; what queued on top of it, shaded; after the last step what was left."""
    unit, per = ("s", 1000.0) if scales.end >= LONG_MS else ("ms", 1.0)
    at = np.linspace(0.0, scales.end, FINER * max(width, len(timeline.in_flight)))
    step = np.minimum((at / timeline.step_ms).astype(int), len(timeline.in_flight))
    working = np.array([*timeline.in_flight, timeline.left[0]], np.float64)[step]
    waiting = np.array([*timeline.queued, timeline.left[1]], np.float64)[step]
    plot.title(f"DB: █ in flight ░ queued, by {unit}")
    _fill(plot, at / per, working + waiting, scales.loads, "░")
    _fill(plot, at / per, working, scales.loads, "█")
    _ruler(plot, "x", _even(0.0, scales.end / per), (0.0, scales.end / per))
    _ruler(plot, "y", {0.0: "0", scales.loads: f"{scales.loads:g}"}, (0.0, scales.loads))


def _draw_latency(plot: Any, counts: Floats, scales: Scales, width: int) -> None:
    """A histogram: how many callers waited for how long."""
    edges = np.log10(scales.edges) if scales.logarithmic else scales.edges
    at = np.linspace(edges[0], edges[-1], FINER * max(width, len(counts)))
    bins = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, len(counts) - 1)
    plot.title(f"callers by latency in ms{' (logarithmic)' * scales.logarithmic}")
    _fill(plot, at, counts[bins], scales.callers, "█")
    ticks = _tens(scales) if scales.logarithmic else _even(edges[0], edges[-1])
    _ruler(plot, "x", ticks, (edges[0], edges[-1]))
    _ruler(plot, "y", {0.0: "0", scales.callers: f"{scales.callers:.0f}"}, (0.0, scales.callers))


def _fill(plot: Any, at: Floats, heights: Floats, top: float, marker: str) -> None:
    """Points from the ground up to each height: unlike bars as wide as their step, and nothing where it is 0."""
    levels = np.linspace(0.0, top, FINER * HEIGHT)
    columns, rows = np.nonzero((levels[None, :] <= heights[:, None]) & (heights[:, None] > 0))
    if len(columns):
        plot.draw(plot.signal(at[columns].tolist(), levels[rows].tolist(), marker=marker))


def _ruler(plot: Any, axis: str, ticks: dict[float, str], ends: tuple[float, float]) -> None:
    plot.ruler(axis).lim(*ends)
    plot.ruler(axis).ticks(list(ticks), list(ticks.values()))


def _even(low: float, high: float) -> dict[float, str]:
    """Round numbers, evenly spaced, each written with as many digits as tell it from the next."""
    rough = (high - low) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= rough)
    numbers = np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
    digits = max(0, -math.floor(math.log10(step)))
    return {float(number): f"{number:.{digits}f}" for number in numbers}


def _tens(scales: Scales) -> dict[float, str]:
    """The powers of ten, where there are but two also what lies between, where their logarithms stand."""
    first, last = math.floor(math.log10(scales.fastest)), math.floor(math.log10(scales.slowest))
    times = (1, 2, 5) if last - first <= FEW_POWERS else (1,)
    numbers = [each * 10.0**power for power in range(first, last + 1) for each in times]
    return {math.log10(each): f"{each:g}" for each in numbers if scales.fastest <= each <= scales.slowest}
