"""Plots for the terminal."""

from __future__ import annotations

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
    assert rows[-1].split()[0] == "10"
    assert rows[-1].split()[-1] == "200"


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
