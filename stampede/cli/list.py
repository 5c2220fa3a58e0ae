"""`stampede list`: strategies, scenarios and what scenarios are made of."""

from __future__ import annotations


def command() -> None:
    """List strategies, scenarios, events and laws."""
    from stampede.cli.console import ResultConsole
    from stampede.core import registry
    from stampede.reports.explanation import first_sentence, section
    from stampede.scenario import reading

    console = ResultConsole()
    for family in registry.STRATEGY_FAMILIES:
        console.print(section(*_family(family)))
    console.print("Join choices with '+': stampede run -s none -s swr+two-level\n", markup=False)
    shipped = [reading.load(name) for name in reading.shipped()]
    own = {each.name: first_sentence(each.description) for each in shipped if not each.expected}
    console.print(section("scenarios", own))
    published = {each.name: ", ".join(map(str, each.strategies)) for each in shipped if each.expected}
    console.print(section("scenarios that print published or derived figures beside the measured ones", published))
    for family in registry.SCENARIO_FAMILIES:
        console.print(section(*_family(family)))
    console.print("More of each: stampede explain NAME", markup=False)


def _family(family: str) -> tuple[str, dict[str, str]]:
    from stampede.core import registry

    rows = {name: _summary(family, name) for name in registry.names(family)}
    return f"{family}: {registry.FAMILIES[family]}", rows


def _summary(family: str, name: str) -> str:
    """Its summary, or why there is none: one that is broken keeps no other from being listed."""
    from stampede.core import registry
    from stampede.core.errors import PluginBroken

    try:
        return registry.summary(registry.load(family, name))
    except PluginBroken as error:
        return str(error)
