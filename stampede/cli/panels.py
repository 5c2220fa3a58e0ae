"""Help with its options in groups: plain text, which is quicker than Rich's tables and cuts no word at 80 columns."""

from __future__ import annotations

from functools import partial
from typing import Any

import typer
from typer.core import TyperCommand

GROUPS = WHAT, AT, SERVERS, OUTPUT, GATES = "What to fire", "At what", "Servers", "Output", "Gates"
"""The groups, the values of `rich_help_panel`, in the order of help."""

of_firing = partial(typer.Option, rich_help_panel=WHAT)
of_target = partial(typer.Option, rich_help_panel=AT)
of_servers = partial(typer.Option, rich_help_panel=SERVERS)
of_output = partial(typer.Option, rich_help_panel=OUTPUT)
of_gates = partial(typer.Option, rich_help_panel=GATES)
"""An option of a group."""

WIDTH = 120
"""Columns of help on a terminal that has more."""

WIDEST = 32
"""Characters of an option's names; the text of one that is longer begins on the next line."""


class GroupedCommand(TyperCommand):
    """A command whose help has a section for each group that its options name."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections, all with columns alike."""
        groups: dict[str, list[tuple[str, str]]] = {group: [] for group in ("Arguments", *GROUPS, "Options")}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            usual = "Arguments" if parameter.param_type_name == "argument" else "Options"
            if record is not None:
                group: str = getattr(parameter, "rich_help_panel", None) or usual
                groups[group].append(record)
        width = min(WIDEST, max(len(names) for records in groups.values() for names, _ in records))
        for group, records in groups.items():
            if records:
                with formatter.section(group):
                    formatter.write_dl([(names.ljust(width), text) for names, text in records], col_max=WIDEST)


def examples(*lines: str) -> str:
    """An epilog of commands, each on a line of its own."""
    return "\n".join(["\b", "Examples:" if lines[1:] else "Example:", *(f"  {line}" for line in lines)])
