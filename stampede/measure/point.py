"""A point of a sweep as figures: a duration is a number of milliseconds, and its column says so."""

from __future__ import annotations

import re
from collections.abc import Mapping

from stampede.core.errors import UsageError
from stampede.core.units import Duration

Figure = int | float | str
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,15})?")


def point(swept: Mapping[str, str]) -> dict[str, Figure]:
    """The swept values, as written, below the names of their columns: `db_latency_ms`, or `db_latency` of a law."""
    return dict(_figure(name.replace("-", "_"), written) for name, written in swept.items())


def _figure(name: str, written: str) -> tuple[str, Figure]:
    if _NUMBER.fullmatch(written):
        return name, _short(float(written))
    try:
        return f"{name}_ms", _short(1000 * Duration.parse(written))
    except UsageError:
        return name, written


def _short(number: float) -> float:
    """Without the noise of the multiplication, and whole where it is."""
    rounded = round(number, 6)
    return int(rounded) if rounded.is_integer() else rounded


def at(swept: Mapping[str, str]) -> str:
    """Which point it is, in words: ` at instances=2, ttl=1s`; nothing where nothing was swept."""
    return " at " * bool(swept) + ", ".join(f"{name}={written}" for name, written in swept.items())
