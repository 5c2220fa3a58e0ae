"""Finds plug-ins: a file in a family's folder, or an entry point of a third party's distribution.

A plug-in's name is its file's name (`redis_lock.py` is `redis-lock`), and the file has one public class.
An entry point in the group of its family (`stampede.coalescing`) names a class outright.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, get_type_hints

import msgspec

from stampede.core.errors import PluginBroken, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

STRATEGY_FAMILIES = {
    "locality": "where to look first",
    "freshness": "when to reload",
    "coalescing": "who may load",
    "resilience": "what if loading is slow or fails",
}
SCENARIO_FAMILIES = {
    "workload.arrivals": "when requests arrive",
    "workload.keys": "which keys are wanted",
    "faults": "events in the middle of a trial",
}
FAMILIES = {**STRATEGY_FAMILIES, **SCENARIO_FAMILIES}
_KINDS = {"faults": "fault"}


def names(folder: str) -> list[str]:
    """All plug-ins of a folder below `stampede` (`coalescing`, `workload.arrivals`), sorted."""
    return sorted({*_built_in(folder), *_third_party(folder)})


@cache
def load(folder: str, name: str) -> type[Any]:
    """The plug-in's class.

    Raises:
        UsageError: there is none of that name; the message suggests what there is.
        PluginBroken: it is a third party's, and cannot be loaded.
    """
    if name in _built_in(folder):
        return _public_class(importlib.import_module(f"{_package(folder)}.{name.replace('-', '_')}"))
    if name in _third_party(folder):
        return _load(_third_party(folder)[name])
    raise UsageError(unknown(_KINDS.get(folder, folder.split(".")[-1]), name, names(folder)))


def _load(point: EntryPoint) -> type[Any]:
    try:
        plugin = point.load()
        if not isinstance(plugin, type):
            raise TypeError(f"{point.value} is no class")
    except (Exception, SystemExit) as error:  # whatever somebody else's module does when it is imported
        owner = f"the package {point.dist.name}" if point.dist else "a package that is installed"
        raise PluginBroken(
            f"the plug-in '{point.name}' of {owner} cannot be loaded ({type(error).__name__}: {error}): "
            "repair or uninstall it"
        ) from error
    return plugin


def summary(plugin: type[Any]) -> str:
    """The first line of a plug-in's docstring."""
    return (plugin.__doc__ or "").strip().partition("\n")[0]


def name_of(plugin: type[Any]) -> str:
    """The name of a built-in plug-in's class: that of its file."""
    return plugin.__module__.rpartition(".")[2].replace("_", "-")


REQUIRED = object()


def parameters(plugin: type[Any]) -> dict[str, Any]:
    """A plug-in's parameters with their defaults, or REQUIRED: its fields but the cache."""
    if dataclasses.is_dataclass(plugin):
        known = dataclasses.fields(plugin)
    else:
        known = tuple(getattr(plugin, "parameters", {}).values())
    fields = [f for f in known if f.init and f.name != "cache"]
    return {f.name.replace("_", "-"): REQUIRED if f.default is dataclasses.MISSING else f.default for f in fields}


def convert(plugin: type[Any], owner: str, written: Mapping[str, object]) -> dict[str, Any]:
    """Turn parameters as written (`{"lease": "5s"}`) into keyword arguments of the plug-in's class.

    Raises:
        UsageError: an unknown or missing parameter, or a value of the wrong type or range.
    """
    known = parameters(plugin)
    hints = _types(plugin)  # type: ignore[arg-type]  # mypy does not know that every class is hashable
    arguments: dict[str, Any] = {}
    for name, default in known.items():
        if default is REQUIRED and name not in written:
            raise UsageError(f"'{owner}' needs {name}: write {owner}({name}=…)")
    for name, value in written.items():
        if name not in known:
            if not known:
                raise UsageError(f"'{owner}' takes no parameters, but '{name}' is given")
            raise UsageError(unknown(f"parameter of '{owner}'", name, known))
        field = name.replace("-", "_")
        try:
            arguments[field] = msgspec.convert(value, hints[field], strict=False, dec_hook=decode)
        except msgspec.ValidationError as error:
            problem = str(error)
            if error.__cause__ is None:  # msgspec's own words, not ours
                problem = f"'{value}' does not fit ({problem[0].lower()}{problem[1:]})"
            raise UsageError(f"'{owner}', parameter '{name}': {problem}") from None
    return arguments


@cache
def _types(plugin: type[Any]) -> dict[str, Any]:
    return get_type_hints(plugin, include_extras=True)


def decode(wanted: type[Any], value: object) -> Any:
    """msgspec's hook for the types that it does not know: anything of ours with a `parse` method."""
    if isinstance(value, wanted):
        return value
    try:
        return wanted.parse(value)
    except UsageError as error:
        raise ValueError(str(error)) from None  # msgspec adds the path


def decode_saved(wanted: type[Any], value: object) -> Any:
    """`decode` for what was saved elsewhere, perhaps with plug-ins that are not installed here."""
    try:
        return decode(wanted, value)
    except ValueError:
        if not isinstance(value, str) or not hasattr(wanted, "foreign"):
            raise
        return wanted.foreign(value)


def unknown(kind: str, name: str, known: Iterable[str], at: str = "") -> str:
    """The sentence for a name that does not exist: what was meant, perhaps, and what there is; `at` leads to it."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean '{at}{close[0]}'? " if close else ""
    return f"unknown {kind} '{at}{name}': {hint}known: {', '.join(at + each for each in known)}"


def _public_class(module: ModuleType) -> type[Any]:
    own = [c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__]
    (public,) = (c for c in own if not c.__name__.startswith("_"))
    return public


def _package(family: str) -> str:
    return f"stampede.{'protection.' * (family in STRATEGY_FAMILIES)}{family}"


@cache
def _built_in(folder: str) -> frozenset[str]:
    package = importlib.import_module(_package(folder))
    return frozenset(
        m.name.replace("_", "-") for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")
    )


@cache
def _third_party(folder: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in _entry_points().select(group=f"stampede.{folder}")}


@cache
def _entry_points() -> Any:  # of one class in Python 3.11, and of another one since
    """Those of all distributions: each look reads the files of every one."""
    from importlib.metadata import entry_points  # not before somebody asks: it takes as long as all of `core`

    return entry_points()
