"""Names that are no plug-ins, and are asked for all the same: columns, headings, scenario fields, laws of latency."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from functools import cache
from importlib.resources import files

from stampede.origins.latency import Exponential, Latency
from stampede.reports import glossary
from stampede.scenario.overrides import PARAMETERS

LATENCIES = {"lognormal(median=…, sigma=…)": Latency, "exponential(mean=…)": Exponential}
_FILES = {
    "trials": "a metric, a column of trials",
    "ratios": "a column of ratios",
    "requests": "a column of requests",
}
_HEADING = "a heading of tables"
_UNIT = re.compile(r" (ms|s|%)$")
_JSON = "a metric, in the JSON and in no CSV"
_IN_JSON = {
    "throughput": "values a second that callers got, from the release to the last answer",
    "degraded": "flights that went on without the store, which did not answer",
    "breaker_opened": "how often an instance decided not to ask the store for a while",
    "loop_lag_ms": "by how much an instance's event loop was late at most",
    "loads": "loads as the instances count them",
    "store_errors": "steps of the store that failed",
    "fenced_fills": "fills that were refused, for somebody else had the lease by then",
}
_FIELD = re.compile(r"(?:# )?(\w+) = ")
_SECTION = re.compile(r"(?:# )?\[+(\w+)\]+$")


def meanings(name: str) -> dict[str, str]:
    """All that goes by the name, however it is spaced and hyphenated: what it is, and what that means."""
    return _spellings().get(_bare(name), {})


@cache
def _spellings() -> dict[str, dict[str, str]]:
    """The terms by their bare names; a heading also without its unit."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for name, meant in terms().items():
        found[_bare(name)] |= meant
        if _HEADING in meant and _UNIT.search(name):
            found[_bare(_UNIT.sub("", name))] |= {f"{name}, {_HEADING}": meant[_HEADING]}
    return dict(found)


def _bare(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()


@cache
def terms() -> dict[str, dict[str, str]]:
    """For each name what it is, and what that means; a name may be several things."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for kind, columns in glossary.columns().items():
        for name, meaning in columns.items():
            found[name][_FILES[kind]] = meaning
    for heading, meaning in glossary.headings().items():
        found[heading][_HEADING] = meaning
    for name, meaning in _IN_JSON.items():
        found[name].setdefault(_JSON, meaning)
    fields = _fields()
    for where, meaning in fields.items():
        for name in (where, where.rpartition(".")[2]):  # with its section, as it is shown and as errors name it
            found[name][f"{where} of a scenario"] = meaning
    for section in dict.fromkeys(where.partition(".")[0] for where in fields if "." in where):
        members = ", ".join(where for where in fields if where.startswith(f"{section}."))
        found[section]["a section of a scenario"] = f"{members}: stampede explain tells what each is"
    for option, parameter in PARAMETERS.items():
        where = ".".join(parameter.path[:2])
        found[option.replace("-", "_")].setdefault(f"{where} of a scenario", fields[where])
    for form, law in LATENCIES.items():
        about = " ".join((inspect.getdoc(law) or "").split())
        found[form.partition("(")[0]][f"{form}: a law of database.latency"] = about
    return dict(found)


def _fields() -> dict[str, str]:
    """What the commented scenario says of each field; a comment may be about several."""
    text = files("stampede.scenario").joinpath("template.toml").read_text("utf-8")
    section, comment, fields, fresh = "", "", {}, True
    for line in text.splitlines():
        if heading := _SECTION.match(line):
            section = f"{heading[1]}."
        elif field := _FIELD.match(line):
            fields[section + field[1]] = comment
            fresh = True
        elif line.startswith("# "):
            comment = line[2:] if fresh else f"{comment} {line[2:]}"
            fresh = False
        else:
            fresh = True
    return fields
