"""`stampede explain`: what a part, a mix or a scenario does."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    name: Annotated[str, typer.Argument(help="A strategy, a mix such as single-flight+ttl, or a scenario.")],
) -> None:
    """Explain a strategy or a scenario: mechanism, loads, waiting, staleness, failure, source."""
    from stampede.cli.console import ResultConsole
    from stampede.core import registry
    from stampede.core import scenario as scenarios
    from stampede.core.strategy import Strategy
    from stampede.reports.explanation import of_scenario, of_strategy

    console = ResultConsole()
    if name in scenarios.shipped() or name.endswith(".toml"):
        console.print(of_scenario(scenarios.load(name)))
        return
    known = [n for family in registry.STRATEGY_FAMILIES for n in registry.names(family)] + scenarios.shipped()
    if name.replace("-", "").replace("_", "").isalnum() and name not in known:
        from stampede.core.errors import UsageError

        raise UsageError(registry.unknown("name", name, known))
    console.print(of_strategy(Strategy.parse(name), name))
