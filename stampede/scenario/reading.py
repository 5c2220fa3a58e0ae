"""Scenario files: TOML, shipped or the user's own."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, get_args

import msgspec

from stampede.core import registry
from stampede.core.errors import UsageError
from stampede.core.files import read_now
from stampede.core.metrics import In, shown_in
from stampede.core.text import visible, visible_in
from stampede.scenario.checking import check_parts, in_words
from stampede.scenario.model import Scenario

DEFAULT = "cold-burst"


def folder() -> Path:
    """Where the shipped scenarios are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def shipped() -> list[str]:
    """Names of the shipped scenarios."""
    return sorted(str(p.relative_to(folder()).with_suffix("")) for p in folder().rglob("*.toml"))


def load(name: str, complete: bool = True) -> Scenario:
    """Read a shipped scenario by its name, or a file by its path; not `complete`: what is missing is yet to be said.

    Raises:
        UsageError: it does not exist, or a key or value in it is wrong; the message names file and key.
    """
    path = Path(name) if name.endswith(".toml") else folder() / f"{name}.toml"
    if name not in shipped() and not name.endswith(".toml"):
        raise UsageError(registry.unknown("scenario", name, shipped()) + ", or the path of a .toml file")
    try:
        text = read_now(path).decode("utf-8-sig")  # editors of Windows begin a file with a mark
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the scenario {path}: {_reason(error)}") from None
    label = name if not name.endswith(".toml") else path.stem
    return parse(text, label, str(path) if name.endswith(".toml") else name, complete)


def parse(text: str, name: str, where: str, complete: bool = True) -> Scenario:
    """Read a scenario's text; `where` names it in errors.

    Raises:
        UsageError: the text is no TOML, or a key or value in it is wrong.
    """
    try:
        data = visible_in(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where}: not valid TOML: {error}") from None
    except ValueError:  # of `int`, in Python's own words
        raise UsageError(f"{where}: it has a number that no machine can hold: write a smaller one") from None
    except RecursionError:
        raise UsageError(f"{where}: its brackets are nested too deeply for any scenario") from None
    _check_keys(data, Scenario, "", where)
    try:
        scenario = msgspec.convert(
            {**data, "name": visible(name), "description": visible(_first_comment(text))},
            Scenario,
            dec_hook=registry.decode,
        )
        if complete:
            check_parts(scenario)
        _check_names(scenario, data)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {in_words(error)}") from None
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    return scenario


def _check_names(scenario: Scenario, data: dict[str, Any]) -> None:
    """A file names every strategy once, and expects figures of those that it names."""
    for number, strategy in enumerate(scenario.strategies):
        if strategy in scenario.strategies[:number]:
            written = data["strategies"][number]
            raise UsageError(f"strategies[{number}]: '{written}' is the strategy '{strategy}' again: keep one")
    for number, each in enumerate(scenario.expected):
        if each.strategy not in scenario.strategies:
            specs = map(str, scenario.strategies)
            problem = registry.unknown("strategy of this file", str(each.strategy), specs)
            raise UsageError(f"expected[{number}].strategy: {problem}")
        if each.metric not in shown_in(In.SUMMARY):
            raise UsageError(
                f"expected[{number}].metric: {registry.unknown('metric', each.metric, shown_in(In.SUMMARY))}"
            )


def _check_keys(data: dict[str, Any], struct: type[msgspec.Struct], at: str, where: str) -> None:
    fields = {f.encode_name: f.type for f in msgspec.structs.fields(struct)}
    known = [name for name in fields if name not in ("name", "description")]
    for key, value in data.items():
        if key not in known:
            raise UsageError(f"{where}: {registry.unknown('key', key, known, at)}")
        wanted = fields[key]
        rows = next((row for row in get_args(wanted) if _is_struct(row)), None)
        if _is_struct(wanted) and isinstance(value, dict):
            _check_keys(value, wanted, f"{at}{key}.", where)
        elif rows and isinstance(value, dict):
            raise UsageError(f"{where}: {at}{key}: write [[{at}{key}]], in two brackets, once for each")
        elif rows and isinstance(value, list):
            for number, row in enumerate(value):
                if isinstance(row, dict):
                    _check_keys(row, rows, f"{at}{key}[{number}].", where)


def _is_struct(wanted: object) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, msgspec.Struct)


def _first_comment(text: str) -> str:
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# ").strip())
    return " ".join(lines)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text"
