"""The grammar of conditions, read by a Pratt parser into closures over the figures.

    or         = and { "or" and }
    and        = not { "and" not }
    not        = "not" not | comparison
    comparison = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
    sum        = product { ("+" | "-") product }
    product    = unary { ("*" | "/") unary }
    unary      = "-" unary | number | duration | name | "(" or ")"
    name       = [ strategy "." ] metric         the strategy in quotes if it is more than letters, digits and "-"

Nothing is ever handed to Python's own evaluation.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable

from stampede.core.errors import UsageError
from stampede.core.metrics import METRICS, SECONDS
from stampede.core.registry import unknown
from stampede.core.units import Duration
from stampede.measure.three_valued import Part, Time, join, lifted, logic

MOST_TOKENS = 200
_TOKEN = re.compile(
    r"""(?P<name>(?:(?:"[^"]*"|[A-Za-z][A-Za-z0-9-]*)\s*\.\s*)?[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:us|ms|s|m|h)?(?![A-Za-z0-9_.]))
      | (?P<mark><=|>=|==|!=|[-+*/()<>])""",
    re.VERBOSE | re.ASCII,
)
_WORDS = ("and", "or", "not")
_COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_COMPUTE: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_BINDING = {"or": 1, "and": 2, **dict.fromkeys(_COMPARE, 4), "+": 5, "-": 5, "*": 6, "/": 6}
_NOT, _MINUS = 3, 7


class Parser:
    """Top-down operator precedence (Pratt 1973)."""

    def __init__(self, text: str, metrics: list[str], strategies: list[str], timed: bool) -> None:
        self.text, self.metrics, self.strategies, self.timed = text, metrics, strategies, timed
        self.tokens = self._tokens()
        self.at = 0

    def _tokens(self) -> list[tuple[str, str, int]]:
        """(kind, text, column) of each, and the end; words are marks, too."""
        tokens, position = [], 0
        while (position := position + len(self.text[position:]) - len(self.text[position:].lstrip())) < len(
            self.text
        ):
            found = _TOKEN.match(self.text, position)
            if not found:
                hint = ": write ==" if self.text[position] == "=" else ""
                raise self._error(position + 1, f"unexpected '{self.text[position]}'{hint}")
            kind = "mark" if found[0] in _WORDS else str(found.lastgroup)
            tokens.append((kind, found[0], position + 1))
            position = found.end()
            if len(tokens) > MOST_TOKENS:
                raise self._error(position, f"more than {MOST_TOKENS} words: give several --fail-if instead")
        return [*tokens, ("end", "the end", len(self.text) + 1)]

    def _error(self, column: int, problem: str) -> UsageError:
        return UsageError(f"'{self.text}', column {column}: {problem}")

    def _take(self) -> tuple[str, str, int]:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def whole(self) -> Part:
        part = self._expression(0)
        kind, word, column = self.tokens[self.at]
        if kind != "end":
            raise self._error(column, f"expected an operator or the end, found '{word}'")
        return self._logical(part)

    def _expression(self, binding: int) -> Part:
        left = self._operand()
        while (power := _BINDING.get(self.tokens[self.at][1], 0)) > binding:
            mark = self._take()[1]
            right = self._expression(power)
            if mark in _COMPARE:
                left = self._compare(mark, left, right)
            elif mark in _COMPUTE:
                left = join(lifted(_COMPUTE[mark], left, right), left, right)
            else:
                left, right = self._logical(left), self._logical(right)
                left = join(logic(mark == "or", left, right), left, right)
        return left

    def _operand(self) -> Part:
        kind, word, column = self._take()
        if kind == "name":
            return self._name(word, column)
        if kind == "number":
            return self._number(word, column)
        if word == "not":
            part = self._logical(self._expression(_NOT))
            return Part(lifted(operator.not_, part), part.names)
        if word == "-":
            part = self._expression(_MINUS)
            return Part(lifted(operator.neg, part), part.names, part.times)
        if word != "(":
            raise self._error(column, f"expected a name or a number, found {_shown(kind, word)}")
        part = self._expression(0)
        kind, word, column = self._take()
        if word != ")":
            raise self._error(column, f"expected ')', found {_shown(kind, word)}")
        return part

    def _name(self, word: str, column: int) -> Part:
        strategy, _, metric = (piece.strip() for piece in word.rpartition("."))
        strategy = strategy.strip('"')
        if strategy and strategy not in self.strategies:
            raise self._error(column, unknown("strategy", strategy, self.strategies))
        if metric not in self.metrics:
            of_tables = {each.label: each.name for each in METRICS.values() if each.name in self.metrics}
            meant = f"unknown name '{metric}': did you mean '{of_tables[metric]}'?" if metric in of_tables else ""
            raise self._error(column, meant or unknown("name", metric, self.metrics))
        return Part(lambda rows, current: rows[strategy or current].get(metric), frozenset({(strategy, metric)}))

    def _number(self, word: str, column: int) -> Part:
        if not word[-1].isalpha():
            value = float(word)
            if math.isinf(value):
                raise self._error(column, "a number that is larger than any figure")
            return Part(lambda rows, current: value)
        time = Time(float(Duration.parse(word)), column)
        return Part(lambda rows, current: time.seconds / time.unit, times=(time,))

    def _compare(self, mark: str, left: Part, right: Part) -> Part:
        both = join(lifted(_COMPARE[mark], left, right), left, right)
        units = {_unit(metric) if self.timed else 0.0 for _, metric in both.names}
        if len(units) == 1 and (unit := units.pop()):
            for time in both.times:
                time.unit = unit
        _, word, column = self.tokens[self.at]
        if word in _COMPARE:
            raise self._error(column, "comparisons do not chain: join two with 'and'")
        return self._logical(both)

    def _logical(self, part: Part) -> Part:
        """The part, as it is going to be taken for true or false: all its durations must have found a unit."""
        for time in part.times:
            if not time.unit:
                raise self._error(time.column, "a duration can be compared with a time, in _ms or in _s, and only so")
        return Part(part.evaluate, part.names)


def _unit(metric: str) -> float:
    """Seconds that a metric counts in; 0: it is no time."""
    return SECONDS.get(METRICS[metric].unit, 0.0) if metric in METRICS else 0.0


def _shown(kind: str, word: str) -> str:
    return word if kind == "end" else f"'{word}'"
