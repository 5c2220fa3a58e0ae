"""Plots for the terminal, in plain text: what the database had to do, and what the callers felt."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

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
BARS = 30
FINEST_MS = 0.01


def render(run: Run) -> str:
    """Two plots side by side for each strategy, of the trial with the median p99; 80 columns wide."""
    return "\n".join(_of_strategy(typical(trials)) for trials in by_strategy(run.trials).values())


def _of_strategy(trial: Trial) -> str:
    draws: list[Callable[[Any], None]] = []
    if (timeline := trial.db_timeline) is not None:
        draws.append(lambda plot: _draw_database(plot, timeline))
    if (curve := trial.latency_curve) is not None:
        draws.append(lambda plot: _draw_latency(plot, curve, trial.ok))
    if not draws:
        return f"{trial.strategy}: nothing to plot\n"
    figure = plotext.figure
    figure.clear()
    figure.plot_size(WIDTH * len(draws) // 2, HEIGHT)
    figure.subplots(1, len(draws))
    for column, draw in enumerate(draws, start=1):
        draw(figure.subplot(1, column) if len(draws) > 1 else figure)
    text = plotext.uncolorize(figure.build().string())
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return f"{trial.strategy}, trial {trial.trial}\n{lines}\n"


def _draw_database(plot: Any, timeline: Timeline) -> None:
    """In flight, solid; what queued on top of it, shaded."""
    finer = math.ceil(WIDTH / len(timeline.in_flight))  # several bars per step, so that few steps leave no gaps
    in_flight, queued = (np.repeat(column, finer) for column in (timeline.in_flight, timeline.queued))
    at, total = np.arange(len(in_flight)) * timeline.step_ms / finer, in_flight + queued
    plot.title("DB: █ in flight ░ queued, by ms")
    _bars(plot, at, total, "░")
    _bars(plot, at, in_flight, "█")
    _label(plot, 0.0, at[-1], total.max())


def _draw_latency(plot: Any, curve: LatencyCurve, callers: int) -> None:
    """A histogram: how many callers waited for how long."""
    edges = np.linspace(curve.ms[0], max(curve.ms[-1], curve.ms[0] + FINEST_MS), BARS + 1)
    counts = np.diff(np.interp(edges, curve.ms, 1 - np.array(curve.beyond))) * callers
    plot.title("callers by latency in ms")
    _bars(plot, (edges[:-1] + edges[1:]) / 2, counts, "█")
    _label(plot, edges[0], edges[-1], counts.max())


def _bars(plot: Any, at: NDArray[Any], heights: NDArray[Any], marker: str) -> None:
    """Bars where there is something: a bar of no height would still show."""
    some = heights > 0
    if some.any():
        plot.draw(plot.bar(at[some].tolist(), heights[some].tolist(), marker=marker, lines=False))


def _label(plot: Any, first: float, last: float, top: float) -> None:
    """Five figures below, and two beside: counts are whole numbers."""
    for axis, low, high, count in (("x", first, last, 5), ("y", 0.0, max(top, 1.0), 2)):
        ticks = np.linspace(low, high, count).tolist()
        plot.ruler(axis).lim(low, high)
        plot.ruler(axis).ticks(ticks, [f"{tick:.0f}" for tick in ticks])
