"""A sweep in the terminal: what the database saw and what the callers felt, over the swept parameter."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase

import numpy as np
import plotext
from rich.console import RenderableType
from rich.text import Text

from stampede.core.metrics import SECONDS, In, Metric, shown_in
from stampede.measure.run import Run
from stampede.measure.sweep import Curve, curves

WIDTH, HEIGHT = 78, 16
_WIDE = 20.0
_BAR_CELLS = 60
_BESIDE = 0.06


def parts(run: Run) -> list[RenderableType]:
    """One plot for each metric; nothing if nothing was swept."""
    found = [(_title(metric), curves(run, metric.name)) for metric in shown_in(In.PLOT).values()]
    return [part for title, drawn in found if drawn for part in (Text(""), Text(plot(title, drawn)))]


def _title(metric: Metric) -> str:
    return f"{metric.label} in {metric.unit}" if metric.unit in SECONDS else metric.label


def plot(title: str, drawn: Sequence[Curve]) -> str:
    """Curve `a`, `b`, … of typical trials, with their 95 % intervals as bars, and what the letters mean."""
    known = [y for curve in drawn for y in (*curve.middle, *curve.low, *curve.high) if y is not None and y > 0]
    scale = "logarithmic" if known and max(known) > _WIDE * min(known) else "linear"
    letters = [ascii_lowercase[n % len(ascii_lowercase)] for n in range(len(drawn))]
    figure = plotext.figure
    figure.clear()
    figure.plot_size(WIDTH, HEIGHT)
    figure.title(f"{title}, by {drawn[0].parameter} ({scale})")
    values = list(dict.fromkeys(value for curve in drawn for value in curve.values))
    if scale == "logarithmic":
        figure.ruler("y").scale("log")
    for beside, (letter, curve) in enumerate(zip(letters, drawn, strict=True)):
        for value, middle, low, high in zip(curve.values, curve.middle, curve.low, curve.high, strict=True):
            x = values.index(value) + _BESIDE * beside
            if low is not None and high is not None:
                heights = np.linspace(max(low, min(known)), high, _BAR_CELLS).tolist()
                figure.draw(figure.signal([x] * _BAR_CELLS, heights, marker="│"))
            if middle is not None and (middle > 0 or scale == "linear"):
                figure.draw(figure.signal([x], [middle], marker=letter))
    figure.ruler("x").lim(-_BESIDE, len(values) - 1 + _BESIDE * len(drawn))
    figure.ruler("x").ticks(list(range(len(values))), values)
    lines = plotext.uncolorize(figure.build().string()).splitlines()
    meaning = [f"{letter} {curve.label}" for letter, curve in zip(letters, drawn, strict=True)]
    return "\n".join([line.rstrip() for line in lines] + meaning)
