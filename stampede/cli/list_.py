"""`stampede list`: strategies and scenarios."""

from __future__ import annotations


def command() -> None:
    """List the choices that strategies are made of, and the scenarios."""
    from stampede.cli.console import ResultConsole
    from stampede.core import registry
    from stampede.core import scenario as scenarios

    console = ResultConsole()
    for family, question in registry.STRATEGY_FAMILIES.items():
        names = registry.names(family)
        if names:
            rows = {name: registry.summary(registry.load(family, name)) for name in names}
            _section(console, f"{family}: {question}", rows)
    rows = {name: scenarios.load(name).description for name in scenarios.shipped()}
    _section(console, "scenarios", rows)
    console.print("Join choices with '+': stampede run -s none -s swr+two-level", markup=False)
    console.print("More of each: stampede explain NAME", markup=False)


def _section(console: object, title: str, rows: dict[str, str]) -> None:
    from rich.console import Console
    from rich.table import Table

    assert isinstance(console, Console)
    console.print(title, style="bold", markup=False)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in rows.items():
        table.add_row("  " + name, text)
    console.print(table, soft_wrap=False)
    console.print()
