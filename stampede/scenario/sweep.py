"""One scenario at many points: `concurrency=100,500` and `db-latency=20ms,100ms` are four."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stampede.core.errors import UsageError
from stampede.core.registry import unknown
from stampede.scenario import checking
from stampede.scenario.model import Scenario
from stampede.scenario.overrides import PARAMETERS, override, parse

_OUTSIDE_BRACKETS = re.compile(r",(?![^()]*\))")


class Point(NamedTuple):
    """The scenario with one value of each swept parameter, and these as written."""

    swept: dict[str, str]
    scenario: Scenario


def swept(sweeps: Sequence[str]) -> set[str]:
    """The names in `NAME=VALUE,VALUE,…`, of whatever they are."""
    return {_name(text) for text in sweeps}


def points(scenario: Scenario, sweeps: Sequence[str], fixed: Mapping[str, Any] | None = None) -> list[Point]:
    """All combinations of `NAME=VALUE,VALUE,…`, the last one changing fastest; just the scenario without any.

    `fixed` has parsed values of other parameters, which every point has.

    Raises:
        UsageError: an unknown parameter, one given twice, a value twice, or values that do not fit together.
    """
    axes: dict[str, list[tuple[str, Any]]] = {}
    for text in sweeps:
        name, values = _name(text), text.partition("=")[2].strip()
        if name not in PARAMETERS:
            raise UsageError(f"--sweep {text}: {unknown('parameter', name, PARAMETERS)}")
        if name in axes:
            raise UsageError(f"--sweep {text}: '{name}' is swept twice: put all its values into one")
        axes[name] = _values(text, name, values)
    result = []
    for chosen in itertools.product(*axes.values()):
        here = {name: value for name, (_, value) in zip(axes, chosen, strict=True)}
        at = override(scenario, {**(fixed or {}), **here})
        checking.check(at)
        result.append(Point({name: written for name, (written, _) in zip(axes, chosen, strict=True)}, at))
    return result


def _name(text: str) -> str:
    return text.partition("=")[0].strip()


def _values(text: str, name: str, values: str) -> list[tuple[str, Any]]:
    """Each value as it is printed, and parsed."""
    found: dict[str, Any] = {}
    for written in _OUTSIDE_BRACKETS.split(values):
        value = parse(name, f"--sweep {text}", written.strip())
        shown = str(value).lower() if isinstance(value, bool) else str(value)  # as TOML writes it
        if shown in found:
            raise UsageError(f"--sweep {text}: {shown} is in it twice")
        found[shown] = value
    return list(found.items())
