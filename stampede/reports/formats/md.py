"""The run for a pull request: GitHub-flavoured Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from stampede.core.text import visible
from stampede.measure.expected import reproduced
from stampede.measure.run import Run
from stampede.reports import comparison, details, notes, table
from stampede.reports.columns import columns, named, title
from stampede.reports.words import facts, told

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~&!]")
"""What Markdown or HTML would take for markup, a table's cell border too."""


def render(run: Run) -> bytes:
    """Heading, sentence, table, warnings, and the environment folded away."""
    blocks = [
        f"**{_text(table.heading(run).plain)}**",
        *map(_text, told(run)),
        _table(run),
        *_comparison(run),
        _expected(run),
        "\n".join(f"- {_text(note.plain)}" for note in notes.of(run)),
        *_details(run),
        f"<details>\n<summary>Environment</summary>\n\n{_environment(run)}\n\n</details>",
    ]
    return ("\n\n".join(block for block in blocks if block) + "\n").encode()


def _table(run: Run) -> str:
    shown = [*named(run), *columns(run)]
    titles = [title(heading) for heading, _ in shown]
    rows = [[cell(row) for _, cell in shown] for row in run.summary]
    return _lines(titles, ["---", *["---:"] * (len(shown) - 1)], rows)


def _comparison(run: Run) -> list[str]:
    if run.comparison is None:
        return []
    rule = ["---", "---", "---:", "---:", "---"]
    table = _lines(comparison.TITLES, rule, comparison.rows(run.comparison))
    return [_text(comparison.how(run.comparison, run.seed)), table]


def _expected(run: Run) -> str:
    rows = [table.expected_cells(each) for each in reproduced(run)]
    return _lines(table.EXPECTED, ["---"] * len(table.EXPECTED), rows) if rows else ""


def _details(run: Run) -> list[str]:
    """The intervals in sight, the rest folded away."""
    tables = [
        f"{_text(about)}\n\n{_lines(map(title, titles), ['---'] * words + ['---:'] * (len(titles) - words), rows)}"
        for about, titles, words, rows in details.tables(run)
    ]
    first, *others = tables or [""]
    return [first, "<details>\n<summary>Costs and roles</summary>", *others, "</details>"] if first else []


def _environment(run: Run) -> str:
    return _lines(["", ""], ["---", "---"], facts(run).items())


def _lines(titles: Iterable[str], rule: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [map(_text, titles), rule, *(map(_text, row) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _text(text: str) -> str:
    """Shown as it is: every special character as its entity, on one line."""
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", visible(" ".join(text.split())))
