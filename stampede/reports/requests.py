"""Every request of a run, as CSV or as JSON lines."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from stampede.core.model import Outcome, Role
from stampede.measure.requests import Requests
from stampede.measure.trial import Trial

COLUMNS = (
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
)
_OUTCOMES = [outcome.name.lower() for outcome in Outcome]
_ROLES = [role.name.lower() for role in Role]

Recorded = Sequence[tuple[Trial, Requests]]


def csv_lines(recorded: Recorded) -> Iterator[bytes]:
    """The CSV file, piece by piece; a time that never came is an empty cell."""
    yield ",".join(COLUMNS).encode() + b"\n"
    for trial, requests in recorded:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(_rows(trial, requests))
        yield text.getvalue().encode()


def json_lines(recorded: Recorded) -> Iterator[bytes]:
    """One JSON object a line; a time that never came is null."""
    for trial, requests in recorded:
        objects = (dict(zip(COLUMNS, row, strict=True)) for row in _rows(trial, requests))
        yield b"".join(msgspec.json.encode(each) + b"\n" for each in objects)


def _rows(trial: Trial, requests: Requests) -> Iterable[tuple[Any, ...]]:
    head = (trial.scenario, trial.strategy, trial.trial)
    columns = (requests.instance.tolist(), requests.key.tolist())
    times = [[None if math.isnan(t) else round(t, 6) for t in column.tolist()] for column in _times(requests)]
    ends = (requests.outcome.tolist(), requests.role.tolist(), requests.version.tolist())
    for instance, key, intended, started, ended, outcome, role, version in zip(*columns, *times, *ends, strict=True):
        yield (*head, instance, key, intended, started, ended, _OUTCOMES[outcome], _ROLES[role], version)


def _times(requests: Requests) -> tuple[Any, Any, Any]:
    return requests.intended, requests.started, requests.ended
