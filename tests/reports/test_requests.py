"""Every request as CSV or as JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

from stampede.measure.requests import Requests
from stampede.measure.trial import Trial
from stampede.reports.formats.requests.csv import render as csv_lines
from stampede.reports.formats.requests.jsonl import render as json_lines

COLUMNS = [
    "scenario",
    "strategy",
    "trial",
    "instance",
    "key",
    "intended_s",
    "started_s",
    "ended_s",
    "outcome",
    "role",
    "version",
]
LEADER = ["cold-burst", "none", 1, 2, 0, 0.0, 0.001, 0.1, "ok", "leader", 3]
FAILED = ["cold-burst", "none", 1, 2, 1, 0.5, 0.502, 0.75, "error", "error", 0]
UNANSWERED = ["cold-burst", "none", 1, 2, 0, 0.0, None, None, "timeout", "error", 0]

MakeTrial = Callable[..., Trial]


def test_the_csv_has_the_columns_of_the_design_and_a_row_for_every_request(
    trial: MakeTrial, requests: Requests
) -> None:
    text = b"".join(csv_lines([(trial(), requests)])).decode()
    header, *rows = csv.reader(io.StringIO(text))
    assert header == COLUMNS
    expected = [["" if cell is None else str(cell) for cell in row] for row in (LEADER, FAILED, UNANSWERED)]
    assert rows == expected


def test_json_lines_have_the_columns_of_the_design_and_an_object_for_every_request(
    trial: MakeTrial, requests: Requests
) -> None:
    lines = b"".join(json_lines([(trial(), requests)])).splitlines()
    found = [json.loads(line) for line in lines]
    assert [list(each) for each in found] == [COLUMNS] * 3
    assert [list(each.values()) for each in found] == [LEADER, FAILED, UNANSWERED]


def test_the_requests_of_all_trials_follow_each_other(trial: MakeTrial, requests: Requests) -> None:
    recorded = [(trial(trial=number, strategy="a,b"), requests) for number in (1, 2)]
    rows = list(csv.DictReader(io.StringIO(b"".join(csv_lines(recorded)).decode())))
    assert [(row["trial"], row["strategy"]) for row in rows] == [("1", "a,b")] * 3 + [("2", "a,b")] * 3
    assert len(b"".join(json_lines(recorded)).splitlines()) == 6


def test_without_requests_the_csv_is_its_header_and_the_json_lines_are_none() -> None:
    assert b"".join(csv_lines([])).decode() == ",".join(COLUMNS) + "\n"
    assert b"".join(json_lines([])) == b""
