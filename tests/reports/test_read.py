"""Saved runs, read back."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from stampede.core.errors import StampedeError, UsageError
from stampede.measure.run import SCHEMA, Run
from stampede.measure.trial import Trial
from stampede.reports.formats import csv, html, md
from stampede.reports.formats import json as as_json
from stampede.reports.read import parse, read
from stampede.reports.table import show
from stampede.scenario.model import Scenario

MakeRun = Callable[..., Run]
MakeTrial = Callable[..., Trial]

RESULT = Path(__file__).parents[2] / "results" / "cold-burst.json"
DOCUMENT = json.loads(RESULT.read_bytes())
del DOCUMENT["trials"][len(DOCUMENT["summary"]) :]  # one of each strategy: `places` looks into no more of them
DOCUMENT["trials"][0] |= {
    "latency_curve": {"beyond": [1.0, 0.5, 0.0], "ms": [1.0, 2.0, 3.0]},
    "staleness_timeline": {"step_ms": 1.0, "max_ms": [0.0, 2.5], "stale": [0, 1]},
    "sample": {"of": 1, "instance": [0], "started_ms": [0.5], "ended_ms": [None], "role": [1], "outcome": [2]},
}
DOCUMENT["comparison"] = {
    "reference": "none",
    "strategies": [
        {
            "strategy": "two-level",
            "pairs": 3,
            "dropped": 0,
            "ratios": [
                {
                    "metric": "db_hits",
                    "ratio": 0.5,
                    "low": 0.4,
                    "high": 0.6,
                    "p": 0.01,
                    "pairs": 3,
                    "verdict": "lower",
                }
            ],
        }
    ],
    "ended_by": "precision",
}
TEXT = json.dumps(DOCUMENT)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def printed(run: Run) -> str:
    console = Console(width=100, file=io.StringIO(), highlight=False, record=True)
    show(run, console, plot=True)
    return console.export_text()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything in a document; of long lists the first ones."""
    inner = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


PLACES = [place for place in places(DOCUMENT) if place]


def changed(place: tuple[Any, ...], value: Any) -> bytes:
    document = json.loads(TEXT)  # ten times as quick as a deep copy
    at = document
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return json.dumps(document).encode()


def test_a_saved_run_reports_identically(run: MakeRun, trial: MakeTrial, tmp_path: Path) -> None:
    whole = run(
        trial(), trial(trial=2, valid=False, reasons=["why"]), trial(strategy="two-level", warnings=["so"]),
        floor=trial(), interrupted=True, verdicts=["two-level is better"],
    )  # fmt: skip
    path = tmp_path / "run.json"
    path.write_bytes(as_json.render(whole))
    again = read(path)
    for report in (as_json, csv, md, html):
        assert report.render(again) == report.render(whole)
    assert printed(again) == printed(whole)
    assert "two-level is better" in printed(again)


def test_a_run_of_before_there_were_plots_is_still_reported() -> None:
    old = json.loads(TEXT)
    old.pop("comparison")
    for trial in (old["floor"], *old["trials"]):
        for field in ("latency_curve", "staleness_timeline", "sample"):
            trial.pop(field, None)
    old.pop("verdicts", None)
    text = printed(parse(json.dumps(old).encode(), "old.json"))
    assert "two-level" in text
    assert "DB: █ in flight" in text


def test_a_newer_schema_is_refused_and_says_so() -> None:
    newer = changed(("schema",), SCHEMA + 1)
    with pytest.raises(UsageError, match=rf"new.json.*schema {SCHEMA + 1} .*upgrade stampede-bench"):
        parse(newer, "new.json")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"", "truncated"),
        (RESULT.read_bytes()[:5000], "truncated"),
        (b"scenario,strategy\n", "malformed"),
        (b'{"hello": "world"}', "schema"),
        (b"[" * 100_000, "array"),
        (b"\xff\xfe", "malformed"),
        (changed(("trials", 0, "requests"), "many"), r"Expected `int`, got `str`.*trials\[0\].requests"),
        (changed(("scenario", "cache"), 5), "cache"),
        (changed(("scenario", "workload", "arrivals"), "brst"), "did you mean 'burst'"),
        (changed(("schema",), 0), ">= 1"),
        (changed(("trials", 0, "db_timeline", "in_flight"), []), "equally long"),
    ],
)
def test_what_is_no_run_is_one_line_that_names_the_file(document: bytes, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        parse(document, "it.json")
    assert "it.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_without_trials_has_nothing_to_report() -> None:
    with pytest.raises(UsageError, match=r"'it\.json' has no trials"):
        parse(changed(("trials",), []), "it.json")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none.json", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(UsageError, match=f"cannot read '{path}': {why}"):
            read(path)


@given(st.binary() | st.integers(0, len(RESULT.read_bytes()) - 2).map(lambda end: RESULT.read_bytes()[:end]))
def test_bytes_that_are_no_whole_run_are_a_usage_error(document: bytes) -> None:
    with pytest.raises(UsageError):
        parse(document, "it.json")


@settings(max_examples=150)
@given(st.sampled_from(PLACES), JSON)
def test_a_run_with_anything_changed_is_reported_or_refused(place: tuple[Any, ...], value: Any) -> None:
    with contextlib.suppress(StampedeError):
        run = parse(changed(place, value), "it.json")
        for render in (printed, md.render, csv.render, html.render):
            assert render(run)


def test_a_strategy_that_is_not_installed_here_is_still_reported(
    run: MakeRun, trial: MakeTrial, scenario: Scenario
) -> None:
    page = html.render(parse(as_json.render(run(trial(strategy="theirs #2"))), "it.json")).decode()
    assert "<summary>theirs #2</summary><p>It is not installed" in page
