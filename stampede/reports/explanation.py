"""What a strategy or a scenario does, in words: the docstrings and first comments are the text."""

from __future__ import annotations

import inspect
import re
from difflib import get_close_matches
from itertools import chain
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stampede.core import registry
from stampede.core.errors import UsageError
from stampede.core.spec import parse_calls
from stampede.protection.strategy import DEFAULTS, Strategy
from stampede.reports import glossary
from stampede.reports.terms import meanings, terms
from stampede.scenario import reading
from stampede.scenario.model import Scenario

COLUMNS = "columns"


class Part(NamedTuple):
    """One choice of a strategy: its docstring's head and labelled lines, and its parameters as one writes them."""

    title: str
    head: str
    sheet: dict[str, str]
    parameters: str


def parts(strategy: Strategy, written: str) -> list[Part]:
    """Every choice of the spec; defaults only where they were written."""
    return [
        part_of(family, call.name)
        for family, call in strategy.calls()
        if DEFAULTS.get(family) != str(call) or call.name in written or len(strategy.calls()) == 1
    ]


def part_of(family: str, name: str) -> Part:
    """A plug-in's sheet and its parameters. Raises UsageError if there is none of that name."""
    plugin = registry.load(family, name)
    head, sheet = _sheet(inspect.getdoc(plugin) or "")
    if promise := getattr(plugin, "promise", None):
        sheet["promises"] = str(promise)
    defaults = registry.parameters(plugin).items()
    shown = (f"{key}={'…' if value is registry.REQUIRED else value}" for key, value in defaults)
    return Part(
        f"{name} ({family}: {registry.FAMILIES[family]})",
        head,
        sheet,
        f"{name}({', '.join(shown)})" if defaults else "",
    )


def _shown(part: Part) -> RenderableType:
    parameters = [Text(f"parameters: {part.parameters}")] if part.parameters else []
    return Group(Text(part.title, style="bold"), Text(part.head), _two_columns(part.sheet), *parameters, Text())


def everything(name: str) -> RenderableType:
    """All that goes by the name: a scenario and an event or a law may share one; else it is a strategy.

    Raises:
        UsageError: nothing does, or a parameter does not exist.
    """
    if name == COLUMNS:
        exported = (section(glossary.HEADINGS[kind], rows) for kind, rows in glossary.columns().items())
        return Group(*exported, section(glossary.OF_TABLES, glossary.headings()))
    if name.endswith(".toml"):
        return of_scenario(reading.load(name))
    found = [of_scenario(reading.load(name))] if name in reading.shipped() else []
    meant = meanings(name)
    if not found and name not in (known := _names()):
        if meant:
            return _meanings(name, meant)
        if "(" not in name and "+" not in name:
            raise UsageError(_unknown(name, known))
    calls = [] if found and "/" in name else parse_calls(name)
    for family in registry.SCENARIO_FAMILIES:
        if len(calls) == 1 and calls[0].name in registry.names(family):
            if calls[0].params:
                registry.convert(registry.load(family, calls[0].name), calls[0].name, calls[0].params)
            found.append(_shown(part_of(family, calls[0].name)))
    found = found or list(map(_shown, parts(Strategy.parse(name), name)))
    return Group(*found, *([_meanings(name, meant)] if meant else []))


def _meanings(name: str, meant: dict[str, str]) -> RenderableType:
    """What a column, a field or a law of latency of that name means."""
    titles = [Text(f"{name} ({what})", style="bold") for what in meant]
    return Group(*chain(*((title, Text(text), Text()) for title, text in zip(titles, meant.values(), strict=True))))


def _unknown(name: str, known: list[str]) -> str:
    """Of so many names only the list of those that have a summary is shown."""
    close = get_close_matches(name.replace("-", "_"), terms(), n=1, cutoff=0.7)
    if close and not get_close_matches(name, known, n=1, cutoff=0.7):
        return f"unknown name '{name}': did you mean '{close[0]}'? stampede explain columns has all columns"
    return registry.unknown("name", name, known)


def _names() -> list[str]:
    plugins = [name for family in registry.FAMILIES for name in registry.names(family)]
    return list(dict.fromkeys([*plugins, *reading.shipped(), COLUMNS]))


def of_scenario(scenario: Scenario) -> RenderableType:
    """What a scenario shows and what it fires; what it leaves out is left out."""
    work, database, client = scenario.workload, scenario.database, scenario.client
    callers = f", {work.concurrency:,} callers" if work.concurrency else ""
    writes = (
        f", {work.writes:g} writes a second{' that invalidate' if work.invalidate else ''}" if work.writes else ""
    )
    rows = {
        "strategies": " ".join(map(str, scenario.strategies)),
        "workload": f"{work.arrivals}, keys {work.keys}{callers}{writes}",
        "cache": f"starts {scenario.cache.start}, ttl {scenario.cache.ttl}",
        "database": f"{database.latency}, {database.connections} connections{', cancels' if database.cancel else ''}",
        "fleet": f"{scenario.fleet.instances} instances",
    }
    if scenario.fleet.redis_pool:
        rows["fleet"] += f", Redis commands in {scenario.fleet.redis_commands}"
    if client.timeout:
        again = f", then {client.retries} retries, {client.backoff} apart" if client.retries else ""
        rows["client"] = f"gives up after {client.timeout}{again}"
    if scenario.events:
        rows["events"] = "\n".join(f"{event.do} at {event.at}" for event in scenario.events)
    if scenario.expected:
        rows["expected"] = "\n".join(
            f"{each.strategy}: {each.metric} {each.value:g}{f' ± {100 * each.within:g} %' if each.within else ''}"
            for each in scenario.expected
        )
    return Group(Text(scenario.name, style="bold"), Text(scenario.description), _two_columns(rows), Text())


def section(title: str, rows: dict[str, str]) -> RenderableType:
    """A list of names with a line on each, below a title."""
    return Group(Text(title, style="bold"), _two_columns({f"  {name}": text for name, text in rows.items()}), Text())


def first_sentence(text: str) -> str:
    """As much of a description as a list has room for."""
    return re.split(r"(?<=[.?]) (?=[A-Z])", text)[0]


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
