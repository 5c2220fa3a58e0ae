"""Parts of a condition that can be evaluated; logic has three values, and what is unknown stays so."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Value = float | None
Figures = Mapping[str, Mapping[str, Value]]
Evaluate = Callable[[Figures, str], Value]


@dataclass
class Time:
    """A duration as written, in seconds; `unit`: the seconds in one of what it is compared with, 0 until known."""

    seconds: float
    column: int
    unit: float = 0.0


@dataclass(frozen=True)
class Part:
    """A parsed part: how to evaluate it, the names in it, and the durations in it that still await their unit."""

    evaluate: Evaluate
    names: frozenset[tuple[str, str]] = frozenset()
    times: tuple[Time, ...] = ()


def join(evaluate: Evaluate, left: Part, right: Part) -> Part:
    """A part that is made of two."""
    return Part(evaluate, left.names | right.names, left.times + right.times)


def lifted(compute: Callable[..., float], *parts: Part) -> Evaluate:
    """Unknown in, unknown out; so is what has no value, as 1/0."""

    def evaluate(rows: Figures, current: str) -> Value:
        values = [part.evaluate(rows, current) for part in parts]
        if None in values:
            return None
        try:
            value = float(compute(*values))
        except (ZeroDivisionError, OverflowError):
            return None
        return None if math.isnan(value) else value

    return evaluate


def logic(decisive: bool, *parts: Part) -> Evaluate:
    """False decides an `and`, True an `or`; else it is unknown if any part is (Kleene)."""

    def evaluate(rows: Figures, current: str) -> Value:
        values = [part.evaluate(rows, current) for part in parts]
        if any(value is not None and bool(value) is decisive for value in values):
            return float(decisive)
        return None if None in values else float(not decisive)

    return evaluate
