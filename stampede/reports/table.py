"""The run as a Rich table for the terminal, readable from 80 columns on."""

from __future__ import annotations

import re

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from stampede.measure.expected import Reproduced, reproduced
from stampede.measure.run import FAKE_SLOW, Run
from stampede.reports import comparison, details, notes
from stampede.reports.cells import many, number, plain_table
from stampede.reports.columns import always, further, named
from stampede.reports.spread import Columns
from stampede.reports.words import NOTHING_MEASURED, told
from stampede.scenario.model import DatabaseSetup, Workload

NAME_WIDTH = 17
"""The longest name of a single choice, `redis-lock-notify`, fits."""


def show(run: Run, console: Console, plot: bool = False, detailed: bool = False) -> None:
    """Print the table, the sentence and the notes; details and plots, if they are asked for."""
    console.print(renderable(run))
    if detailed:
        console.print(Group(*_details(run)))
    if plot:
        from stampede.reports.plot import render

        console.print("\n" + render(run, console.width), markup=False, soft_wrap=True)


def renderable(run: Run) -> RenderableType:
    """Everything that a run prints."""
    parts: list[RenderableType] = [heading(run)]
    if run.summary:
        parts += [_table(run, always(run))]
        for more in further(run):
            parts += [Text(""), _table(run, more)]
        parts += [*comparison.parts(run), *_told(run), *_expected(run), *notes.of(run)]
    elif run.interrupted:
        parts += [Text(NOTHING_MEASURED, style="bold yellow")]
    return Group(*parts)


def _details(run: Run) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for about, titles, words, rows in details.tables(run):
        shown = plain_table(titles, right=titles[words:], fold=titles[:words])
        for label, *cells in rows:
            shown.add_row(Text(_folded(label)), *map(Text, cells))
        parts += [Text(f"\n{about}"), shown]
    return parts


def _told(run: Run) -> list[RenderableType]:
    """What was seen, in words, and a sweep's plots."""
    lines: list[RenderableType] = [Text(line, style="bold" if line in run.verdicts else "") for line in told(run)]
    if any(trial.swept for trial in run.trials):
        from stampede.reports import sweep

        return [*sweep.parts(run), *lines]
    return lines


def heading(run: Run) -> Text:
    """What was fired at what."""
    scenario = run.scenario
    work, database, trials = scenario.workload, scenario.database, scenario.trials or 1
    return Text.assemble(
        (scenario.name, "bold"),
        f": {_callers(work)}{work.arrivals}, keys {work.keys}, over {many(scenario.fleet.instances, 'instance')}, "
        f"{_database(run, database)}, {many(trials, 'trial')}, seed {run.seed}{_swept(run)}",
    )


def _swept(run: Run) -> str:
    values: dict[str, dict[str, None]] = {}
    for trial in run.trials:
        for name, value in trial.swept.items():
            values.setdefault(name, {})[value] = None
    return "; swept: " * bool(values) + " × ".join(f"{name} {', '.join(each)}" for name, each in values.items())


def _database(run: Run, model: DatabaseSetup) -> str:
    own = run.environment.get("database", FAKE_SLOW)
    if own != FAKE_SLOW:
        return f"database {own} (hits as the instances count them)"
    return f"database {model.latency} × {many(model.connections, 'connection')}"


def _callers(work: Workload) -> str:
    return "" if work.concurrency is None else f"{work.concurrency:,} callers, "


EXPECTED = ("strategy", "metric", "expected", "measured", "ratio", "source")


def expected_cells(each: Reproduced) -> tuple[str, ...]:
    """A published or derived figure beside the measured one, below the titles `EXPECTED`."""
    ratio = "–" if each.ratio is None else f"{each.ratio:.2f}"
    return each.strategy, each.metric, number(each.expected), number(each.measured), ratio, each.source


def _expected(run: Run) -> list[RenderableType]:
    compared = reproduced(run)
    if not compared:
        return []
    words = ("strategy", "source")
    table = plain_table(EXPECTED, right=set(EXPECTED) - {*words, "metric"}, fold=set(EXPECTED) - {"metric"})
    for each in compared:
        strategy, *cells = expected_cells(each)
        table.add_row(Text(_folded(strategy)), *map(Text, cells), style="" if each.agrees else "yellow")
    return [Text(""), table]


def _table(run: Run, columns: Columns) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0), collapse_padding=True)
    (strategy, name), *points = named(run)
    table.add_column(strategy, overflow="fold")
    for heading, _ in points:
        table.add_column(heading, justify="right", overflow="fold")
    for heading, _ in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in run.summary:
        style = "" if row.valid else "dim"
        cells = [Text(cell(row)) for _, cell in (*points, *columns)]
        table.add_row(Text(_folded(name(row))), *cells, style=style)
    return table


def _folded(spec: str) -> str:
    """A mix over several lines, broken where its parts meet."""
    lines = [""]
    for part in re.split(r"(?<=\+)(?![^(]*\))", spec):
        if lines[-1] and len(lines[-1] + part) > NAME_WIDTH:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)
