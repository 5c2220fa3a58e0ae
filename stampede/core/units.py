"""Durations and shares as people write them: `250ms`, `2s`, `1m`; `5%`."""

from __future__ import annotations

import math
import re

from stampede.core.errors import UsageError

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|m|h)")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*(%?)")


class Duration(float):
    """A span of time in seconds, always above zero."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: object) -> Duration:
        """Read `250ms`, `2s`, `1.5m`.

        Raises:
            UsageError: no number, no or an unknown unit, or not above zero.
        """
        found = _DURATION.fullmatch(str(text).strip())
        if not found:
            raise UsageError(f"'{text}' is not a duration: write it like 250ms, 2s or 1m")
        seconds = float(found[1]) * _UNITS[found[2]]
        if not 0 < seconds < math.inf:
            raise UsageError(f"'{text}' is not a usable duration: it must be longer than zero")
        return cls(seconds)

    def __str__(self) -> str:
        """Write it back in the largest unit that keeps it short: `1.5s`, `20ms`."""
        for unit in ("h", "m", "s", "ms"):
            if self >= _UNITS[unit]:
                return _short(self / _UNITS[unit]) + unit
        return _short(self / _UNITS["us"]) + "us"

    __repr__ = __str__


def in_words(seconds: float) -> str:
    """A time that somebody waits: `12 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def share(text: str) -> float:
    """Read `5%` or `0.05` as 0.05.

    Raises:
        UsageError: no number, not above zero, or a percentage whose sign was forgotten.
    """
    found = _SHARE.fullmatch(text.strip())
    if found and not found[2] and float(found[1]) >= 1:
        raise UsageError(f"'{text}' would be {100 * float(found[1]):.6g}%: write {found[1]}%, or 0.05 for 5%")
    value = float(found[1]) / (100 if found[2] else 1) if found else 0.0
    if not 0 < value < math.inf:
        raise UsageError(f"'{text}' is not a usable share: write it like 5%, above zero")
    return value


def _short(number: float) -> str:
    """Six significant digits, and never an exponent, which `parse` would not read."""
    digits = max(0, 5 - math.floor(math.log10(number)))
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
