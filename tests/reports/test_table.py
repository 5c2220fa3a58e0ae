"""The table for the terminal."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from rich.console import Console

from stampede.measure.run import Run
from stampede.measure.trial import Trial
from stampede.reports.table import show
from stampede.scenario.model import Scenario

MakeRun = Callable[..., Run]
MakeTrial = Callable[..., Trial]

WIDTHS = [80, 120]
MARKUP = ["[bold]x[/bold]", "[/]", "[red]", "a[0]", "[link=http://x]y[/link]", "x\\", ":boom:"]
BIG: dict[str, Any] = {
    "requests": 10_000,
    "ok": 9_000,
    "errors": 900,
    "timeouts": 100,
    "db_hits": 10_000,
    "amplification": 10_000.0,
    "db_peak_in_flight": 200,
    "db_peak_queued": 9_800,
    "latency_p50_ms": 25_123.4,
    "latency_p90_ms": 45_123.4,
    "latency_p99_ms": 49_123.4,
    "latency_max_ms": 50_123.4,
    "redis_commands": 1_234_567,
    "arrival_spread_ms": 123.4,
}


def printed(run: Run, width: int) -> str:
    """What a terminal of this width shows, without styles."""
    console = Console(width=width, record=True, highlight=False, force_terminal=True, file=io.StringIO())
    show(run, console)
    return console.export_text(styles=False)


def unwrapped(text: str) -> str:
    """The text without its line breaks and spaces, to find what was folded."""
    return "".join(text.split())


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(run: MakeRun, trial: MakeTrial, width: int) -> None:
    lines = printed(
        run(
            trial(),
            trial(strategy="xfetch(beta=2)+redis-lock(lease=5s,poll=20ms,poll-max=100ms)+fail-safe", **BIG),
            trial(strategy="two-level", valid=False, reasons=["why " * 40], warnings=["careful " * 20]),
            trial(strategy="redis-lock", error_messages={"no " * 60: 3}),
            floor=trial(),
        ),
        width,
    ).splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_no_figure_is_cut_off_however_large(run: MakeRun, trial: MakeTrial, width: int) -> None:
    text = printed(run(trial(strategy="redis-lock-notify", **BIG)), width)
    assert "…" not in text
    for figure in ("10000/1", "10000×", "200+9800", "25123", "45123", "49123", "50123", "1000", "123.46"):
        assert any(figure in word for word in text.split()), figure


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", MARKUP)
def test_names_that_look_like_markup_are_shown_as_they_are(
    run: MakeRun, trial: MakeTrial, scenario: Scenario, name: str, width: int
) -> None:
    strange = msgspec.structs.replace(scenario, name=name)
    text = printed(
        run(
            trial(strategy=name, scenario=name, valid=False, reasons=[f"reason {name}"]),
            trial(strategy="two-level", warnings=[f"warning {name}"], error_messages={f"message {name}": 2}),
            scenario=strange,
        ),
        width,
    )
    assert text.startswith(f"{name}: 500 callers")
    assert unwrapped(name) in unwrapped(text.split("\n", 3)[3])
    assert f"{name}: INVALID: reason {name}" in text
    assert f"two-level: warning: warning {name}" in text
    assert f"two-level: 2 errors: message {name}" in text


def test_the_heading_says_what_was_fired_at_what(run: MakeRun, trial: MakeTrial) -> None:
    assert " ".join(printed(run(trial()), 120).split()).startswith(
        "cold-burst: 500 callers, burst, keys single, over 4 instances, "
        "database 100ms × 20 connections, 1 trial, seed 7"
    )


def test_a_database_of_ones_own_is_named_and_its_peaks_are_unknown(run: MakeRun, trial: MakeTrial) -> None:
    own = {"database": "postgresql+asyncpg://me:***@[::1]/db"}
    text = printed(run(trial(db_peak_in_flight=None, db_peak_queued=None), environment=own), 120)
    assert "database postgresql+asyncpg://me:***@[::1]/db (hits as the instances count them)" in " ".join(
        text.split()
    )
    (row,) = (line for line in text.splitlines() if line.startswith("none ") and line.split()[-1] == "yes")
    assert row.split()[3] == "–"


def test_every_strategy_is_a_row_with_its_figures(run: MakeRun, trial: MakeTrial) -> None:
    stampeding = trial(db_hits=500, amplification=500.0, db_peak_in_flight=20, db_peak_queued=480, db_hits_ideal=1)
    text = printed(run(stampeding, trial(strategy="two-level")), 120)
    none, two_level = (line.split() for line in text.splitlines() if line.startswith(("none", "two-level ")))
    assert none[1:4] == ["500/1", "500×", "20+480"]
    assert two_level[1:4] == ["1/1", "1×", "1"]
    assert (none[-1], two_level[-1]) == ("yes", "yes")


def test_an_invalid_trial_is_said_and_explained(run: MakeRun, trial: MakeTrial) -> None:
    bad = trial(valid=False, reasons=["arrival spread 90 ms is above half the database latency"])
    text = printed(run(bad), 120)
    assert "none: INVALID: arrival spread 90 ms is above half the database latency" in text
    assert "NO" in text.split()
    text = printed(run(bad, trial(trial=2), trial(trial=3)), 120)
    assert "none: 1 of 3 trials INVALID: arrival spread 90 ms" in text
    assert "2/3" in text.split()


def test_a_percentile_that_rests_on_too_few_requests_is_marked(run: MakeRun, trial: MakeTrial) -> None:
    few = printed(run(trial(requests=20)), 120)
    assert "~ rests on fewer than five requests beyond the percentile" in few
    assert few.split().count("~100") == 2
    assert "~" not in printed(run(trial(requests=500)), 120)


def test_a_figure_that_nobody_has_is_a_dash(run: MakeRun, trial: MakeTrial) -> None:
    nothing = trial(latency_p50_ms=None, latency_p90_ms=None, latency_p99_ms=None, latency_max_ms=None, ok=0)
    lines = [line for line in printed(run(nothing), 120).splitlines() if line.startswith("none ")]
    assert lines[0].split().count("–") == 4


def test_flights_that_went_on_without_redis_are_shown_where_there_were_any(run: MakeRun, trial: MakeTrial) -> None:
    assert "degra-" not in printed(run(trial()), 80)
    assert "degra-" in printed(run(trial(degraded=7)), 80)


def test_loads_that_were_not_executed_are_shown_and_told(run: MakeRun, trial: MakeTrial) -> None:
    all_of_them = trial(db_hits=500, db_executed=500, db_abandoned=0)
    some = trial(db_hits=500, db_executed=320, db_abandoned=170)
    assert "aban-" not in printed(run(all_of_them), 80)
    shown = printed(run(some), 80)
    assert "aban-" in shown
    assert ["none", "320", "170"] in [line.split() for line in shown.splitlines()]
    assert unwrapped("500 DB hits where 1 would do (320 executed, 170 abandoned; p99") in unwrapped(shown)


def test_errors_are_shown_with_their_count_over_all_trials(run: MakeRun, trial: MakeTrial) -> None:
    text = printed(run(trial(error_messages={"no": 2}), trial(trial=2, error_messages={"no": 1, "never": 1})), 120)
    assert "none: 3 errors: no" in text
    assert "none: 1 error: never" in text


def test_an_interrupted_run_says_so_also_without_any_trial(run: MakeRun, trial: MakeTrial) -> None:
    assert "interrupted: only the trials that had ended are shown" in printed(run(trial(), interrupted=True), 80)
    assert printed(run(interrupted=True), 80).startswith("cold-burst: ")


@pytest.mark.parametrize("width", [20, 40])
def test_a_terminal_that_is_too_narrow_is_no_crash(run: MakeRun, trial: MakeTrial, width: int) -> None:
    lines = printed(run(trial()), width).splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width


def test_from_three_trials_on_the_table_says_how_far_they_differ(run: MakeRun, trial: MakeTrial) -> None:
    fired = [
        trial(trial=number, strategy=strategy, latency_p50_ms=100.0, latency_p99_ms=p99)
        for strategy, tails in {"none": (2500.0, 2511.0, 2504.0), "two-level": (105.0, 105.0, 105.0)}.items()
        for number, p99 in enumerate(tails, 1)
    ]
    text = printed(run(*fired), 80)
    _, spread = text.split("\n\n")
    assert [line.split() for line in spread.splitlines()[:2]] == [["p99", "ms"], ["strategy", "of", "trials"]]
    assert [line.split() for line in spread.splitlines()[3:5]] == [["none", "2504", "±7.0"], ["two-level", "105"]]
    assert "±" not in printed(run(*(each for each in fired if each.trial < 3)), 80)
