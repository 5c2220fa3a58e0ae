"""The run as one page for a browser: a single file with everything in it, which asks no network for anything.

Needs plotly, of the extra `report`, for the JavaScript that draws. The page's own parts are in the folder `page`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from itertools import groupby
from string import Template

from stampede.core.errors import UsageError
from stampede.measure.expected import reproduced
from stampede.measure.run import Run
from stampede.protection.strategy import Strategy
from stampede.reports import comparison, notes, table
from stampede.reports.columns import always, further, named, title
from stampede.reports.explanation import Part, parts
from stampede.reports.formats.page import data
from stampede.reports.spread import Columns
from stampede.reports.words import facts, told

NEEDS = ("plotly", "report")
"""The package that this format needs, and the extra that has it."""

MOST_COLUMNS = 12
"""So many figures fit beside a name on a screen of 1,400 pixels."""

FEW = 8
"""So many notes are read."""

SCRIPTS = ("frame", "panels", "latency", "requests", "swept", "compared", "sequence", "main")
"""The page's own, in the order in which they build on each other."""


def render(run: Run) -> bytes:
    """The page. Raises ModuleNotFoundError without plotly, which `files.check` finds out before."""
    from plotly.offline import get_plotlyjs

    scripts = {"plotly": get_plotlyjs(), "script": "".join(_part(f"{name}.js") for name in SCRIPTS)}
    return Template(_part("page.html")).substitute(
        scripts,
        hashes=" ".join(f"'sha256-{_digest(text)}'" for text in scripts.values()),
        style=_part("page.css"),
        data=data.as_json(run),
        title=escape(f"stampede: {run.scenario.name}"),
        heading=_breakable(table.heading(run).plain),
        description=escape(run.scenario.description),
        told="".join(f"<p>{_breakable(line)}</p>" for line in told(run)),
        events=_events(run),
        tables="".join(_table(run, shown) for shown in _side_by_side([always(run), *further(run)])),
        comparison=_comparison(run),
        expected=_expected(run),
        notes=_list([note.plain for note in notes.of(run)]),
        explanations="".join(_explanation(label) for label in dict.fromkeys(row.strategy for row in run.summary)),
        environment=_rows(facts(run)),
    ).encode()  # fmt: skip


def _part(name: str) -> str:
    return files("stampede.reports.formats").joinpath("page", name).read_text("utf-8")


def _digest(script: str) -> str:
    """What lets this script run, and no other: the page's content security policy names it."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _events(run: Run) -> str:
    """What happened, by the numbers that the plots mark it with."""
    events = sorted(run.scenario.events, key=lambda event: float(event.at))
    items = "".join(f"<li>{_breakable(f'{event.do} at {event.at}')}</li>" for event in events)
    return f"<p>The numbered lines are what happened meanwhile:</p><ol class=events>{items}</ol>" if items else ""


def _side_by_side(groups: Iterable[Columns]) -> list[Columns]:
    """As many groups of columns in one table as there is room for."""
    tables: list[Columns] = []
    for group in groups:
        if tables and len(tables[-1]) + len(group) <= MOST_COLUMNS:
            tables[-1] = [*tables[-1], *group]
        else:
            tables.append(group)
    return tables


def _table(run: Run, figures: Columns) -> str:
    (strategy, name), *points = named(run)
    shown = [*points, *figures]
    titles = [title(heading) for heading, _ in shown]
    lines = [
        f"<tr data-row='{number}'{'' if row.valid else ' class=invalid'}><th scope=row>{_breakable(name(row))}</th>"
        + _cells(titles, (cell(row) for _, cell in shown))
        + "</tr>"
        for number, row in enumerate(run.summary)
    ]
    return _tabulated([strategy, *titles], [lines])


def _comparison(run: Run) -> str:
    """The ratios, those of one strategy below its name."""
    if run.comparison is None:
        return ""
    _, *titles = comparison.TITLES
    groups = []
    for name, rows in groupby(comparison.rows(run.comparison), key=lambda row: row[0]):
        head = f"<tr><th scope=rowgroup colspan={len(titles)}>{_breakable(name)}</th></tr>"
        groups.append([head, *(f"<tr>{_cells(titles, row[1:])}</tr>" for row in rows)])
    shown = _tabulated(titles, groups, "narrow")
    return f"<p>{escape(comparison.how(run.comparison, run.seed))}</p>{shown}"


def _expected(run: Run) -> str:
    _, *titles = table.EXPECTED
    rows = [
        f"<tr><th scope=row>{_breakable(name)}</th>{_cells(titles, cells)}</tr>"
        for name, *cells in map(table.expected_cells, reproduced(run))
    ]
    return f"<h2>Expected and measured</h2>{_tabulated(table.EXPECTED, [rows])}" if rows else ""


def _tabulated(titles: Iterable[str], groups: Iterable[Iterable[str]], kind: str = "wide") -> str:
    """A table; on a narrow screen each row of a wide one becomes a card, whose figures name their columns."""
    head = "".join(f"<th scope=col>{escape(title)}</th>" for title in titles)
    bodies = "".join(f"<tbody>{''.join(rows)}</tbody>" for rows in groups)
    return (
        f"<div class='figures {kind}' role=region aria-label='figures' tabindex=0><table>"
        f"<thead><tr>{head}</tr></thead>{bodies}</table></div>"
    )


def _cells(titles: Iterable[str], texts: Iterable[str]) -> str:
    shown = zip(titles, texts, strict=True)
    return "".join(f'<td data-title="{escape(title)}">{escape(text)}</td>' for title, text in shown)


def _breakable(text: str) -> str:
    """Mixes and laws in it may be broken where their parts meet; numbers with commas may not."""
    return re.sub(r"(?<=[+,])(?=[a-z])", "<wbr>", escape(text))


def _list(texts: Sequence[str]) -> str:
    """The first few in sight, the others folded away."""
    first, others = ("".join(f"<li>{_breakable(text)}</li>" for text in part) for part in (texts[:FEW], texts[FEW:]))
    folded = f"<details><summary>{len(texts) - FEW} more</summary><ul>{others}</ul></details>" if others else ""
    return f"<ul>{first}</ul>{folded}" if first else ""


def _rows(rows: dict[str, str]) -> str:
    return "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in rows.items()) + "</dl>"


def _explanation(written: str) -> str:
    """What a strategy is, folded away; one that is not installed here has only its name."""
    try:
        known = parts(Strategy.parse(written), written)
    except UsageError:
        known = []
    body = "".join(map(_explained, known)) or "<p>It is not installed where this page was made.</p>"
    return f"<details><summary>{escape(written)}</summary>{body}</details>"


def _explained(part: Part) -> str:
    parameters = f"<p>Parameters: <code>{escape(part.parameters)}</code></p>" if part.parameters else ""
    return f"<h3>{escape(part.title)}</h3><p>{escape(part.head)}</p>{_rows(part.sheet)}{parameters}"
