"""A gate's message of a sweep, and a sweep that was saved before its points were figures."""

from __future__ import annotations

import json
from collections.abc import Callable

from stampede.measure.condition import Condition
from stampede.measure.judgement import GATED, judge
from stampede.measure.run import Run
from stampede.measure.trial import Trial
from stampede.reports.formats import csv
from stampede.reports.formats.json import render
from stampede.reports.read import parse


def test_a_gate_names_the_point_that_it_holds_at(trial: Callable[..., Trial], run: Callable[..., Run]) -> None:
    swept = [{"concurrency": size, "db-latency": "20ms"} for size in ("100", "500")]
    made = run(*(trial(db_hits=hits, swept=at) for hits, at in zip((1, 4), swept, strict=True)))
    assert judge(made, [Condition.parse("db_hits > 1", GATED, ["none"])]) == [
        "--fail-if 'db_hits > 1' at concurrency=500, db-latency=20ms: none: db_hits is 4"
    ]
    assert judge(made, [Condition.parse("none.db_hits > 1", GATED, ["none"])]) == [
        "--fail-if 'none.db_hits > 1' at concurrency=500, db-latency=20ms: none.db_hits is 4"
    ]


def test_a_run_without_a_sweep_names_no_point(trial: Callable[..., Trial], run: Callable[..., Run]) -> None:
    (failure,) = judge(run(trial(db_hits=4)), [Condition.parse("db_hits > 1", GATED, ["none"])])
    assert failure == "--fail-if 'db_hits > 1': none: db_hits is 4"


def test_a_sweep_that_was_saved_before_reports_as_ever(trial: Callable[..., Trial], run: Callable[..., Run]) -> None:
    document = json.loads(render(run(*(trial(swept={"db-latency": each}) for each in ("20ms", "1s")))))
    for each in (*document["trials"], *document["summary"]):
        each.pop("point")
    saved = parse(json.dumps(document).encode(), "old.json")
    assert [row.point for row in saved.summary] == [{"db_latency_ms": 20}, {"db_latency_ms": 1000}]
    head, *rows = csv.render(saved).decode().splitlines()
    at = head.split(",").index("db_latency_ms")
    assert [row.split(",")[at] for row in rows] == ["20", "1000"]
