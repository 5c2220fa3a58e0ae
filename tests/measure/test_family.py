"""Which questions a comparison asks."""

from __future__ import annotations

import numpy as np
import pytest

from stampede.measure.family import Question, adjusted, is_judged

OLD, NEW, OTHER = (np.array([1.0, 2.0, k]) for k in (3.0, 4.0, 5.0))


def test_constants_and_duplicates_are_no_questions() -> None:
    family = {
        ("a", "db_hits"): Question(1.0, np.ones(3), np.ones(3)),
        ("a", "failed"): Question(0.01, OLD, NEW),
        ("a", "errors"): Question(0.01, OLD, NEW),
        ("a", "latency_p99_ms"): Question(0.02, OLD, OTHER),
    }
    ps = adjusted(family)
    assert ("a", "db_hits") not in ps
    assert ps["a", "failed"] == ps["a", "errors"] == pytest.approx(0.02)  # two questions, not four
    assert ps["a", "latency_p99_ms"] == pytest.approx(0.02)


def test_primary_metrics_and_what_is_named_are_judged() -> None:
    assert is_judged("failed", ())
    assert not is_judged("redis_commands", ())
    assert is_judged("redis_commands", ["redis_commands"])
