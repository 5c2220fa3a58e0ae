"""Measures the shipped scenarios again, writes their results beside this file, and the index of them all.

python results/regenerate.py                                       # everything but scenarios/published
python results/regenerate.py --published                           # the published ones, some of which take minutes
python results/regenerate.py --only cold-burst --trials 1          # a try
python results/regenerate.py --index                               # only the index, from what is there

Explanations of deviations live in deviations.toml, which is written by hand and never by this.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from stampede.core.errors import INTERRUPTED, INVALID, OK, StampedeError, UsageError
from stampede.measure.expected import Reproduced, reproduced
from stampede.measure.run import Run
from stampede.reports import files
from stampede.reports.read import read
from stampede.scenario import reading

HERE = Path(__file__).parent
PUBLISHED = "published/"
PROMISES = "two-level"
CHAMPION = "champion"
TRIALS = 10

FORMATS = ("csv", "json", "md")
PAGE = "html"
"""A page carries megabytes of plotting library: the default scenario has one, `stampede report` makes the others."""

MADE_BY = (
    "Made by `python results/regenerate.py` and `python results/regenerate.py --published`; edits belong in "
    "`deviations.toml`. `stampede report results/NAME.json -e NAME.html` makes a page of one. Every file names its "
    "seed and its machine; absolute times are that machine's."
)

Explanations = dict[str, dict[str, str]]
"""By scenario, then by `strategy metric`: why the measured figure is not the expected one."""


def main(
    only: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Measure this one (repeatable).")] = None,
    published: Annotated[bool, typer.Option("--published", help="Measure scenarios/published.")] = False,
    trials: Annotated[int | None, typer.Option(min=1, help="Trials of each strategy.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    into: Annotated[Path, typer.Option(help="The folder to write to.", file_okay=False)] = HERE,
    index: Annotated[bool, typer.Option("--index", help="Measure nothing.")] = False,
) -> None:
    """Measure scenarios and write the index."""
    into.mkdir(parents=True, exist_ok=True)
    names = [] if index else only or [*chosen(published)]
    by_name = {PROMISES: measure_promises, CHAMPION: measure_champion}
    codes = [by_name[name](into) if name in by_name else measure(name, into, trials, seed) for name in names]
    explanations = tomllib.loads((HERE / "deviations.toml").read_text(encoding="utf-8"))
    files.write(into / "README.md", [contents(into, explanations).encode()])
    raise typer.Exit(max(codes, default=OK))


def chosen(published: bool) -> Iterator[str]:
    """The scenarios that are meant, and what `two-level` promises and shows beside those that are not published."""
    yield from (name for name in reading.shipped() if name.startswith(PUBLISHED) is published)
    if not published:
        yield from (PROMISES, CHAMPION)


def measure(name: str, into: Path, trials: int | None, seed: int) -> int:
    """Run one scenario as a user does, into a file of each of the formats; returns the exit code.

    A measurement that is INVALID is written too, for it says so itself; any other failure ends everything.
    """
    command = ["run", name, "--trials", str(trials or TRIALS), "--seed", str(seed), "--quiet"]
    (into / name).parent.mkdir(parents=True, exist_ok=True)
    for ending in (*FORMATS, PAGE) if name == reading.DEFAULT else FORMATS:
        command += ["--export", str(into / f"{name}.{ending}")]
    print(f"stampede {' '.join(command[:6])}", file=sys.stderr)
    code = subprocess.run([sys.executable, "-P", "-m", "stampede", *command], check=False).returncode
    if code not in (OK, INVALID):
        raise typer.Exit(code)
    return code


def measure_promises(into: Path) -> int:
    """Run two_level.py; returns the exit code."""
    print("two_level.py", file=sys.stderr)
    done = subprocess.run([sys.executable, HERE / "two_level.py"], check=False, stdout=subprocess.PIPE)
    if done.returncode:
        raise typer.Exit(INTERRUPTED if done.returncode < 0 else done.returncode)
    files.write(into / f"{PROMISES}.md", [done.stdout])
    return OK


def measure_champion(into: Path) -> int:
    """Run the scripts of champion/; returns the exit code. A target that is missed stands in its page."""
    print(CHAMPION, file=sys.stderr)
    command = [
        sys.executable,
        str(HERE / CHAMPION),
        "--no-promises",
        "--into",
        str((into / CHAMPION).resolve()),
    ]
    code = subprocess.run(command, check=False, stdout=sys.stderr).returncode
    if code < 0:
        raise typer.Exit(INTERRUPTED)
    return OK


def contents(folder: Path, explanations: Explanations) -> str:
    """The index: where it was measured, the expected figures beside the measured ones, and every scenario."""
    runs = {str(path.relative_to(folder).with_suffix("")): read(path) for path in sorted(folder.rglob("*.json"))}
    own: list[str] = []
    published: list[str] = []
    for name, run in runs.items():
        (published if name.startswith(PUBLISHED) else own).append(section(folder, name, run))
    promises = f"\nWhat `two-level` promises, measured: [{PROMISES}.md]({PROMISES}.md).\n"
    shown = ", ".join(f"[{page.stem}]({CHAMPION}/{page.name})" for page in sorted((folder / CHAMPION).glob("*.md")))
    blocks = [
        "# Reference results",
        MADE_BY,
        environment(runs),
        promises if (folder / f"{PROMISES}.md").exists() else "",
        f"What it costs, and what becomes of it when things go wrong, beside targets: {shown}." if shown else "",
        *own,
        "# Published and derived figures, expected beside measured",
        expected(runs, explanations),
        *published,
    ]
    return "\n\n".join(block.strip("\n") for block in blocks if block) + "\n"


def environment(runs: dict[str, Run]) -> str:
    """Where the runs were made: one line for each environment that occurs."""
    lines: dict[str, list[str]] = {}
    for name, run in runs.items():
        packages = ", ".join(f"{package} {version}" for package, version in run.environment["packages"].items())
        facts = [str(value) for key, value in run.environment.items() if key != "packages"]
        lines.setdefault(f"stampede {run.stampede}; {', '.join(facts)}; {packages}", []).append(name)
    if len(lines) == 1:
        return f"Measured with {next(iter(lines))}."
    return "\n".join(f"- {', '.join(names)}: {line}" for line, names in lines.items())


def section(folder: Path, name: str, run: Run) -> str:
    """A scenario's description and report, and links to its files."""
    links = " ".join(
        f"[{ending}]({name}.{ending})" for ending in (*FORMATS, PAGE) if (folder / f"{name}.{ending}").exists()
    )
    report = folder / f"{name}.md"
    body = report.read_text(encoding="utf-8").partition("<details>")[0].strip() if report.exists() else ""
    return "\n\n".join(part for part in (f"## {name}", scenario(run), body, links) if part)


def scenario(run: Run) -> str:
    """What the scenario shows, by its own words."""
    return run.scenario.description


def expected(runs: dict[str, Run], explanations: Explanations) -> str:
    """All expected figures, and why a measured one is not the same.

    Raises:
        UsageError: deviations.toml explains a figure that no scenario expects.
    """
    lines = [
        "| scenario | strategy | metric | expected | tolerance | measured [95 %] | trials | ratio | verdict |",
        "|---|---|---|---:|---:|---:|---:|---:|---|",
    ]
    left = {(name, figure) for name in runs for figure in explanations.get(name, {})}
    for name, run in runs.items():
        for each in reproduced(run):
            figure = f"{each.strategy} {each.metric}"
            left.discard((name, figure))
            lines.append(row(name, each, explanations.get(name, {}).get(figure)))
    if left:
        raise UsageError(
            f"deviations.toml explains what no scenario expects: {sorted(left)}: take it out, or spell it so"
        )
    return "\n".join(lines) if len(lines) > 2 else ""


def row(name: str, each: Reproduced, explanation: str | None) -> str:
    """One expected figure; a deviation that nobody has explained says so."""
    ratio = "–" if each.ratio is None else f"{each.ratio:.3f}"
    verdict = "within" if each.agrees else f"outside: {explanation or '**not explained**'}"
    if each.agrees and explanation:
        verdict = f"within; {explanation}"
    tolerance = f"±{100 * each.within:g} %" if each.within else "exact"
    what = f"{name.removeprefix(PUBLISHED)} | `{each.strategy}` | {each.metric}"
    return f"| {what} | {each.expected:g} | {tolerance} | {measured(each)} | {each.trials} | {ratio} | {verdict} |"


def measured(each: Reproduced) -> str:
    """The measured median with its interval; one number where the interval has no width, and what one run gave."""
    if each.measured is None:
        return "–"
    if each.trials == 1:
        return f"{each.measured:.4g} (one run)"
    if each.interval is None:
        return f"{each.measured:.4g} (too few trials for an interval)"
    low, high = (f"{bound:.4g}" for bound in each.interval)
    return f"{each.measured:.4g}" if low == high else f"{each.measured:.4g} [{low}, {high}]"


if __name__ == "__main__":
    try:
        typer.run(main)
    except StampedeError as error:
        print(f"regenerate.py: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
