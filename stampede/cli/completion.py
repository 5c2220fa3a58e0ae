"""What the shell offers after <TAB>."""

from __future__ import annotations


def specs(incomplete: str) -> list[str]:
    """Strategies that begin so."""
    from stampede.cli.continuations import continuations

    return continuations(incomplete)


def scenarios(incomplete: str) -> list[str]:
    """Shipped scenarios that begin so; without any the shell offers files."""
    from stampede.scenario.reading import shipped

    return [name for name in shipped() if name.startswith(incomplete)]


def names(incomplete: str) -> list[str]:
    """Everything that can be explained and begins so."""
    from stampede.core import registry

    laws = [name for family in registry.SCENARIO_FAMILIES for name in registry.names(family)]
    others = [name for name in [*laws, "lognormal", "exponential", "columns"] if name.startswith(incomplete)]
    return list(dict.fromkeys([*specs(incomplete), *scenarios(incomplete), *others]))
