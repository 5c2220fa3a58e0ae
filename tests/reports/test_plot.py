"""Plots for the terminal."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
import pytest

from stampede.measure.curve import LatencyCurve
from stampede.measure.load import Timeline
from stampede.measure.run import Run
from stampede.measure.trial import Trial
from stampede.reports.plot import render

MakeRun = Callable[..., Run]
MakeTrial = Callable[..., Trial]

CURVE = LatencyCurve([1.0, 0.5, 0.1, 0.0], [10.0, 20.0, 30.0, 200.0])


def test_both_plots_are_plain_and_fit_80_columns(run: MakeRun, trial: MakeTrial) -> None:
    text = render(run(trial(latency_curve=CURVE), trial(strategy="two-level", latency_curve=CURVE)))
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert [line for line in text.splitlines() if "trial" in line] == ["none, trial 1", "two-level, trial 1"]


def test_what_is_in_flight_is_solid_and_what_queues_is_shaded_on_top(run: MakeRun, trial: MakeTrial) -> None:
    timeline = Timeline(100.0, [20] * 10, [480 - 50 * n for n in range(10)])
    rows = render(run(trial(db_timeline=timeline))).splitlines()
    top, bottom = (row.partition("┤")[2].partition("│")[0] for row in rows if row.startswith(("500┤", "  0┤")))
    assert top.strip() == "░" * len(top.strip()) != ""
    assert bottom == "█" * len(bottom)


def test_the_histogram_has_its_highest_bar_where_most_callers_are(run: MakeRun, trial: MakeTrial) -> None:
    rows = render(run(trial(latency_curve=CURVE, db_timeline=None))).splitlines()
    top = next(row for row in rows if "┤" in row)
    assert "█" in top.partition("┤")[2][:6]
    assert "█" not in top.partition("┤")[2][6:]
    assert rows[-1].split() == ["50", "100", "150", "200"]


@pytest.mark.parametrize(
    "changes",
    [
        {"latency_curve": None, "db_timeline": None},
        {"latency_curve": LatencyCurve([1.0, 0.0], [5.0, 5.0])},
        {"db_timeline": Timeline(1.0, [0], [0])},
        {"latency_curve": None},
    ],
    ids=["nothing", "one latency", "an idle database", "no latency"],
)
def test_little_to_plot_is_no_crash(run: MakeRun, trial: MakeTrial, changes: dict[str, object]) -> None:
    assert render(run(msgspec.structs.replace(trial(), **changes))).startswith("none")


def boxes(text: str) -> list[list[str]]:
    """The inner rows of every box, from left to right and down."""
    found: list[list[str]] = []
    for block in text.split("\n\n"):
        rows = [
            re.findall(r"[│┤]([^│┤]*)(?=[│])", line) for line in block.splitlines() if re.search("[│┤].*│$", line)
        ]
        found += [list(column) for column in zip(*([row[0], row[-1]] for row in rows), strict=True)]
    return found


def test_empty_bins_are_empty(run: MakeRun, trial: MakeTrial) -> None:
    two_groups = LatencyCurve([1.0, 0.51, 0.5, 0.0], [100.0, 100.0, 190.0, 190.0])
    pause = Timeline(10.0, [5, 0, 0, 0, 5], [0] * 5)
    text = render(run(trial(latency_curve=two_groups, db_timeline=pause, duration_s=0.05, requests=1000)))
    for box in boxes(text):
        filled = [any(row[at] != " " for row in box) for at in range(len(box[0]))]
        assert filled[0]
        assert filled[-1]
        assert filled.count(False) > len(filled) / 2
        assert "".join("#" if each else " " for each in filled).split() == ["#" * n for n in groups(filled)]


def groups(filled: list[bool]) -> list[int]:
    """The lengths of the two stretches that are filled: one at either end."""
    first = filled.index(False)
    return [first, filled[::-1].index(False)]


@pytest.mark.parametrize("slowest", [10.02, 10.4, 13.0, 60.0, 199.0, 4000.0])
def test_ticks_never_repeat(run: MakeRun, trial: MakeTrial, slowest: float) -> None:
    curve = LatencyCurve([1.0, 0.5, 0.0], [10.0, 10.01, slowest])
    text = render(run(trial(latency_curve=curve, duration_s=slowest / 1000)))
    for half in (text.splitlines()[-1][:40], text.splitlines()[-1][40:]):
        ticks = half.split()
        assert len(ticks) == len(set(ticks)) > 1


def test_all_strategies_share_their_axes(run: MakeRun, trial: MakeTrial) -> None:
    quick, slow = (LatencyCurve([1.0, 0.0], [ms, 2 * ms]) for ms in (10.0, 1000.0))
    made = run(
        trial(latency_curve=slow, db_timeline=Timeline(100.0, [20] * 20, [480] * 20), duration_s=2.0),
        trial(
            strategy="two-level", latency_curve=quick, db_timeline=Timeline(1.0, [1] * 10, [0] * 10), duration_s=0.1
        ),
    )
    first, second = (block.splitlines() for block in render(made).split("\n\n"))
    assert first[-2:] == second[-2:]
    assert [row[:4] for row in first][1:] == [row[:4] for row in second][1:]
    load = boxes("\n".join(second))[0]
    assert load[-1].startswith("█")
    assert load[-1].count("█") <= 2


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_plots_are_as_wide_as_the_terminal(run: MakeRun, trial: MakeTrial, width: int) -> None:
    text = render(run(trial(latency_curve=CURVE)), width)
    assert width - 2 <= max(map(len, text.splitlines())) <= width
