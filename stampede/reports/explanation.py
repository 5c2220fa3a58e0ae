"""What a strategy or a scenario does, in words: the docstrings and first comments are the text."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stampede.core import registry
from stampede.core.scenario import Scenario
from stampede.core.strategy import DEFAULTS, Strategy


class Part(NamedTuple):
    """One choice of a strategy: its docstring's head and labelled lines, and its parameters as one writes them."""

    title: str
    head: str
    sheet: dict[str, str]
    parameters: str


def parts(strategy: Strategy, written: str) -> list[Part]:
    """Every choice of the spec; defaults only where they were written."""
    result = []
    for family, call in strategy.calls():
        if DEFAULTS.get(family) == str(call) and call.name not in written and len(strategy.calls()) > 1:
            continue
        plugin = registry.load(family, call.name)
        head, sheet = _sheet(inspect.getdoc(plugin) or "")
        title = f"{call.name} ({family}: {registry.STRATEGY_FAMILIES[family]})"
        result.append(Part(title, head, sheet, _parameters(call.name, plugin)))
    return result


def _parameters(name: str, plugin: type[Any]) -> str:
    defaults = registry.parameters(plugin).items()
    shown = (f"{key}={'…' if value is registry.REQUIRED else value}" for key, value in defaults)
    return f"{name}({', '.join(shown)})" if defaults else ""


def of_strategy(strategy: Strategy, written: str) -> RenderableType:
    """The parts, one below the other."""
    result: list[RenderableType] = []
    for part in parts(strategy, written):
        result += [Text(part.title, style="bold"), Text(part.head), _two_columns(part.sheet)]
        if part.parameters:
            result.append(Text(f"parameters: {part.parameters}\n"))
    return Group(*result)


def of_scenario(scenario: Scenario) -> RenderableType:
    """What a scenario shows and what it fires."""
    work, database = scenario.workload, scenario.database
    rows = {
        "strategies": " ".join(scenario.strategies),
        "workload": f"{work.arrivals}, keys {work.keys}"
        + (f", {work.concurrency:,} callers" if work.concurrency else ""),
        "cache": f"starts {scenario.cache.start}, ttl {scenario.cache.ttl}",
        "database": f"{database.latency}, {database.connections} connections",
        "fleet": f"{scenario.fleet.instances} instances",
    }
    return Group(Text(scenario.name, style="bold"), Text(scenario.description + "\n"), _two_columns(rows))


def _sheet(docstring: str) -> tuple[str, dict[str, str]]:
    """A docstring's first paragraph, and its `name: text` lines."""
    head, _, body = docstring.partition("\n\n")
    rows: dict[str, str] = {}
    name = ""
    for line in body.splitlines():
        label, colon, text = line.partition(":")
        if colon and not line.startswith(" "):
            name = label
            rows[name] = text.strip()
        elif name:
            rows[name] += " " + line.strip()
    return head, rows


def _two_columns(rows: dict[str, str]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, text in rows.items():
        table.add_row(Text(name), Text(text))
    return table
