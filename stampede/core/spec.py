"""The grammar of strategy specs: `xfetch(beta=2)+redis-lock(lease=5s,poll=20ms)`.

    spec   = call { "+" call }
    call   = name [ "(" name "=" call { "," name "=" call } ")" ]

This module knows the grammar only; which names exist is the registry's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from stampede.core.errors import UsageError

DEEPEST = 10
_TOKEN = re.compile(r"\s*(?:(?P<word>[A-Za-z0-9_.%-]+)|(?P<mark>[+(),=]))\s*")


@dataclass(frozen=True)
class Call:
    """One part of a spec: a name and its parameters as written. `column` counts from 1."""

    name: str
    params: dict[str, str] = field(default_factory=dict)
    column: int = field(default=1, compare=False)

    @classmethod
    def parse(cls, text: str) -> Call:
        """Read exactly one call.

        Raises:
            UsageError: the text is something else; the message names the column.
        """
        calls = parse_calls(text)
        if len(calls) != 1:
            raise UsageError(f"'{text}': expected one name with parameters, found {len(calls)}")
        return calls[0]

    def __str__(self) -> str:
        if not self.params:
            return self.name
        return f"{self.name}({','.join(f'{k}={v}' for k, v in self.params.items())})"


def parse_calls(text: str) -> list[Call]:
    """Read all calls of a spec, in the order written.

    Raises:
        UsageError: the text does not follow the grammar; the message names the column.
    """
    return _Reader(text).spec()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._tokens())
        self.at = 0

    def _tokens(self) -> list[tuple[str, int]]:
        tokens, position = [], 0
        while position < len(self.text):
            found = _TOKEN.match(self.text, position)
            if not found:
                position = len(self.text) - len(self.text[position:].lstrip())
                if position == len(self.text):
                    break
                raise self._error(position + 1, f"unexpected '{self.text[position]}'")
            kind = str(found.lastgroup)
            tokens.append((found[kind], found.start(kind) + 1))
            position = found.end()
        return tokens

    def _error(self, column: int, problem: str) -> UsageError:
        return UsageError(f"'{self.text}', column {column}: {problem}")

    def _peek(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def _take(self, what: str, mark: str = "") -> tuple[str, int]:
        end = len(self.text) + 1
        token, column = self.tokens[self.at] if self.at < len(self.tokens) else ("", end)
        wrong = token != mark if mark else not token or token in "+(),="
        if wrong:
            raise self._error(column, f"expected {what}, found {repr(token) if token else 'the end'}")
        self.at += 1
        return token, column

    def spec(self) -> list[Call]:
        calls = [self._call()]
        while self.at < len(self.tokens):
            self._take("'+' or the end", "+")
            calls.append(self._call())
        return calls

    def _call(self, what: str = "a name", depth: int = 0) -> Call:
        name, column = self._take(what)
        if depth > DEEPEST:
            raise self._error(column, f"brackets in brackets, more than {DEEPEST} deep")
        params: dict[str, str] = {}
        if self._peek() != "(":
            return Call(name, params, column)
        self._take("'('", "(")
        while True:
            key, key_column = self._take("a parameter's name")
            if key in params:
                raise self._error(key_column, f"'{key}' is given twice")
            self._take("'='", "=")
            # A value may have parameters of its own, as a distribution has.
            params[key] = str(self._call("a value", depth + 1))
            if self._peek() != ",":
                break
            self._take("','", ",")
        self._take("',' or ')'", ")")
        return Call(name, params, column)
