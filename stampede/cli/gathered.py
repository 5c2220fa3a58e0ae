"""Options in groups: a command takes a frozen dataclass, and Typer sees its fields as so many options."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints


def gathered(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """The command with each parameter that is a dataclass replaced by that class's fields."""
    hints = get_type_hints(command, include_extras=True)
    hints.pop("return", None)
    shown: list[inspect.Parameter] = []
    groups: dict[str, list[str]] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        if not is_dataclass(hints[name]):
            shown.append(parameter.replace(annotation=hints[name], kind=parameter.KEYWORD_ONLY))
            continue
        members = _members(hints[name])
        groups[name] = [each.name for each in members]
        shown += members

    @functools.wraps(command)
    def with_groups(**given: Any) -> int | None:
        built = {name: hints[name](**{each: given.pop(each) for each in members}) for name, members in groups.items()}
        return command(**given, **built)

    with_groups.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    with_groups.__annotations__ = {each.name: each.annotation for each in shown}
    return with_groups


def _members(group: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if each.default is MISSING else each.default,
            annotation=hints[each.name],
        )
        for each in fields(group)
    ]
