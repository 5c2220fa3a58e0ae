"""Every request of a run, as rows that any format can write."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

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


def rows(trial: Trial, requests: Requests) -> Iterator[tuple[Any, ...]]:
    """One row per request, with `COLUMNS`; None: it never came to that."""
    head = (trial.scenario, trial.strategy, trial.trial)
    columns = (requests.instance.tolist(), requests.key.tolist())
    times = [[None if math.isnan(t) else round(t, 6) for t in column.tolist()] for column in _times(requests)]
    ends = (requests.outcome.tolist(), requests.role.tolist(), requests.version.tolist())
    for instance, key, intended, started, ended, outcome, role, version in zip(*columns, *times, *ends, strict=True):
        yield (*head, instance, key, intended, started, ended, _OUTCOMES[outcome], _ROLES[role], version)


def _times(requests: Requests) -> tuple[Any, Any, Any]:
    return requests.intended, requests.started, requests.ended
