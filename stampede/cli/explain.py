"""`stampede explain`: what a strategy, a mix, a scenario, an event or a law does."""

from __future__ import annotations

from typing import Annotated

import typer

from stampede.cli import completion
from stampede.cli.panels import examples

EXAMPLES = examples(
    "stampede explain two-level",
    "stampede explain 'xfetch(beta=2)+lease'",
    "stampede explain hot-key-expiry",
)


def command(
    name: Annotated[
        str,
        typer.Argument(
            help="A strategy, a mix such as swr+two-level, a scenario, an event or a law: what stampede list shows; "
            "a metric, a heading of a table, a field of scenarios; or columns: all of exports and tables.",
            autocompletion=completion.names,
        ),
    ],
) -> None:
    """Explain a strategy, a scenario, an event or a law."""
    from stampede.cli.console import ResultConsole
    from stampede.reports.explanation import everything

    ResultConsole().print(everything(name))
