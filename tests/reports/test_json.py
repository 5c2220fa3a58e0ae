"""The whole run as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

from stampede.measure.run import Run
from stampede.measure.trial import Trial
from stampede.reports.formats.csv import COLUMNS
from stampede.reports.formats.json import render
from stampede.reports.read import parse

KEYS = ["schema", "stampede", "created", "environment", "scenario", "seed", "trials", "summary"]

MakeRun = Callable[..., Run]
MakeTrial = Callable[..., Trial]


def test_the_document_has_the_keys_of_the_design(run: MakeRun, trial: MakeTrial) -> None:
    document = json.loads(render(run(trial())))
    assert [key for key in document if key in KEYS] == KEYS
    assert (document["schema"], document["seed"]) == (2, 7)
    assert document["scenario"]["cache"]["ttl"] == "10s"
    assert document["scenario"]["database"]["latency"] == "100ms"


def test_a_trial_uses_the_names_of_the_csv(run: MakeRun, trial: MakeTrial) -> None:
    (found,) = json.loads(render(run(trial())))["trials"]
    assert list(found)[: len(COLUMNS)] == list(COLUMNS)


def test_the_document_is_one_line_of_strict_json(run: MakeRun, trial: MakeTrial) -> None:
    text = render(run(trial(latency_p50_ms=None, error_messages={'"quoted"\n<b>naïve ✗</b>': 1})))
    assert text.count(b"\n") == 1
    found = json.loads(text, parse_constant=lambda name: 1 / 0)["trials"][0]
    assert found["latency_p50_ms"] is None
    assert found["error_messages"] == {'"quoted"\n<b>naïve ✗</b>': 1}


def test_a_saved_run_reads_back_whole(run: MakeRun, trial: MakeTrial) -> None:
    whole = run(trial(), trial(trial=2, valid=False, reasons=["why"]), floor=trial(strategy="none"), interrupted=True)
    again = parse(render(whole), "run.json")
    assert render(again) == render(whole)
    assert (again.trials, again.summary, again.floor) == (whole.trials, whole.summary, whole.floor)
