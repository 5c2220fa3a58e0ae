"""What a strategy or a scenario does, in words: the docstrings and first comments are the text."""

from __future__ import annotations

import inspect

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stampede.core import registry
from stampede.core.scenario import Scenario
from stampede.core.strategy import DEFAULTS, Strategy


def of_strategy(strategy: Strategy, written: str) -> RenderableType:
    """Every choice of the spec; defaults only where they were written."""
    parts: list[RenderableType] = []
    for family, call in strategy.calls():
        if DEFAULTS.get(family) == str(call) and call.name not in written and len(strategy.calls()) > 1:
            continue
        plugin = registry.load(family, call.name)
        parts.append(Text(f"{call.name} ({family}: {registry.STRATEGY_FAMILIES[family]})", style="bold"))
        parts.append(_sheet(inspect.getdoc(plugin) or ""))
        defaults = registry.parameters(plugin)
        if defaults:
            shown = {name: "…" if value is registry.REQUIRED else value for name, value in defaults.items()}
            text = ", ".join(f"{name}={value}" for name, value in shown.items())
            parts.append(Text(f"parameters: {call.name}({text})\n"))
    return Group(*parts)


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


def _sheet(docstring: str) -> RenderableType:
    """A docstring's first paragraph, and its `name: text` lines as a table that wraps well."""
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
    return Group(Text(head), _two_columns(rows))


def _two_columns(rows: dict[str, str]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, text in rows.items():
        table.add_row(Text(name), Text(text))
    return table
