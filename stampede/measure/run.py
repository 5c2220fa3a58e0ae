"""Everything that one command measured, with its environment: the JSON document."""

from __future__ import annotations

from typing import Any

import msgspec

from stampede.measure.comparison import Comparison
from stampede.measure.summary import Row
from stampede.measure.trial import Trial
from stampede.scenario.model import Scenario

SCHEMA = 2
"""In schema 1 the latencies were those of the callers that got a value, and nobody had counted the failures."""
FAKE_SLOW = "fake-slow SQLite"


class Run(msgspec.Struct, kw_only=True):
    """The JSON document's shape. `floor` is the harness's measure of itself: a burst of warm hits through `none`.

    `unmeasured` says of strategies why they could not be measured, or not to the end. `verdicts` are sentences for
    people, `warnings` what a reader must know who wants to believe them.
    """

    schema: int = SCHEMA
    stampede: str
    created: str
    environment: dict[str, Any]
    scenario: Scenario
    seed: int
    interrupted: bool = False
    stopped_by: str | None = None
    floor: Trial | None = None
    trials: list[Trial] = []
    summary: list[Row] = []
    unmeasured: dict[str, str] = {}
    comparison: Comparison | None = None
    verdicts: list[str] = []
    warnings: list[str] = []
