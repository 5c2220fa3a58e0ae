"""A strategy: one choice of each family, read from a spec such as `swr(grace=5s)+two-level+fail-safe`."""

from __future__ import annotations

from dataclasses import dataclass

from stampede.core import registry
from stampede.core.errors import UsageError
from stampede.core.plugin import as_text
from stampede.core.spec import Call, parse_calls

DEFAULTS = {"freshness": "ttl", "coalescing": "none"}


@as_text
@dataclass(frozen=True, eq=False)
class Strategy:
    """The parsed spec; `str()` is its canonical form: families in a fixed order, defaults left out."""

    freshness: Call
    coalescing: Call
    resilience: tuple[Call, ...] = ()
    locality: Call | None = None

    @classmethod
    def parse(cls, written: object) -> Strategy:
        """Read a spec and check names and parameters.

        Raises:
            UsageError: an unknown name or parameter, or an impossible mix; the message names the column.
        """
        text = str(written)
        chosen: dict[str, list[Call]] = {family: [] for family in registry.STRATEGY_FAMILIES}
        for call in parse_calls(text):
            family = family_of(call, text)
            plugin = registry.load(family, call.name)
            registry.convert(plugin, call.name, call.params)
            if chosen[family] and family != "resilience":
                raise UsageError(
                    f"'{text}', column {call.column}: '{call.name}' and '{chosen[family][0].name}' both decide "
                    f"{registry.STRATEGY_FAMILIES[family]}: keep one"
                )
            if any(call.name == other.name for other in chosen[family]):
                raise UsageError(f"'{text}', column {call.column}: '{call.name}' is given twice: keep one")
            chosen[family].append(call)
        _check_mix(chosen, text)
        single = {family: (chosen[family] or [Call(name)])[0] for family, name in DEFAULTS.items()}
        resilience = tuple(sorted(chosen["resilience"], key=lambda call: call.name))
        return cls(**single, resilience=resilience, locality=next(iter(chosen["locality"]), None))

    @classmethod
    def foreign(cls, text: object) -> Strategy:
        """One that is not installed here, by its name: it can be shown, and nothing else."""
        return cls(Call(DEFAULTS["freshness"]), Call(str(text)))

    def calls(self) -> list[tuple[str, Call]]:
        """Family and call of every choice, defaults too."""
        first = [("locality", self.locality)] if self.locality else []
        both = [("freshness", self.freshness), ("coalescing", self.coalescing)]
        return first + both + [("resilience", call) for call in self.resilience]

    def needs(self) -> frozenset[type]:
        """The capabilities of a store that its choices need."""
        return frozenset(need for family, call in self.calls() for need in registry.load(family, call.name).needs)

    def __str__(self) -> str:
        shown = [str(call) for family, call in self.calls() if str(call) != DEFAULTS.get(family)]
        return "+".join(shown) or DEFAULTS["coalescing"]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Strategy) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def family_of(call: Call, text: str) -> str:
    """The family in which the call's name is found.

    Raises:
        UsageError: in none.
    """
    for family in registry.STRATEGY_FAMILIES:
        if call.name in registry.names(family):
            return family
    known = [name for family in registry.STRATEGY_FAMILIES for name in registry.names(family)]
    where = f" (column {call.column} of '{text}')" if call.name != text else ""
    raise UsageError(registry.unknown("strategy", call.name, known) + where)


def _check_mix(chosen: dict[str, list[Call]], text: str) -> None:
    names = {call.name for calls in chosen.values() for call in calls}
    for family, calls in chosen.items():
        for call in calls:
            for other, why in registry.load(family, call.name).excludes.items():
                if other in names:
                    raise UsageError(f"'{text}', column {call.column}: '{call.name}' cannot go with '{other}': {why}")
