"""`stampede list`: strategies, scenarios and what scenarios are made of."""

from __future__ import annotations

from typing import Annotated

from stampede.cli.panels import examples, of_output

Json = Annotated[bool, of_output("--json", help="Print it as JSON.")]

EXAMPLES = examples(
    "stampede list",
    "stampede list --json",
)


def command(json: Json = False) -> None:
    """List strategies, scenarios, events and laws."""
    from stampede.cli.console import ResultConsole
    from stampede.core import registry
    from stampede.reports.explanation import first_sentence, section
    from stampede.scenario import reading

    plugins = {family: _summaries(family) for family in registry.FAMILIES}
    shipped = [reading.load(name) for name in reading.shipped()]
    own = {each.name: first_sentence(each.description) for each in shipped if not each.expected}
    published = {each.name: ", ".join(map(str, each.strategies)) for each in shipped if each.expected}
    if json:
        _print_json(plugins | {"scenarios": {each.name: first_sentence(each.description) for each in shipped}})
        return
    console = ResultConsole()
    for family in registry.STRATEGY_FAMILIES:
        console.print(section(_title(family), plugins[family]))
    console.print("Join choices with '+': stampede run -s none -s swr+two-level\n", markup=False)
    console.print(section("scenarios", own))
    console.print(section("scenarios that print published or derived figures beside the measured ones", published))
    for family in registry.SCENARIO_FAMILIES:
        console.print(section(_title(family), plugins[family]))
    console.print("More of each: stampede explain NAME", markup=False)


def _print_json(listed: dict[str, dict[str, str]]) -> None:
    """Each family with its names, and a line on each."""
    import msgspec

    from stampede.cli.console import print_document

    print_document(msgspec.json.encode(listed) + b"\n")


def _summaries(family: str) -> dict[str, str]:
    from stampede.core import registry

    return {name: _summary(family, name) for name in registry.names(family)}


def _summary(family: str, name: str) -> str:
    """Its summary, or why there is none: one that is broken keeps no other from being listed."""
    from stampede.core import registry
    from stampede.core.errors import PluginBroken

    try:
        return registry.summary(registry.load(family, name))
    except PluginBroken as error:
        return str(error)


def _title(family: str) -> str:
    from stampede.core import registry

    return f"{family}: {registry.FAMILIES[family]}"
