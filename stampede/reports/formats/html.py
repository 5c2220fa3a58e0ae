"""The run as one page for a browser: a single file with everything in it, which asks no network for anything.

Needs plotly, of the extra `report`, for the JavaScript that draws. The page's own parts are in the folder `page`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import msgspec

from stampede.core.errors import UsageError
from stampede.core.metrics import In, shown_in
from stampede.core.model import Outcome, Role
from stampede.measure import curve
from stampede.measure.expected import reproduced
from stampede.measure.run import Run
from stampede.measure.summary import by_strategy, typical, valid_or_all
from stampede.measure.sweep import curves
from stampede.measure.trial import Trial
from stampede.protection.strategy import Strategy
from stampede.reports import comparison, table
from stampede.reports.columns import columns, title
from stampede.reports.explanation import Part, parts
from stampede.reports.words import facts, told

FIRST = "latency_p99_ms"
METRICS = dict(
    sorted(((name, metric.title) for name, metric in shown_in(In.PAGE).items()), key=lambda m: m[0] != FIRST)
)
"""What can be followed from trial to trial, with its label; the first is shown at first."""

NEEDS = ("plotly", "report")
"""The package that this format needs, and the extra that has it."""

_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def render(run: Run) -> bytes:
    """The page. Raises ModuleNotFoundError without plotly, which `files.check` finds out before."""
    from plotly.offline import get_plotlyjs

    scripts = {"plotly": get_plotlyjs(), "script": _part("page.js")}
    return Template(_part("page.html")).substitute(
        scripts,
        hashes=" ".join(f"'sha256-{_digest(text)}'" for text in scripts.values()),
        style=_part("page.css"),
        data=_data(run),
        title=escape(f"stampede: {run.scenario.name}"),
        heading=escape(table.heading(run).plain),
        description=escape(run.scenario.description),
        told="".join(f"<p>{escape(line)}</p>" for line in told(run)),
        table=_table(run),
        comparison=_comparison(run),
        expected=_expected(run),
        notes=_list(note.plain for note in table.notes(run)),
        explanations="".join(_explanation(label) for label in dict.fromkeys(row.strategy for row in run.summary)),
        environment=_rows(facts(run)),
    ).encode()  # fmt: skip


def _part(name: str) -> str:
    return files("stampede.reports.formats").joinpath("page", name).read_text("utf-8")


def _digest(script: str) -> str:
    """What lets this script run, and no other: the page's content security policy names it."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


# -- what the plots show ---------------------------------------------------------------------------------------------


def _data(run: Run) -> str:
    """JSON that no HTML parser can take for an end of the script element around it."""
    several = len({row.scenario for row in run.summary}) > 1
    data = {
        "metrics": METRICS,
        "sweep": {metric: [curve._asdict() for curve in curves(run, metric)] for metric in METRICS},
        "roles": [role.name.lower() for role in Role],
        "outcomes": [outcome.name.lower() for outcome in Outcome],
        "strategies": [
            _plotted(f"{row.label} in {row.scenario}" if several else row.label, trials)
            for row, trials in zip(run.summary, by_strategy(run.trials).values(), strict=True)
        ],
    }
    return msgspec.json.encode(data).decode().translate(_UNSAFE)


def _plotted(label: str, trials: list[Trial]) -> dict[str, Any]:
    """One strategy: what holds for all its trials, and one that stands for them where only one can be drawn."""
    counted, one = valid_or_all(trials), typical(trials)
    return {
        "label": label,
        "shown": one.trial,
        "database": one.db_timeline,
        "staleness": one.staleness_timeline,
        "curve": curve.over_trials([trial.latency_curve for trial in counted if trial.latency_curve]),
        "sampled": next((trial.trial for trial in trials if trial.sample), None),
        "sample": next((trial.sample for trial in trials if trial.sample), None),
        "numbers": [trial.trial for trial in trials],
        "valid": [trial.valid for trial in trials],
        "metrics": {name: [getattr(trial, name) for trial in trials] for name in METRICS},
    }


# -- what is text ----------------------------------------------------------------------------------------------------


def _table(run: Run) -> str:
    shown = columns(run)
    titles = ["strategy", *(title(heading) for heading, _ in shown)]
    rows = [
        f"<tr data-row='{number}'{'' if row.valid else ' class=invalid'}><th scope=row>{escape(row.label)}</th>"
        + "".join(f"<td>{escape(cell(row))}</td>" for _, cell in shown)
        + "</tr>"
        for number, row in enumerate(run.summary)
    ]
    return _tabulated(titles, rows)


def _comparison(run: Run) -> str:
    if run.comparison is None:
        return ""
    rows = [f"<tr>{_cells(row)}</tr>" for row in comparison.rows(run.comparison)]
    return f"<p>{escape(comparison.how(run.comparison, run.seed))}</p>{_tabulated(comparison.TITLES, rows)}"


def _expected(run: Run) -> str:
    rows = [f"<tr>{_cells(table.expected_cells(each))}</tr>" for each in reproduced(run)]
    return f"<h2>Expected and measured</h2>{_tabulated(table.EXPECTED, rows)}" if rows else ""


def _tabulated(titles: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th scope=col>{escape(title)}</th>" for title in titles)
    return (
        "<div class=wide role=region aria-label='figures' tabindex=0><table>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cells(texts: Iterable[str]) -> str:
    return "".join(f"<td>{escape(text)}</td>" for text in texts)


def _list(texts: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""


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
