"""The commands, each imported when it is called: the help of all of them needs none."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

import typer
from typer.core import TyperGroup

from stampede.cli.panels import GroupedCommand

SUMMARIES = {
    "run": "Fire bursts at strategies; show what database and callers saw.",
    "compare": "Compare strategies with the first of them, in paired trials.",
    "diff": "Compare saved runs; exit with 1 if anything became worse.",
    "report": "Report saved runs again, in any format.",
    "list": "List strategies, scenarios, events and laws.",
    "explain": "Explain a strategy, a scenario, an event or a law.",
    "init": "Write a scenario to start from, with every default explained.",
    "calibrate": "Find out what this machine can measure validly.",
    "serve": "Serve a slow database over HTTP: the library's example.",
    "clean": "Remove from your Redis what killed runs have left there.",
}
"""Each is the function `command` of the file of its name here, with its `EXAMPLES`; its docstring begins so."""


class OnDemand(Mapping[str, Any]):
    """The commands by name."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in SUMMARIES:
            raise KeyError(name)
        if name not in self._made:
            module = importlib.import_module(f"stampede.cli.{name}")
            alone = typer.Typer(add_completion=False, rich_markup_mode=None)
            alone.command(name, cls=GroupedCommand, epilog=module.EXAMPLES)(module.command)
            self._made[name] = typer.main.get_command(alone)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(SUMMARIES)

    def __len__(self) -> int:
        return len(SUMMARIES)


class Commands(TyperGroup):
    """The group of all commands."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = OnDemand()  # type: ignore[assignment]  # it is only read

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write their names and summaries."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))
