"""Conditions under which a command fails: `db_hits > 1`, `two-level.latency_p99_ms > 150ms and two-level.errors`.

A name without a strategy stands for every strategy in turn, and the condition holds if it holds for any. Logic has
three values: a figure that nobody has (the latency of requests that all failed) makes a comparison unknown, and what
is unknown is no pass. The grammar is in `condition_parser`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from stampede.measure.condition_parser import Parser
from stampede.measure.three_valued import Evaluate, Figures, Value


@dataclass(frozen=True)
class Condition:
    """A condition that must not hold. `names` are (strategy or "", metric)."""

    text: str
    names: frozenset[tuple[str, str]]
    evaluate: Evaluate = field(repr=False)

    @classmethod
    def parse(cls, text: str, metrics: Iterable[str], strategies: Iterable[str], timed: bool = True) -> Condition:
        """Read a condition. `timed`: metrics ending in `_ms` and `_s` are times that durations may be compared with.

        Raises:
            UsageError: it does not follow the grammar, or has a name that is not known; the message names the column.
        """
        part = Parser(text, list(metrics), list(strategies), timed).whole()
        return cls(text, part.names, part.evaluate)

    def failures(self, figures: Figures, at: str = "") -> list[str]:
        """For which strategies it holds, with the figures that made it hold; `figures` has valid ones only.
        `at` says where they are from, if that is to be told.

        A condition about a strategy that has no valid figures is not judged.
        """
        named = {strategy for strategy, _ in self.names if strategy}
        if not named <= figures.keys():
            return []
        every = any(not strategy for strategy, _ in self.names)
        found = []
        for strategy in figures if every else list(figures)[:1]:
            value = self.evaluate(figures, strategy)
            if value is None or value:
                seen = ", ".join(self._seen(figures, strategy))
                where = f"{strategy}: " if every else ""
                found.append(f"--fail-if '{self.text}'{at}: {where}{seen}" + (" (unknown)" if value is None else ""))
        return found

    def _seen(self, figures: Figures, current: str) -> list[str]:
        rows = sorted(self.names)
        return [
            f"{strategy + '.' if strategy else ''}{name} is {_plain(figures[strategy or current].get(name))}"
            for strategy, name in rows
        ] or ["it always holds"]


def _plain(value: Value) -> str:
    return "unknown" if value is None else f"{value:.6g}"
