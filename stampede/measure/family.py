"""The family of hypotheses: the questions that a comparison asks, each of which makes the others harder to answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from stampede.core.metrics import METRICS, PRIMARY
from stampede.measure.significance import Floats, holm

Key = tuple[str, str]


class Question(NamedTuple):
    """Whether one metric of one strategy differs: its p-value, and the trials of both sides."""

    p: float
    first: Floats
    second: Floats

    @property
    def constant(self) -> bool:
        """Whether all trials of both sides are alike, so that there is nothing to ask."""
        return np.unique(np.concatenate([self.first, self.second])).size <= 1


def is_judged(metric: str, named: Collection[str]) -> bool:
    """Whether a verdict is given: on primary metrics, on those that a gate names, and on how often a trial is bad."""
    return metric in PRIMARY or metric in named or METRICS[metric].maximum


def adjusted(questions: Mapping[Key, Question]) -> dict[Key, float]:
    """The p-values of (strategy, metric), adjusted for all of them; constants and duplicates are no questions.

    A duplicate, as `errors` is of `failed` where nothing timed out, has the answer of the first.
    """
    first: dict[tuple[str, bytes, bytes], Key] = {}
    answers: dict[Key, Key] = {}
    for key, question in questions.items():
        if not question.constant:
            data = (key[0], question.first.tobytes(), question.second.tobytes())
            answers[key] = first.setdefault(data, key)
    asked = list(first.values())
    ps = dict(zip(asked, holm([questions[key].p for key in asked]), strict=True))
    return {key: ps[answer] for key, answer in answers.items()}
